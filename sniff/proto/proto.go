// Package proto recognises the other protocols that one meets on multicast
// groups and reads the fields that tell who speaks and about what. It names them
// for a person; it does not take part in them.
//
// Decoders is the list; each entry says which packets it claims. A message that
// tells something about its sender has a Peer; what several messages of one
// protocol tell together is the business of package products below
// sniff/analysis, which reads Message.Value.
package proto

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"muster/sniff/frame"
)

// Field is one thing that a message says, for people and scripts alike. Values
// are as they came: whoever shows them escapes them.
type Field struct {
	Name  string
	Value string
}

// Message is what a decoder read.
type Message struct {
	// Type is the kind of message, for example "announcement".
	Type   string
	Fields []Field
	// Peer is what the message says about who sent it; its Product is "" where it
	// says nothing.
	Peer Peer
	// Value is the decoded message of those protocols that are judged by more than
	// their Peer (VRRP, OSPFHello, Corosync, PTPAnnounce, JiniMessage, RTPS), nil else.
	Value any
}

// Peer is what one message says about its sender. Texts are as they came.
type Peer struct {
	// Product is its name as people write it, for example "JGroups".
	Product string
	// Cluster names what the sender belongs to, and Kind says what that name is:
	// "cluster", "domain", "router", "area". Both are "" where the message does not tell.
	Kind, Cluster string
	// ID tells several members of one host apart; "" stands for the source address.
	ID string
	// Name, Address, Release and Role are those that the member gives itself.
	Name, Address, Release, Role string
	// Notes are whole remarks, for example services that it offers.
	Notes []string
	// Beat: messages of this kind come at regular intervals.
	Beat bool
	// Gone: the member says that it leaves.
	Gone bool
}

func (m *Message) add(name, format string, args ...any) {
	m.Fields = append(m.Fields, Field{name, fmt.Sprintf(format, args...)})
}

// addText adds a text unless it is empty.
func (m *Message) addText(name, text string) {
	if text != "" {
		m.Fields = append(m.Fields, Field{name, text})
	}
}

// Decoder reads the messages of one protocol.
type Decoder struct {
	// Name is what the packets are called in JSON and text.
	Name string
	// Claims tells from ports, group and first bytes whether f is its.
	Claims func(f *frame.Frame) bool
	Decode func(f *frame.Frame) (Message, error)
	// Repeats: members send the same bytes over and over, so that reading them again
	// tells nothing new.
	Repeats bool
	// OverIP: it claims no datagrams, but packets of an IP protocol of its own.
	OverIP bool
	// Ports and First leave out what it never claims, before it is asked: a datagram that it
	// claims has one of the ports, or begins with a byte of one of the ranges.
	Ports []uint16
	First [][2]byte
}

// Decoders are asked in this order; the first that claims a packet decodes it. Those
// that look at content alone come last.
var Decoders = []Decoder{
	{"jini", claimsJini, decodeJini, true, false, []uint16{jiniPort, gigaPort}, [][2]byte{{0, 0}}},
	{"mdns", claimsMDNS, decodeMDNS, true, false, []uint16{5353}, nil},
	{"llmnr", claimsLLMNR, decodeLLMNR, false, false, []uint16{5355}, nil},
	{"ssdp", claimsSSDP, decodeSSDP, true, false, []uint16{1900}, [][2]byte{{'H', 'H'}}},
	{"ws-discovery", claimsWSD, decodeWSD, true, false, []uint16{3702}, [][2]byte{{'\t', '\r'}, {' ', ' '}, {'<', '<'}}},
	{"pim", claimsPIM, decodePIM, false, true, nil, nil},
	{"carp", claimsCARP, decodeCARP, false, true, nil, nil},
	{"vrrp", claimsVRRP, decodeVRRP, false, true, nil, nil},
	{"ospf", claimsOSPF, decodeOSPF, false, true, nil, nil},
	{"eigrp", claimsEIGRP, decodeEIGRP, false, true, nil, nil},
	{"rip", claimsRIP, decodeRIP, false, false, []uint16{520, 521}, nil},
	{"hsrp", claimsHSRP, decodeHSRP, false, false, []uint16{1985}, nil},
	{"ptp", claimsPTP, decodePTP, false, false, []uint16{319, 320}, nil},
	{"ntp", claimsNTP, decodeNTP, false, false, []uint16{123}, nil},
	{"sap", claimsSAP, decodeSAP, true, false, []uint16{9875}, nil},
	{"slp", claimsSLP, decodeSLP, false, false, []uint16{427}, nil},
	{"knx", claimsKNX, decodeKNX, false, false, []uint16{3671}, nil},
	{"pgm", claimsPGM, decodePGM, false, true, nil, nil},
	{"ldp", claimsLDP, decodeLDP, false, false, []uint16{646}, nil},
	{"nat-pmp", claimsNATPMP, decodeNATPMP, false, false, []uint16{5350, 5351}, nil},
	{"dlep", claimsDLEP, decodeDLEP, false, false, []uint16{854}, nil},
	{"rtps", claimsRTPS, decodeRTPS, false, false, nil, [][2]byte{{'R', 'R'}}},
	{"corosync", claimsCorosync, decodeCorosync, false, false, nil, [][2]byte{{1, 1}, {0x70, 0x70}, {0xc0, 0xc0}}},
	{"syncthing", claimsSyncthing, decodeSyncthing, false, false, nil, [][2]byte{{0x2e, 0x2e}, {0x7d, 0x7d}}},
	{"hazelcast", claimsHazelcast, decodeHazelcast, true, false, []uint16{54327}, [][2]byte{{4, 4}, {0x78, 0x78}}},
	{"jgroups", claimsJGroups, decodeJGroups, false, false, []uint16{45588, 45688, 45700, 46655}, [][2]byte{{0, 7}, {2 << 3, 6<<3 | 7}}},
	{"ehcache", claimsEhcache, decodeEhcache, true, false, nil, [][2]byte{{0x1f, 0x1f}}},
	{"activemq", claimsActiveMQ, decodeActiveMQ, true, false, nil, [][2]byte{{' ', '~'}, {0xc2, 0xf4}}}, // a text in UTF-8
	{"coherence", claimsCoherence, decodeCoherence, false, false, nil, [][2]byte{{0x0d, 0x0d}}},
	{"mcjoin", claimsMcjoin, decodeMcjoin, false, false, nil, [][2]byte{{'S', 'S'}}},
	{"ssmping", claimsSsmping, decodeSsmping, false, false, []uint16{4321}, nil},
	{"rtcp", claimsRTCP, decodeRTCP, false, false, nil, [][2]byte{{0x80, 0xbf}}},
	{"rtp", claimsRTP, decodeRTP, false, false, nil, [][2]byte{{0x80, 0xbf}}},
}

// slots is how many remainders of ports are told apart.
const slots = 1 << 10

// asked are the places in Decoders, as bits, of those that can claim a packet: a datagram
// by its ports or its first byte, or what is of another IP protocol.
type asked struct {
	others uint64
	ports  [slots]uint64
	first  [1 << 8]uint64
}

var candidates = sync.OnceValue(func() *asked {
	a := new(asked)
	for i, d := range Decoders {
		bit := uint64(1) << i
		if d.OverIP {
			a.others |= bit
		}
		for _, p := range d.Ports {
			a.ports[p%slots] |= bit
		}
		for _, r := range d.First {
			for b := int(r[0]); b <= int(r[1]); b++ {
				a.first[b] |= bit
			}
		}
	}
	return a
})

// Find returns the decoder that claims f, nil for none.
func Find(f *frame.Frame) *Decoder {
	if f.Proto == frame.ProtoTCP {
		if Decoders[0].Claims(f) { // Jini's unicast discovery
			return &Decoders[0]
		}
		return nil
	}
	// Most of the list can be left out by the protocol, the ports and the first byte.
	a := candidates()
	left := a.others
	if f.Proto == frame.ProtoUDP {
		left = a.ports[f.SrcPort%slots] | a.ports[f.DstPort%slots]
		if len(f.Payload) > 0 {
			left |= a.first[f.Payload[0]]
		}
	}
	for ; left != 0; left &= left - 1 {
		if d := &Decoders[bits.TrailingZeros64(left)]; d.Claims(f) {
			return d
		}
	}
	return nil
}

// Finder finds decoders for the packets of one capture: what a packet alone does not
// tell, the one before it does. It is for one goroutine.
type Finder struct {
	streams map[netip.AddrPort]*RTP
	// source sent the datagram before this one, whose header is last.
	source netip.AddrPort
	last   *RTP
}

// Find is the package's, but calls RTP only what follows a packet of the same stream.
func (x *Finder) Find(f *frame.Frame) *Decoder {
	d := Find(f)
	if d == nil || d.Name != "rtp" {
		return d
	}
	h, _ := ReadRTP(f.Payload)
	last, seen := x.before(f.Source())
	step := int16(h.Sequence - last.Sequence)
	follows := seen && last.SSRC == h.SSRC && step >= 0 && step < 128
	if *last = h; follows {
		return d
	}
	return nil
}

// before returns the header that came from there before, and whether one did.
func (x *Finder) before(source netip.AddrPort) (*RTP, bool) {
	if x.last != nil && x.source == source {
		return x.last, true
	}
	last, seen := x.streams[source]
	if !seen {
		if x.streams == nil || len(x.streams) >= maxStreams {
			x.streams = map[netip.AddrPort]*RTP{}
		}
		last = new(RTP)
		x.streams[source] = last
	}
	x.source, x.last = source, last
	return last, seen
}

// maxStreams bounds how many senders a Finder remembers.
const maxStreams = 1024

// isUDP: f is a datagram to or from one of the ports.
func isUDP(f *frame.Frame, ports ...uint16) bool {
	if f.Proto != frame.ProtoUDP || !f.HasPorts {
		return false
	}
	for _, p := range ports {
		if f.DstPort == p || f.SrcPort == p {
			return true
		}
	}
	return false
}

// isIP: f is a whole packet of the IP protocol.
func isIP(f *frame.Frame, proto uint8) bool { return f.Proto == proto && f.IP != 0 && !f.Fragment }

// maxListed bounds how many groups or services of one message are listed.
const maxListed = 32

// list joins the first of a list and tells that there are more.
func list(items []string, sep string) string {
	if len(items) > maxListed {
		return strings.Join(items[:maxListed], sep) + sep + "..."
	}
	return strings.Join(items, sep)
}

// isText reports whether b can be a name: not empty, whole UTF-8, nothing that
// does not print.
func isText(b []byte) bool {
	if len(b) == 0 || !utf8.Valid(b) {
		return false
	}
	for _, c := range string(b) {
		if !unicode.IsPrint(c) {
			return false
		}
	}
	return true
}

// Error tells where a message stops being readable.
type Error struct {
	Offset int
	Field  string
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("offset %d: %s: %s", e.Offset, e.Field, e.Reason) }

// reader reads big-endian fields one after the other and remembers the first
// error; after one, every read returns zero.
type reader struct {
	b   []byte
	at  int
	err error
}

func (r *reader) take(field string, n int) []byte {
	if r.err != nil {
		return nil
	}
	if n < 0 || n > len(r.b)-r.at {
		r.err = &Error{r.at, field, fmt.Sprintf("want %d bytes, have %d", n, len(r.b)-r.at)}
		return nil
	}
	p := r.b[r.at : r.at+n]
	r.at += n
	return p
}

func (r *reader) u8(field string) uint8 {
	if p := r.take(field, 1); p != nil {
		return p[0]
	}
	return 0
}

func (r *reader) u16(field string) uint16 {
	if p := r.take(field, 2); p != nil {
		return binary.BigEndian.Uint16(p)
	}
	return 0
}

func (r *reader) u32(field string) uint32 {
	if p := r.take(field, 4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

func (r *reader) u64(field string) uint64 {
	if p := r.take(field, 8); p != nil {
		return binary.BigEndian.Uint64(p)
	}
	return 0
}

// text reads a length of two bytes and as many bytes (Java's writeUTF).
func (r *reader) text(field string) string {
	return string(r.take(field, int(r.u16(field))))
}

func (r *reader) rest() int { return len(r.b) - r.at }

func (r *reader) bad(field, format string, args ...any) {
	if r.err == nil {
		r.err = &Error{r.at, field, fmt.Sprintf(format, args...)}
	}
}

func (r *reader) i32(field string) int { return int(int32(r.u32(field))) }

// longText reads a length of four bytes and as many bytes.
func (r *reader) longText(field string) string {
	n := r.i32(field)
	if n < 0 {
		r.bad(field, "a length of %d", n)
		return ""
	}
	return string(r.take(field, n))
}

// skip passes over n bytes.
func (r *reader) skip(field string, n int) { r.take(field, n) }
