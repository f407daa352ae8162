// Mkcapture writes a large pcap file of mixed traffic for measurements: a real
// capture of a Tomcat cluster (heartbeats, TCP, IGMP) played again and again, each
// time later and with other TCP ports, and between its packets datagrams of
// other applications.
//
//	go run ./internal/perf/mkcapture -packets 1000000 FILE
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"muster/sniff/capture"
)

func main() {
	packets := flag.Int("packets", 1000000, "how many packets")
	from := flag.String("from", "sniff/testdata/captures/nine-step-delta.pcap", "the capture to play")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := write(flag.Arg(0), *from, *packets); err != nil {
		fmt.Fprintln(os.Stderr, "mkcapture:", err)
		os.Exit(1)
	}
}

func write(name, from string, packets int) error {
	round, span, err := load(from)
	if err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := &writer{w: bufio.NewWriterSize(f, 1<<20)}
	w.header()
	for n := 0; w.packets < packets; n++ {
		for i := range round {
			if w.packets < packets {
				w.again(&round[i], n, span)
			}
			if i%5 == 0 && w.packets < packets {
				w.record(round[i].nanos+int64(n)*span+1000, other(n, i))
			}
		}
	}
	return errors.Join(w.w.Flush(), f.Close())
}

// packet is one of the capture that is played.
type packet struct {
	nanos int64
	data  []byte
	l4    int   // where TCP or UDP begins, 0 for neither
	proto uint8 // 6 or 17
	alive int   // where a heartbeat has its alive time, 0 for none
}

const (
	tcp = 6
	udp = 17
	// receivers are the ports of Tomcat's receivers, which stay as they are.
	receiverLow, receiverHigh = 4000, 4099
)

// load reads the capture; span is how long it takes, with a second to the next.
func load(name string) (list []packet, span int64, err error) {
	src, err := capture.Open(name)
	if err != nil {
		return nil, 0, err
	}
	defer src.Close()
	var p capture.Packet
	for err = src.Next(&p); err == nil; err = src.Next(&p) {
		if p.Link != capture.Ethernet {
			return nil, 0, fmt.Errorf("%s is of link type %s, not Ethernet", name, p.Link)
		}
		x := packet{nanos: p.Nanos, data: bytes.Clone(p.Data)}
		if d := x.data; len(d) >= 42 && d[12] == 8 && d[13] == 0 && (d[23] == tcp || d[23] == udp) {
			x.l4, x.proto = 14+4*int(d[14]&15), d[23]
			if at := x.l4 + 8; x.proto == udp && bytes.HasPrefix(d[at:], []byte("TRIBES-B\x01\x00")) {
				x.alive = at + 14
			}
		}
		list = append(list, x)
	}
	if !errors.Is(err, io.EOF) || len(list) == 0 {
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	return list, p.Nanos - list[0].nanos + 1e9, nil
}

// other is a datagram of another application: mDNS, SSDP, a video stream.
func other(n, i int) []byte {
	dst, port, payload := [4]byte{239, 1, 1, byte(n % 50)}, uint16(5000), bytes.Repeat([]byte{byte(i)}, 1316)
	switch i % 3 {
	case 0:
		dst, port = [4]byte{224, 0, 0, 251}, 5353
		payload = []byte("\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x09_services\x07_dns-sd\x04_udp\x05local\x00\x00\x0c\x00\x01")
	case 1:
		dst, port = [4]byte{239, 255, 255, 250}, 1900
		payload = []byte("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n")
	}
	b := []byte{1, 0, 0x5e, dst[1] & 0x7f, dst[2], dst[3], 2, 0, 0, 0, 0, byte(i), 8, 0, 0x45, 0}
	b = binary.BigEndian.AppendUint16(b, uint16(28+len(payload)))
	b = append(b, 0, 0, 0x40, 0, 1, udp, 0, 0, 10, 77, 1, byte(i))
	b = append(b, dst[:]...)
	b = binary.BigEndian.AppendUint16(b, 40000)
	b = binary.BigEndian.AppendUint16(b, port)
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
	return append(append(b, 0, 0), payload...)
}

// writer writes a classic pcap file, with times in us.
type writer struct {
	w       *bufio.Writer
	packets int
	scratch []byte
}

func (w *writer) header() {
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, 262144)
	_, _ = w.w.Write(binary.LittleEndian.AppendUint32(b, 1)) // Flush has the error
}

func (w *writer) record(nanos int64, data []byte) {
	var h [16]byte
	binary.LittleEndian.PutUint32(h[:], uint32(nanos/1e9))
	binary.LittleEndian.PutUint32(h[4:], uint32(nanos%1e9/1000))
	binary.LittleEndian.PutUint32(h[8:], uint32(len(data)))
	binary.LittleEndian.PutUint32(h[12:], uint32(len(data)))
	_, _ = w.w.Write(h[:])
	_, _ = w.w.Write(data)
	w.packets++
}

// again writes p as it is in round n: later, older, from another port.
func (w *writer) again(p *packet, n int, span int64) {
	later := int64(n) * span
	w.scratch = append(w.scratch[:0], p.data...)
	d := w.scratch
	switch {
	case p.alive > 0:
		b := d[p.alive:]
		binary.BigEndian.PutUint64(b, binary.BigEndian.Uint64(b)+uint64(later/1e6))
	case p.proto == tcp:
		for _, at := range []int{p.l4, p.l4 + 2} {
			if port := binary.BigEndian.Uint16(d[at:]); port < receiverLow || port > receiverHigh {
				binary.BigEndian.PutUint16(d[at:], 16384+uint16((int(port)+n*37)%49152))
			}
		}
	}
	w.record(p.nanos+later, d)
}
