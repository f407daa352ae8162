package capture

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// stored is a packet as the tests write it.
type stored struct {
	nanos  int64
	length int
	data   string
	itf    int
}

var some = []stored{
	{1795295477743398000, 5, "hello", 0},
	{1795295477743399000, 60, "cut by the snap length", 0},
	{1795295478000000000, 0, "", 0},
	{1795295479000001000, 3, "end", 0},
}

// pcapFile writes a pcap file in the plainest way.
func pcapFile(order binary.AppendByteOrder, magic uint32, link LinkType, packets []stored) []byte {
	b := order.AppendUint32(nil, magic)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = order.AppendUint32(b, 262144)
	b = order.AppendUint32(b, uint32(link))
	for _, p := range packets {
		frac := p.nanos % 1e9
		if magic != magicNano {
			frac /= 1000
		}
		b = order.AppendUint32(b, uint32(p.nanos/1e9))
		b = order.AppendUint32(b, uint32(frac))
		b = order.AppendUint32(b, uint32(len(p.data)))
		b = order.AppendUint32(b, uint32(p.length))
		if magic == magicModified {
			b = append(b, make([]byte, 8)...)
		}
		b = append(b, p.data...)
	}
	return b
}

func block(order binary.AppendByteOrder, kind uint32, body ...[]byte) []byte {
	joined := bytes.Join(body, nil)
	for len(joined)%4 != 0 {
		joined = append(joined, 0)
	}
	b := order.AppendUint32(nil, kind)
	b = order.AppendUint32(b, uint32(len(joined)+12))
	b = append(b, joined...)
	return order.AppendUint32(b, uint32(len(joined)+12))
}

func section(order binary.AppendByteOrder) []byte {
	b := order.AppendUint32(nil, byteOrderMagic)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, 0)
	return block(order, blockSection, b, bytes.Repeat([]byte{255}, 8))
}

func ngOption(order binary.AppendByteOrder, code uint16, v []byte) []byte {
	b := order.AppendUint16(nil, code)
	b = order.AppendUint16(b, uint16(len(v)))
	b = append(b, v...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func ngInterfaceBlock(order binary.AppendByteOrder, link LinkType, name string, resolution byte) []byte {
	b := order.AppendUint16(nil, uint16(link))
	b = order.AppendUint16(b, 0)
	b = order.AppendUint32(b, 64)
	return block(order, blockInterface, b, ngOption(order, 2, []byte(name)), ngOption(order, 9, []byte{resolution}), ngOption(order, 0, nil))
}

// ngPacket writes an enhanced packet block; units is what the time is counted in.
func ngPacket(order binary.AppendByteOrder, p stored, units uint64) []byte {
	b := order.AppendUint32(nil, uint32(p.itf))
	b = order.AppendUint32(b, uint32(units>>32))
	b = order.AppendUint32(b, uint32(units))
	b = order.AppendUint32(b, uint32(len(p.data)))
	b = order.AppendUint32(b, uint32(p.length))
	return block(order, blockPacket, b, []byte(p.data))
}

func ngFile(order binary.AppendByteOrder, packets []stored) []byte {
	b := section(order)
	b = append(b, ngInterfaceBlock(order, Ethernet, "eth0", 6)...)
	for _, p := range packets {
		b = append(b, ngPacket(order, p, uint64(p.nanos/1000))...)
	}
	return b
}

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

// readAll reads until the end and returns what was read as text.
func readAll(t testing.TB, s Source) []string {
	t.Helper()
	var out []string
	var p Packet
	for {
		err := s.Next(&p)
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatalf("after %d packets: %v", len(out), err)
		}
		if p.Number != uint64(len(out)+1) {
			t.Fatalf("packet %d has the number %d", len(out)+1, p.Number)
		}
		name := s.Interfaces()[p.Interface].Name
		out = append(out, fmt.Sprintf("%d %d/%d %q %s %s", p.Nanos, len(p.Data), p.Length, p.Data, p.Link, name))
	}
}

func want(packets []stored, link LinkType, name string) []string {
	var out []string
	for _, p := range packets {
		out = append(out, fmt.Sprintf("%d %d/%d %q %s %s", p.nanos, len(p.data), max(p.length, len(p.data)), p.data, link, name))
	}
	return out
}

func TestForms(t *testing.T) {
	le, be := binary.LittleEndian, binary.BigEndian
	for name, test := range map[string]struct {
		file []byte
		want []string
	}{
		"pcap little us": {pcapFile(le, magicMicro, Ethernet, some), want(some, Ethernet, "")},
		"pcap big us":    {pcapFile(be, magicMicro, LinuxSLL2, some), want(some, LinuxSLL2, "")},
		"pcap little ns": {pcapFile(le, magicNano, Raw, some), want(some, Raw, "")},
		"pcap big ns":    {pcapFile(be, magicNano, Null, some), want(some, Null, "")},
		"pcap modified":  {pcapFile(le, magicModified, Ethernet, some), want(some, Ethernet, "")},
		"pcap empty":     {pcapFile(le, magicMicro, Ethernet, nil), nil},
		"pcapng little":  {ngFile(le, some), want(some, Ethernet, "eth0")},
		"pcapng big":     {ngFile(be, some), want(some, Ethernet, "eth0")},
		"pcap gzip":      {gzipped(pcapFile(le, magicMicro, Ethernet, some)), want(some, Ethernet, "")},
		"pcapng gzip":    {gzipped(ngFile(le, some)), want(some, Ethernet, "eth0")},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := NewReader(bytes.NewReader(test.file))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, readAll(t, s), test.want)
			if d := s.Stats().Damage; d != nil {
				t.Errorf("a whole file is called damaged: %v", d)
			}
		})
	}
}

func equal(t *testing.T, got, want []string) {
	t.Helper()
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("\ngot\n%s\nwant\n%s", g, w)
	}
}

// A pcapng file of two sections in different byte orders, with two interfaces
// of different link types and resolutions, blocks that nobody knows, the three
// kinds of packet blocks, and drops counted in statistics.
func TestPcapNG(t *testing.T) {
	le, be := binary.LittleEndian, binary.BigEndian
	b := section(le)
	b = append(b, ngInterfaceBlock(le, Ethernet, "eth0", 9)...)
	b = append(b, ngInterfaceBlock(le, LinuxSLL, "any", 0x80|10)...) // 1/1024 s
	b = append(b, block(le, 0x0bad, []byte("whatever"))...)
	b = append(b, ngPacket(le, stored{length: 4, data: "nano", itf: 0}, 1795295477000000001)...)
	b = append(b, ngPacket(le, stored{length: 6, data: "binary", itf: 1}, 1795295477*1024+512)...)
	simple := le.AppendUint32(nil, 100)
	b = append(b, block(le, blockSimple, simple, bytes.Repeat([]byte("s"), 64))...)
	b = append(b, block(le, blockStatistics, make([]byte, 12), ngOption(le, 5, le.AppendUint64(nil, 7)), ngOption(le, 7, le.AppendUint64(nil, 3)))...)
	b = append(b, section(be)...)
	b = append(b, ngInterfaceBlock(be, Raw, "tun0", 3)...)
	old := append(be.AppendUint16(nil, 0), 0, 9)
	old = be.AppendUint32(old, uint32(uint64(1795295478001)>>32))
	old = be.AppendUint32(old, uint32(uint64(1795295478001)&0xffffffff))
	old = be.AppendUint32(old, 3)
	old = be.AppendUint32(old, 3)
	b = append(b, block(be, blockOldPacket, old, []byte("old"))...)

	s, err := NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, readAll(t, s), []string{
		`1795295477000000001 4/4 "nano" ethernet eth0`,
		`1795295477500000000 6/6 "binary" linux cooked v1 any`,
		fmt.Sprintf(`0 64/100 %q ethernet eth0`, strings.Repeat("s", 64)),
		`1795295478001000000 3/3 "old" raw IP tun0`,
	})
	if got := s.Stats(); got.Dropped != 10 || got.Damage != nil {
		t.Errorf("%+v, want 10 dropped and no damage", got)
	}
}

// Files cut at every byte give the whole packets before the cut and tell of the
// cut, unless it falls between two packets.
func TestCutEverywhere(t *testing.T) {
	le := binary.LittleEndian
	for name, file := range map[string][]byte{
		"pcap":   pcapFile(le, magicMicro, Ethernet, some),
		"pcapng": ngFile(le, some),
	} {
		whole := 0
		for n := range file {
			s, err := NewReader(bytes.NewReader(file[:n]))
			if err != nil {
				continue
			}
			got := len(readAll(t, s))
			damage := s.Stats().Damage
			var d *DamageError
			switch {
			case damage == nil:
				whole++
			case !errors.As(damage, &d) || d.Packet != uint64(got+1) || d.Offset > int64(n):
				t.Errorf("%s cut at %d: %v after %d packets", name, n, damage, got)
			}
		}
		if whole < len(some) || whole > len(some)+2 {
			t.Errorf("%s: %d cuts leave a whole file", name, whole)
		}
	}
}

// Each capture of real traffic cut at every byte: the packet before the cut is read
// as it is, and the one that the cut falls into is told of.
func TestCapturesCutEverywhere(t *testing.T) {
	if _, err := os.Stat("../testdata"); os.IsNotExist(err) {
		t.Skip("the captures of package sniff are not here")
	}
	names, err := filepath.Glob("../testdata/captures/*.pcap")
	if err != nil || len(names) < 10 {
		t.Fatalf("%d captures, %v", len(names), err)
	}
	step := 1
	if testing.Short() {
		step = 13
	}
	buf := bufio.NewReaderSize(nil, bufferSize)
	var r bytes.Reader
	for _, name := range names {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		before, at, number := pcapHeader, pcapHeader, uint64(0) // the record before, and the one that is cut
		next := at + pcapRecord + int(binary.LittleEndian.Uint32(file[at+8:]))
		for n := pcapHeader; n < len(file); n += step {
			for n >= next {
				before, at = at, next
				next += pcapRecord + int(binary.LittleEndian.Uint32(file[at+8:]))
				number++
			}
			r.Reset(append(bytes.Clone(file[:pcapHeader]), file[before:n]...))
			buf.Reset(&r)
			s, err := (&input{buf: buf}).open()
			if err != nil {
				t.Fatalf("%s cut at %d: %v", name, n, err)
			}
			var p Packet
			got := 0
			for s.Next(&p) == nil {
				if !bytes.Equal(p.Data, file[before+pcapRecord:at]) {
					t.Fatalf("%s cut at %d: packet %d is another", name, n, number)
				}
				got++
			}
			whole := at - before // 0 where the first record is cut
			if damage := s.Stats().Damage; got != min(whole, 1) || (damage == nil) != (n == at) {
				t.Fatalf("%s cut at %d: %d packets, %v", name, n, got, damage)
			}
		}
	}
}

func TestDamage(t *testing.T) {
	le := binary.LittleEndian
	good := pcapFile(le, magicMicro, Ethernet, some[:1])
	huge := append(bytes.Clone(good), bytes.Repeat([]byte{0xff}, 32)...)
	ng := ngFile(le, some[:1])
	for name, test := range map[string]struct {
		file []byte
		want string
	}{
		"pcap record of 4 GiB": {huge, "packet 2 at offset 45: it claims 4294967295 bytes, more than any packet has"},
		"pcapng block of 4 GiB": {append(bytes.Clone(ng), 6, 0, 0, 0, 0xfc, 0xff, 0xff, 0xff),
			"its block claims 4294967292 bytes"},
		"pcapng block of 4 bytes":       {append(bytes.Clone(ng), 6, 0, 0, 0, 4, 0, 0, 0), "claims a length of 4"},
		"pcapng packet of no interface": {append(section(le), ngPacket(le, some[0], 0)...), "interface 0 of 0"},
		"pcapng data above the block": {append(bytes.Clone(ng), block(le, blockPacket, make([]byte, 12), le.AppendUint32(nil, 99), make([]byte, 4))...),
			"it claims 99 bytes in a block of"},
		"pcapng second section broken": {append(bytes.Clone(ng), block(le, blockSection, make([]byte, 16))...), "byte order magic"},
	} {
		s, err := NewReader(bytes.NewReader(test.file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		readAll(t, s)
		if d := s.Stats().Damage; d == nil || !strings.Contains(d.Error(), test.want) {
			t.Errorf("%s: damage %v, want %q", name, d, test.want)
		}
		var p Packet
		if err := s.Next(&p); err != io.EOF {
			t.Errorf("%s: after the damage: %v", name, err)
		}
	}
}

func TestNotACapture(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "the capture is empty",
		"ab":                       "2 bytes are no capture",
		"{\"type\":\"packet\"}":    "neither pcap nor pcapng: begins with 7b227479",
		"\x28\xb5\x2f\xfdzstd":     "compressed with zstd",
		"\xfd7zXZ\x00":             "compressed with xz",
		"\xd4\xc3\xb2\xa1\x02\x00": "want 24 bytes, have 6",
		"\xd4\xc3\xb2\xa1\x03\x00\x04\x00" + strings.Repeat("\x00", 16): "pcap version 3.4",
		"\x1f\x8bxx": "gzip",
	} {
		if _, err := NewReader(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
}

func TestWriter(t *testing.T) {
	var out bytes.Buffer
	w, err := NewWriter(&out, "muster")
	if err != nil {
		t.Fatal(err)
	}
	packets := []Packet{
		{Nanos: 1795295477743398001, Interface: 3, Link: Ethernet, Length: 5, Data: []byte("first")},
		{Nanos: 1795295477743398002, Interface: 1, Link: LinuxSLL2, Length: 100, Data: []byte("cut")},
		{Nanos: 1795295477743398003, Interface: 3, Link: Ethernet, Length: 4, Data: []byte("last")},
	}
	names := map[int]string{3: "eth0", 1: "any"}
	for i := range packets {
		if err := w.Write(&packets[i], Interface{Name: names[packets[i].Interface]}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	s, err := NewReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, readAll(t, s), []string{
		`1795295477743398001 5/5 "first" ethernet eth0`,
		`1795295477743398002 3/100 "cut" linux cooked v2 any`,
		`1795295477743398003 4/4 "last" ethernet eth0`,
	})
}

func TestWriterTellsErrors(t *testing.T) {
	w, err := NewWriter(io.Discard, "muster")
	if err != nil {
		t.Fatal(err)
	}
	w.w.Reset(broken{})
	p := Packet{Data: make([]byte, 300<<10), Length: 300 << 10}
	if err := w.Write(&p, Interface{}); err == nil {
		t.Error("a full disk passes without a word")
	}
	if _, err := NewWriter(broken{}, "muster"); err == nil {
		t.Error("a full disk passes without a word")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// A reader that waits for a pipe ends with Close.
func TestStdinCloses(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if _, err := w.Write(pcapFile(binary.LittleEndian, magicMicro, Ethernet, some[:1])); err != nil {
		t.Fatal(err)
	}
	s, err := Stdin(r)
	if err != nil {
		t.Fatal(err)
	}
	var p Packet
	if err := s.Next(&p); err != nil || string(p.Data) != "hello" {
		t.Fatalf("%q, %v", p.Data, err)
	}
	end := make(chan error)
	go func() { end <- s.Next(&p) }()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-end:
		if err != io.EOF || s.Stats().Damage != nil {
			t.Errorf("%v, damage %v; want the end", err, s.Stats().Damage)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Next still waits after Close")
	}
}

func FuzzReader(f *testing.F) {
	le := binary.LittleEndian
	f.Add(pcapFile(le, magicMicro, Ethernet, some))
	f.Add(pcapFile(binary.BigEndian, magicNano, Ethernet, some))
	f.Add(ngFile(le, some))
	f.Add(append(ngFile(binary.BigEndian, some), ngFile(le, some)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := NewReader(bytes.NewReader(b))
		if err != nil {
			return
		}
		var p Packet
		total := 0
		for {
			if err := s.Next(&p); err != nil {
				if err != io.EOF {
					t.Fatalf("%v is no end", err)
				}
				break
			}
			total += len(p.Data)
			if p.Interface < 0 || p.Interface >= len(s.Interfaces()) || p.Length < len(p.Data) {
				t.Fatalf("packet %+v of %d interfaces", p, len(s.Interfaces()))
			}
		}
		if total > len(b) && !(b[0] == 0x1f && b[1] == 0x8b) {
			t.Fatalf("%d bytes of packets in a file of %d", total, len(b))
		}
	})
}

func BenchmarkReadPcap(b *testing.B) {
	packets := make([]stored, 10000)
	for i := range packets {
		packets[i] = stored{1795295477743398000, 119, strings.Repeat("x", 119), 0}
	}
	file := pcapFile(binary.LittleEndian, magicMicro, Ethernet, packets)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	var p Packet
	for b.Loop() {
		s, err := NewReader(bytes.NewReader(file))
		if err != nil {
			b.Fatal(err)
		}
		for s.Next(&p) == nil {
		}
	}
}
