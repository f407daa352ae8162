package proto

import (
	"encoding/hex"
	"net/netip"
	"strings"

	"muster/sniff/frame"
)

// The discovery of Jini lookup services, by which JavaSpaces clusters find each
// other: multicast request (clients ask) and multicast announcement (lookup
// services tell), versions 1 and 2 (Jini Discovery and Join Specification,
// DJ.2.2, DJ.2.3; Discovery Protocol Version 2). GigaSpaces keeps the messages and
// moves the groups.
var jiniGroups = map[netip.AddrPort]string{
	netip.MustParseAddrPort("224.0.1.85:4160"):  "request",
	netip.MustParseAddrPort("224.0.1.84:4160"):  "announcement",
	netip.MustParseAddrPort("224.0.1.187:4174"): "request",
	netip.MustParseAddrPort("224.0.1.188:4174"): "announcement",
}

func claimsJini(f *frame.Frame) bool {
	if f.DstPort != 4160 && f.DstPort != 4174 || f.Proto != frame.ProtoUDP {
		return false
	}
	_, ok := jiniGroups[f.Destination()]
	return ok
}

// maxListed bounds how many groups or services of one message are listed.
const maxListed = 32

func decodeJini(f *frame.Frame) (Message, error) {
	kind := jiniGroups[f.Destination()]
	m := Message{Type: kind}
	r := &reader{b: f.Payload}
	version := r.u32("protocol version")
	m.add("version", "%d", version)
	switch {
	case r.err != nil:
	case version == 1 && kind == "request":
		// port, service IDs already heard, groups asked for
		m.add("port", "%d", r.u32("port"))
		jiniServices(&m, r, int(r.u32("number of services")))
		jiniTexts(&m, r, int(r.u32("number of groups")))
	case version == 1:
		// host, port, service ID, its groups
		m.add("host", "%s", r.text("host"))
		m.add("port", "%d", r.u32("port"))
		m.add("service", "%s", hex.EncodeToString(r.take("service id", 16)))
		jiniTexts(&m, r, int(r.u32("number of groups")))
	case version == 2:
		m.add("format", "%016x", r.u64("format id"))
		if plain, ok := jiniPlain(kind, r); ok {
			m.Fields = append(m.Fields, plain...)
		}
	default:
		r.at = 0
		r.bad("protocol version", "%d is neither 1 nor 2", version)
	}
	return m, r.err
}

// jiniPlain reads the body of a version 2 message in the plaintext format. Other
// formats are signed or encrypted; their bodies do not fit and stay unread.
func jiniPlain(kind string, in *reader) ([]Field, bool) {
	if in.err != nil {
		return nil, false
	}
	r := &reader{b: in.b, at: in.at}
	var m Message
	if kind == "announcement" {
		m.add("sequence", "%d", r.u64("sequence number"))
	}
	m.add("host", "%s", r.text("host"))
	m.add("port", "%d", r.u16("port"))
	jiniTexts(&m, r, int(r.u16("number of groups")))
	if kind == "announcement" {
		m.add("service", "%s", hex.EncodeToString(r.take("service id", 16)))
	} else {
		jiniServices(&m, r, int(r.u16("number of services")))
	}
	return m.Fields, r.err == nil && r.rest() == 0
}

func jiniServices(m *Message, r *reader, n int) {
	if n < 0 || n > r.rest()/16 {
		r.bad("number of services", "%d do not fit", n)
		return
	}
	m.add("heard", "%d", n)
	r.take("services", 16*n)
}

func jiniTexts(m *Message, r *reader, n int) {
	if n < 0 || n > r.rest()/2 {
		r.bad("number of groups", "%d do not fit", n)
		return
	}
	var list []string
	for i := range n {
		s := r.text("group")
		if s == "" {
			s = "public"
		}
		if i < maxListed {
			list = append(list, s)
		}
	}
	if n > maxListed {
		list = append(list, "...")
	}
	m.add("groups", "%s", strings.Join(list, ","))
}
