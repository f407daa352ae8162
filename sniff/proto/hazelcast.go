package proto

import (
	"fmt"
	"net/netip"
	"strconv"

	"muster/sniff/frame"
)

var hazelcastGroup = netip.MustParseAddrPort("224.2.2.3:54327")

// claimsHazelcast goes by the default group, or by the first bytes of a join message:
// the version of the packet and the mark of an object that knows how to write itself.
// Of 2.x, which sends a zlib stream, the content has to fit.
func claimsHazelcast(f *frame.Frame) bool {
	b := f.Payload
	switch {
	case f.Proto != frame.ProtoUDP || !f.Multicast() || !f.HasPorts || len(b) == 0:
		return false
	case f.Destination() == hazelcastGroup:
		return true
	case len(b) > 16 && b[0] == 4 && string(b[1:6]) == "\xff\xff\xff\xfe\x01":
		return true
	case len(b) > 32 && b[0] == 0x78 && (int(b[0])<<8|int(b[1]))%31 == 0:
		_, err := decodeHazelcast(f)
		return err == nil
	}
	return false
}

// hazelcastJoins are the classes of join messages: the question of who wants to join, the
// master's answer, and a master's search for other clusters of its name, five minutes after
// its start and every two from then on (1b, 1a and 1f since 4.0; 1e, 1d and 22 before).
var hazelcastJoins = map[uint32]string{
	0x1b: "request", 0x1a: "answer", 0x1f: "search",
	0x1e: "request", 0x1d: "answer", 0x22: "search",
}

// hazelcast is a join message.
type hazelcast struct {
	kind, release, address, id, cluster string
	build                               int
	// password: 2.x sends the group's, where everybody can read it.
	password bool
}

// decodeHazelcast reads a join message (MulticastService, JoinMessage): the version
// of the packet, an object, the version again, the build (a date as a number), since
// 3.8 the release (three bytes), the address, the id, and the configuration with the
// cluster's name.
func decodeHazelcast(f *frame.Frame) (Message, error) {
	m := Message{Type: "join"}
	r := &reader{b: f.Payload}
	var h hazelcast
	if first := r.u8("packet version"); first == 0x78 {
		m.add("packet_version", "8")
		text, err := inflate(f.Payload, zlibStream)
		if err != nil {
			return m, &Error{0, "zlib", err.Error()}
		}
		h.readOld(&reader{b: text}, r)
	} else {
		m.add("packet_version", "%d", first)
		h.read(r)
	}
	if r.err != nil {
		return m, r.err
	}
	m.Type = h.kind
	m.addText("release", h.release)
	m.add("build", "%d", h.build)
	m.addText("cluster", h.cluster)
	m.addText("address", h.address)
	m.Peer = h.peer()
	return m, nil
}

func (h *hazelcast) peer() Peer {
	p := Peer{Product: "Hazelcast", Kind: "cluster", Cluster: h.cluster, ID: h.id, Address: h.address, Release: h.release}
	if h.release == "" {
		p.Release = "build " + strconv.Itoa(h.build)
	} else {
		p.Notes = append(p.Notes, fmt.Sprintf("build %d", h.build))
	}
	switch h.kind {
	case "answer", "search": // only masters send these
		p.Role = "master"
	case "request":
		p.Notes = append(p.Notes, "asked to join")
	}
	if h.password {
		p.Notes = append(p.Notes, "sends the group's password in clear text")
	}
	return p
}

// object passes over the mark of an object, where there is one, and returns its class.
func (r *reader) object(field string) (class uint32, ok bool) {
	if r.rest() < 4 || string(r.b[r.at:r.at+4]) != "\xff\xff\xff\xfe" {
		return 0, false
	}
	r.skip(field, 4)
	if r.u8(field) == 0 { // not by a number, but by the name of the class
		r.longText(field)
		return 0, r.err == nil
	}
	r.skip(field, 4) // the factory
	return r.u32(field), r.err == nil
}

func (h *hazelcast) read(r *reader) {
	class, ok := r.object("join message")
	if !ok {
		r.bad("join message", "no object")
		return
	}
	h.kind = "join"
	if kind, known := hazelcastJoins[class]; known {
		h.kind = kind
	}
	r.skip("packet version", 1)
	h.build = r.i32("build")
	if _, ok := r.object("release"); ok {
		if p := r.take("release", 3); p != nil {
			h.release = fmt.Sprintf("%d.%d.%d", p[0], p[1], p[2])
		}
	}
	r.object("address")
	h.readAddress(r)
	// Before 4.0 the id is a text; since then 16 bytes behind a mark of absence, and
	// the configuration is an object.
	if r.err == nil && r.rest() >= 4 && string(r.b[r.at:r.at+4]) == "\x00\x00\x00\x24" {
		h.id = r.longText("id")
	} else {
		if r.u8("id") == 0 {
			h.id = fmt.Sprintf("%x", r.take("id", 16))
		}
		r.object("configuration")
	}
	h.cluster = r.longText("cluster")
	if r.err == nil && h.cluster != "" && !isText([]byte(h.cluster)) {
		r.bad("cluster", "no text")
	}
}

// readAddress reads a port of 32 bits, the kind, and the host as text.
func (h *hazelcast) readAddress(r *reader) {
	port := r.i32("port")
	if kind := r.u8("kind of address"); r.err == nil && kind != 4 && kind != 6 {
		r.bad("kind of address", "%d is neither 4 nor 6", kind)
	}
	host := r.longText("host")
	if r.err != nil {
		return
	}
	if port < 0 || port > 65535 || !isText([]byte(host)) {
		r.bad("address", "%q port %d", host, port)
		return
	}
	h.address = host + ":" + strconv.Itoa(port)
	if a, err := netip.ParseAddr(host); err == nil {
		h.address = netip.AddrPortFrom(a, uint16(port)).String()
	}
	h.id = h.address
}

// readOld reads what 2.x compresses: a type, the version of the packet, the build,
// the type of message, the address, a number, the group's name and its password.
func (h *hazelcast) readOld(r, outer *reader) {
	h.kind = "join"
	r.skip("type", 1)
	version := r.u8("packet version")
	h.build = r.i32("build")
	r.skip("type", 1)
	h.readAddress(r)
	r.skip("number", 4)
	h.cluster = r.text("group")
	h.password = r.text("password") != ""
	if r.err == nil && (version > 32 || h.build < 20080000 || h.build > 21000000 || !isText([]byte(h.cluster))) {
		r.bad("build", "%d", h.build)
	}
	if r.err != nil {
		outer.err = &Error{0, "zlib stream", r.err.Error()}
	}
}
