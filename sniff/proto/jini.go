package proto

import (
	"crypto/sha1" // names of formats are hashed by it, nothing is kept secret
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"

	"muster/sniff/frame"
)

// JiniMessage is a message of the discovery of lookup services, by which JavaSpaces
// clusters find each other (Jini Discovery and Join Specification, DJ.2; Discovery
// Protocol Version 2).
type JiniMessage struct {
	// Request: a client asks; else a lookup service announces itself.
	Request bool
	// Groups that are asked for (none: any) or that the service is in (none: it leaves
	// them); "" is the public group.
	Groups []string
	// Address of who asks or announces; Heard is how many services the client knows.
	Address string
	Heard   int
}

// The ports of lookup services, and GigaSpaces'.
const (
	jiniPort = 4160
	gigaPort = 4174
)

// Default groups: who asks, and who announces; the second pair is GigaSpaces', which
// keeps the messages and moves the groups.
var jiniGroups = map[netip.AddrPort]string{
	netip.MustParseAddrPort("224.0.1.85:4160"):  "request",
	netip.MustParseAddrPort("224.0.1.84:4160"):  "announcement",
	netip.MustParseAddrPort("224.0.1.187:4174"): "request",
	netip.MustParseAddrPort("224.0.1.188:4174"): "announcement",
}

// claimsJini goes by the default groups, else by a message that fits to its last
// byte; and by unicast discovery on its ports.
func claimsJini(f *frame.Frame) bool {
	switch {
	case !f.HasPorts:
		return false
	case f.Proto == frame.ProtoTCP:
		return isJiniUnicast(f)
	case f.Proto != frame.ProtoUDP || !f.Multicast() || len(f.Payload) == 0:
		return false
	}
	if f.DstPort == jiniPort || f.DstPort == gigaPort {
		if _, ok := jiniGroups[f.Destination()]; ok {
			return true
		}
	}
	b := f.Payload
	if len(b) < 12 || b[0] != 0 || b[1] != 0 || b[2] != 0 || b[3] != 1 && b[3] != 2 {
		return false
	}
	m, err := decodeJini(f)
	return err == nil && m.Value != nil
}

// jiniFormats are the names of version 2 by their ids: the first eight bytes of the
// name's SHA-1.
var jiniFormats = func() map[uint64]string {
	formats := map[uint64]string{}
	for _, name := range []string{"plaintext", "x500.SHA1withDSA", "x500.SHA1withRSA", "ssl", "https", "kerberos"} {
		sum := sha1.Sum([]byte("net.jini.discovery." + name))
		formats[binary.BigEndian.Uint64(sum[:])] = name
	}
	return formats
}()

func decodeJini(f *frame.Frame) (Message, error) {
	if f.Proto == frame.ProtoTCP {
		return decodeJiniUnicast(f)
	}
	r := &reader{b: f.Payload}
	switch version := r.u32("protocol version"); {
	case r.err != nil:
		return Message{Type: jiniGroups[f.Destination()]}, r.err
	case version == 1:
		return jiniFirst(f, r)
	case version == 2:
		return jiniSecond(f, r)
	default:
		r.at = 0
		r.bad("protocol version", "%d is neither 1 nor 2", version)
		return Message{Type: jiniGroups[f.Destination()]}, r.err
	}
}

// jiniFirst reads version 1. Nothing in it tells a request from an announcement but
// the group; on a group of one's own the layout that fits does.
func jiniFirst(f *frame.Frame, r *reader) (Message, error) {
	kind := jiniGroups[f.Destination()]
	at := r.at
	m := Message{Type: "request", Fields: []Field{{"version", "1"}}}
	j := JiniMessage{Request: true}
	if kind != "announcement" {
		// port, services already heard, groups asked for
		port := r.u32("port")
		services := r.services(int(r.u32("number of services")))
		j.Groups = r.groups(int(r.u32("number of groups")))
		j.Heard = len(services)
		j.Address = joinPort(f.Src.String(), port)
		if kind == "request" || r.err == nil && r.rest() == 0 {
			m.jini(f, &j, "", port)
			return m, r.err
		}
		r.err, r.at = nil, at
	}
	// host, port, service, its groups
	m = Message{Type: "announcement", Fields: []Field{{"version", "1"}}}
	host, port := r.text("host"), r.u32("port")
	service := hex.EncodeToString(r.take("service id", 16))
	j = JiniMessage{Groups: r.groups(int(r.u32("number of groups"))), Address: joinPort(host, port)}
	if kind == "" && r.err == nil && r.rest() > 0 {
		r.bad("end", "%d bytes too many", r.rest())
	}
	m.jini(f, &j, service, port)
	return m, r.err
}

// jiniSecond reads version 2: the kind (0 announcement, 1 request), the format, and
// the body where it is plain.
func jiniSecond(f *frame.Frame, r *reader) (Message, error) {
	kind := r.u8("kind")
	m := Message{Type: "announcement", Fields: []Field{{"version", "2"}}}
	switch kind {
	case 0:
	case 1:
		m.Type = "request"
	default:
		r.at--
		r.bad("kind", "%d is neither an announcement nor a request", kind)
	}
	format := r.u64("format id")
	if r.err != nil {
		return m, r.err
	}
	m.add("format", "%016x", format)
	name, known := jiniFormats[format]
	m.addText("format_name", name)
	plain := &reader{b: r.b, at: r.at}
	j := JiniMessage{Request: kind == 1}
	if !j.Request {
		plain.skip("sequence number", 8)
	}
	host, port := plain.text("host"), uint32(plain.u16("port"))
	j.Groups = plain.groups(int(plain.u16("number of groups")))
	service := ""
	if j.Request {
		j.Heard = len(plain.services(int(plain.u16("number of services"))))
	} else {
		service = hex.EncodeToString(plain.take("service id", 16))
	}
	j.Address = joinPort(host, port)
	switch {
	case plain.err == nil && (plain.rest() == 0 || known && name != "plaintext"):
		m.jini(f, &j, service, port) // signed ones have the plain body before the signature
		if known {
			m.Peer.Notes = append(m.Peer.Notes, fmt.Sprintf("format %s (%016x)", name, format))
		}
	case name == "plaintext":
		return m, plain.err
	case known:
		m.Peer = Peer{Product: "Jini", Role: "in the format " + name}
	}
	if m.Peer.Product != "" {
		m.Peer.Release = "version 2"
	}
	return m, nil
}

// jini adds what both versions say.
func (m *Message) jini(f *frame.Frame, j *JiniMessage, service string, port uint32) {
	m.add("address", "%s", j.Address)
	m.addText("service", service)
	var names []string
	for _, g := range j.Groups {
		if g == "" {
			g = "public"
		}
		names = append(names, g)
	}
	m.add("groups", "%s", list(names, ","))
	m.Value = j
	m.Peer = Peer{Product: "Jini", ID: service, Name: service, Address: j.Address, Release: "version 1", Role: "lookup service", Beat: true}
	if j.Request {
		m.add("heard", "%d", j.Heard)
		m.Peer = Peer{Product: "Jini", ID: fmt.Sprintf("client %s port %d", f.Src, port), Address: j.Address, Release: "version 1", Role: "looks for a lookup service"}
		if len(j.Groups) == 0 {
			m.Peer.Notes = []string{"asks for any group"}
		}
		for _, g := range names[:min(len(names), maxListed)] {
			m.Peer.Notes = append(m.Peer.Notes, "asks for group "+g)
		}
		return
	}
	for _, g := range names[:min(len(names), maxListed)] {
		m.Peer.Notes = append(m.Peer.Notes, "in group "+g)
	}
	m.Peer.Gone = len(names) == 0
}

func joinPort(host string, port uint32) string {
	if a, err := netip.ParseAddr(host); err == nil && port < 1<<16 {
		return netip.AddrPortFrom(a, uint16(port)).String()
	}
	return host + ":" + strconv.Itoa(int(port))
}

func (r *reader) services(n int) [][]byte {
	if n < 0 || n > r.rest()/16 {
		r.bad("number of services", "%d do not fit", n)
		return nil
	}
	out := make([][]byte, 0, n)
	for range n {
		out = append(out, r.take("service", 16))
	}
	return out
}

func (r *reader) groups(n int) (out []string) {
	if n < 0 || n > r.rest()/2 {
		r.bad("number of groups", "%d do not fit", n)
		return nil
	}
	for range n {
		out = append(out, r.text("group"))
	}
	return out
}

// isJiniUnicast: the first bytes of a connection to or from a port of lookup
// services. A client says its version, which nobody else does on these ports, and a
// service of version 1 answers with a marshalled object.
func isJiniUnicast(f *frame.Frame) bool {
	b := f.Payload
	switch {
	case len(b) < 4 || f.DstPort != jiniPort && f.DstPort != gigaPort && f.SrcPort != jiniPort && f.SrcPort != gigaPort:
		return false
	case f.SrcPort == jiniPort || f.SrcPort == gigaPort:
		return string(b[:4]) == "\xac\xed\x00\x05" && len(b) > 40 || jiniFormats[jiniFormatAt(b, 4)] != ""
	}
	return string(b) == "\x00\x00\x00\x01" || string(b[:4]) == "\x00\x00\x00\x02" && len(b) >= 14
}

func jiniFormatAt(b []byte, at int) uint64 {
	if len(b) < at+8 {
		return 0
	}
	return binary.BigEndian.Uint64(b[at:])
}

func decodeJiniUnicast(f *frame.Frame) (Message, error) {
	m := Message{Type: "unicast request", Peer: Peer{Product: "Jini", ID: "client " + f.Src.String() + " unicast", Role: "asks by unicast discovery",
		Notes: []string{"unicast discovery at " + f.Destination().String()}}}
	if f.SrcPort == jiniPort || f.SrcPort == gigaPort {
		m.Type, m.Peer = "unicast answer", Peer{} // the service itself is known by its announcements
	}
	version := 1
	if len(f.Payload) >= 4 && f.Payload[3] == 2 {
		version = 2
	}
	m.add("version", "%d", version)
	return m, nil
}
