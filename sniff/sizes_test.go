package sniff

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"testing"

	"muster/internal/verdict"
	"muster/sniff/frame"
)

// sent plays one connection to a receiver: a small message, which is acknowledged, and
// one of that size, which is sent tries times, and acknowledged after that where the
// path lets it through. Between the tries other connections bring small messages.
func (w *wire) sent(at int64, port string, size, tries int, through, others bool) {
	src, dst := "10.77.0.11:"+port, "10.77.0.12:4000"
	w.at(at).tcp(src, dst, frame.SYN, 100, 0, nil)
	w.tcp(dst, src, frame.SYN|frame.ACK, 500, 101, nil)
	w.tcp(src, dst, frame.ACK|frame.PSH, 101, 501, bytes.Repeat([]byte("a"), 300))
	w.tcp(dst, src, frame.ACK, 501, 401, nil)
	wait := int64(200)
	for i := range tries {
		w.at(at+wait).tcp(src, dst, frame.ACK|frame.PSH, 401, 501, bytes.Repeat([]byte("b"), size))
		if others {
			w.at(at+wait+50).connect("10.77.0.11:"+strconv.Itoa(10000+int(at)+i), dst, bytes.Repeat([]byte("c"), 400))
		}
		wait *= 2
	}
	if through {
		w.tcp(dst, src, frame.ACK, 501, 401+uint32(size), nil)
	}
	w.at(at+wait).tcp(src, dst, frame.RST, 401+uint32(size), 0, nil)
}

// Segments above a size that never arrive are told from loss of any segments, from a
// host that is gone, and from a connection that a firewall forgot.
func TestSizesThatNeverArrive(t *testing.T) {
	for _, x := range []struct {
		name string
		want bool
		play func(w *wire)
	}{
		{"large ones are dropped", true, func(w *wire) {
			w.sent(0, "50001", 1448, 4, false, true)
			w.sent(5000, "50002", 1448, 4, false, true)
		}},
		{"two retransmissions only", false, func(w *wire) { w.sent(0, "50001", 1448, 3, false, true) }},
		{"it arrives at last", false, func(w *wire) { w.sent(0, "50001", 1448, 6, true, true) }},
		{"another of that size arrives", false, func(w *wire) {
			w.sent(0, "50001", 1448, 5, false, true)
			w.sent(9000, "50002", 1448, 1, true, true)
		}},
		{"small ones get lost as well", false, func(w *wire) {
			w.sent(0, "50001", 1448, 5, false, true)
			w.sent(9000, "50002", 200, 4, false, true)
		}},
		{"small ones come only after several tries", false, func(w *wire) {
			w.sent(0, "50001", 1448, 5, false, true)
			w.sent(9000, "50002", 200, 3, true, true)
			w.sent(19000, "50003", 200, 3, true, true)
		}},
		{"nothing else comes through meanwhile", false, func(w *wire) {
			w.sent(0, "50001", 1448, 6, false, false)
			w.sent(20000, "50002", 300, 1, true, true)
		}},
		{"a connection that was idle for long", false, func(w *wire) {
			w.tcp("10.77.0.11:50001", "10.77.0.12:4000", frame.ACK|frame.PSH, 1, 501, []byte("x"))
			w.tcp("10.77.0.12:4000", "10.77.0.11:50001", frame.ACK, 501, 2, nil)
			for ms := int64(60000); ms < 65000; ms += 1000 {
				w.at(ms).tcp("10.77.0.11:50001", "10.77.0.12:4000", frame.ACK|frame.PSH, 2, 501, bytes.Repeat([]byte("b"), 1448))
				w.at(ms+300).connect("10.77.0.11:"+strconv.Itoa(int(ms)), "10.77.0.12:4000", bytes.Repeat([]byte("c"), 400))
			}
		}},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := newWire(t, Options{})
			w.beat(node(12, 0)) // whose receiver it is
			x.play(w)
			w.s.Finish()
			got := ""
			for _, v := range w.s.Analysis.Verdicts() {
				if v.ID == "mtu.fragment-loss" && v.Status == verdict.Fail {
					got = v.Saw
				}
			}
			if (got != "") != x.want {
				t.Errorf("%q", got)
			}
		})
	}
}

// largeBeat sends a heartbeat in fragments of 1480 bytes.
func (w *wire) largeBeat(m *member) {
	w.t.Helper()
	m.Alive = (w.now-start)/1e6 - m.born
	b, err := m.AppendTo(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.pieces(w.udp(m.source, m.group, b), uint16(m.Alive)+1)
}

// pieces puts an Ethernet frame with an IPv4 datagram in fragments of 1480 bytes; id is their
// identification.
func (w *wire) pieces(whole []byte, id uint16) {
	w.t.Helper()
	const header, size = 14 + 20, 1480
	body := whole[header:]
	for at := 0; at < len(body); at += size {
		piece := append(bytes.Clone(whole[:header]), body[at:min(at+size, len(body))]...)
		binary.BigEndian.PutUint16(piece[16:], uint16(len(piece)-14))
		binary.BigEndian.PutUint16(piece[18:], id)
		offset := uint16(at / 8)
		if at+size < len(body) {
			offset |= 0x2000
		}
		binary.BigEndian.PutUint16(piece[20:], offset)
		w.put(piece)
	}
}

// Fragments behind the first have no ports: they belong to the group and port of the first, and
// a product's message is read when it is whole.
func TestFragmentsOfAGroup(t *testing.T) {
	w := newWire(t, Options{})
	message := append([]byte(activemq+"tcp://10.77.0.11:61616"), bytes.Repeat([]byte("/"), 4000)...)
	for n := range 3 {
		w.at(int64(n)*500).pieces(w.udp("10.77.0.11:6155", "239.255.2.3:6155", message), uint16(n)+1)
	}
	w.s.Finish()
	var rows []string
	for place, g := range w.s.Analysis.Groups {
		rows = append(rows, fmt.Sprintf("%s %d packets, %d fragments", place, g.Packets, g.Fragments))
	}
	if want := []string{"239.255.2.3:6155 9 packets, 6 fragments"}; !slices.Equal(rows, want) {
		t.Errorf("%q, want %q", rows, want)
	}
	if m := w.s.Analysis.Products.On(netip.MustParseAddrPort("239.255.2.3:6155")); len(m) != 1 || m[0].Packets != 3 {
		t.Errorf("the members are %+v", m)
	}
}
