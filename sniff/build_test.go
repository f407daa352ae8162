package sniff

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"muster/mcast/igmp"
	"muster/mcast/mld"
	"muster/sniff/capture"
	"muster/sniff/frame"
	"muster/tribes"
)

// wire builds packets and feeds them to a Sniffer, each at its time.
type wire struct {
	t   testing.TB
	s   *Sniffer
	now int64 // ns
	n   uint64
	itf int
	// tag is put into each frame where it is not 0.
	tag uint16
	ttl uint8

	lastFrame []byte
}

const start = int64(1795295477e9)

func newWire(t testing.TB, o Options) *wire {
	return &wire{t: t, s: New(o), now: start, ttl: 1}
}

// at sets the time of what comes next, in ms after the start.
func (w *wire) at(ms int64) *wire {
	w.now = start + ms*1e6
	return w
}

// put feeds an Ethernet frame.
func (w *wire) put(b []byte) {
	w.t.Helper()
	w.n++
	w.lastFrame = b
	p := capture.Packet{Number: w.n, Nanos: w.now, Interface: w.itf, Link: capture.Ethernet, Length: len(b), Data: b}
	if err := w.s.Packet(&p); err != nil {
		w.t.Fatal(err)
	}
}

// ip wraps body into IP and Ethernet. options are those of IPv4.
func (w *wire) ip(src, dst netip.Addr, proto uint8, options, body []byte) []byte {
	b := []byte{1, 0, 0x5e, 0, 0, 4, 2, 0x77, 0, 0, 0, src.AsSlice()[len(src.AsSlice())-1]}
	if w.tag != 0 {
		b = append(b, 0x81, 0, byte(w.tag>>8), byte(w.tag))
	}
	if src.Is4() {
		b = append(b, 8, 0, 0x40|byte(5+len(options)/4), 0)
		b = binary.BigEndian.AppendUint16(b, uint16(20+len(options)+len(body)))
		b = append(b, 0, 0, 0x40, 0, w.ttl, proto, 0, 0)
		b = append(append(b, src.AsSlice()...), dst.AsSlice()...)
		return append(append(b, options...), body...)
	}
	b = append(b, 0x86, 0xdd, 0x60, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(options)+len(body)))
	if len(options) > 0 {
		b = append(b, 0, w.ttl) // hop-by-hop options name the next header themselves
	} else {
		b = append(b, proto, w.ttl)
	}
	b = append(append(b, src.AsSlice()...), dst.AsSlice()...)
	return append(append(b, options...), body...)
}

func (w *wire) udp(src, dst string, payload []byte) []byte {
	s, d := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	b := binary.BigEndian.AppendUint16(nil, s.Port())
	b = binary.BigEndian.AppendUint16(b, d.Port())
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
	b = append(append(b, 0, 0), payload...)
	return w.ip(s.Addr(), d.Addr(), frame.ProtoUDP, nil, b)
}

// member is a node that beats; the last byte of its host is its number.
type member struct {
	tribes.Member
	source string // with port
	group  string
	born   int64 // ms
}

func node(n byte, born int64) *member {
	m := &member{born: born, group: "228.0.0.4:45564"}
	m.Host = []byte{10, 77, 0, n}
	m.Port, m.SecurePort, m.UDPPort = 4000, -1, -1
	m.ID = tribes.UniqueID{n, n, n, n, n, n, 0x40, n, 0x80}
	m.source = netip.AddrPortFrom(netip.AddrFrom4([4]byte(m.Host)), 45564).String()
	return m
}

// beat sends a heartbeat now.
func (w *wire) beat(m *member) {
	w.t.Helper()
	m.Alive = (w.now-start)/1e6 - m.born
	b, err := m.AppendTo(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.put(w.udp(m.source, m.group, b))
}

// beats sends heartbeats of each member, 500 ms apart, from and to ms.
func (w *wire) beats(from, to int64, members ...*member) *wire {
	w.t.Helper()
	for ms := from; ms < to; ms += 500 {
		for i, m := range members {
			w.at(ms + int64(i)).beat(m)
		}
	}
	return w
}

// tcp sends a segment.
func (w *wire) tcp(src, dst string, flags uint8, seq, ack uint32, payload []byte) {
	w.t.Helper()
	s, d := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	b := binary.BigEndian.AppendUint16(nil, s.Port())
	b = binary.BigEndian.AppendUint16(b, d.Port())
	b = binary.BigEndian.AppendUint32(b, seq)
	b = binary.BigEndian.AppendUint32(b, ack)
	b = append(append(b, 0x50, flags, 255, 255, 0, 0, 0, 0), payload...)
	w.put(w.ip(s.Addr(), d.Addr(), frame.ProtoTCP, nil, b))
}

// connect opens a connection, sends payload, and closes it.
func (w *wire) connect(src, dst string, payload []byte) {
	w.t.Helper()
	n := uint32(len(payload))
	w.tcp(src, dst, frame.SYN, 100, 0, nil)
	w.tcp(dst, src, frame.SYN|frame.ACK, 500, 101, nil)
	w.tcp(src, dst, frame.ACK, 101, 501, nil)
	if n > 0 {
		w.tcp(src, dst, frame.ACK|frame.PSH, 101, 501, payload)
		w.tcp(dst, src, frame.ACK, 501, 101+n, nil)
	}
	w.tcp(src, dst, frame.ACK|frame.FIN, 101+n, 501, nil)
	w.tcp(dst, src, frame.ACK|frame.FIN, 501, 102+n, nil)
	w.tcp(src, dst, frame.ACK, 102+n, 502, nil)
}

// message is a frame that m sends at now, skew ms beside its clock.
func (w *wire) message(m *member, o tribes.Options, skew int64, content string) []byte {
	w.t.Helper()
	c := tribes.ChannelData{Options: o, Timestamp: w.now/1e6 + skew, ID: make([]byte, 16), Address: m.Member, Message: []byte(content)}
	b, err := c.AppendFrameTo(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

var routerAlert4 = []byte{0x94, 4, 0, 0}

func (w *wire) igmp(src, dst string, m igmp.Message) {
	w.t.Helper()
	b, err := m.AppendTo(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.put(w.ip(netip.MustParseAddr(src), netip.MustParseAddr(dst), frame.ProtoIGMP, routerAlert4, b))
}

func (w *wire) mld(src, dst string, m mld.Message) {
	w.t.Helper()
	s, d := netip.MustParseAddr(src), netip.MustParseAddr(dst)
	b, err := m.AppendTo(nil, s, d)
	if err != nil {
		w.t.Fatal(err)
	}
	w.put(w.ip(s, d, frame.ProtoICMPv6, []byte{frame.ProtoICMPv6, 0, 5, 2, 0, 0, 1, 0}, b))
}

func addrOf(s string) netip.Addr { return netip.MustParseAddr(s) }

func (w *wire) join(src, group string) {
	w.t.Helper()
	w.igmp(src, "224.0.0.22", igmp.Message{Type: igmp.ReportV3, Version: 3, Records: []igmp.Record{{Type: igmp.ChangeToExcludeMode, Group: addrOf(group)}}})
}

func (w *wire) query(src string, version uint8) {
	w.t.Helper()
	w.igmp(src, "224.0.0.1", igmp.Message{Type: igmp.Query, Version: version, Code: 100, Group: addrOf("0.0.0.0"), QRV: 2, QQIC: 125})
}
