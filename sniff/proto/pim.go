package proto

import (
	"fmt"
	"net/netip"

	"muster/sniff/frame"
)

func claimsPIM(f *frame.Frame) bool { return isIP(f, frame.ProtoPIM) }

var pimTypes = []string{"hello", "register", "register-stop", "join/prune", "bootstrap", "assert", "graft", "graft-ack", "candidate-RP"}

// decodePIM reads the header of PIM version 2 (RFC 7761 section 4.9) and what hellos,
// joins, asserts and bootstrap messages (RFC 5059 section 4) are about.
func decodePIM(f *frame.Frame) (Message, error) {
	var m Message
	r := &reader{b: f.Body}
	first := r.u8("version and type")
	r.skip("reserved and checksum", 3)
	if r.err != nil {
		return m, r.err
	}
	m.add("version", "%d", first>>4)
	m.Type = fmt.Sprintf("type %d", first&0x0f)
	if t := int(first & 0x0f); t < len(pimTypes) {
		m.Type = pimTypes[t]
	}
	m.Peer = Peer{Product: "PIM", Role: "router"}
	switch m.Type {
	case "hello":
		m.pimHello(r)
	case "join/prune":
		m.pimJoin(r)
	case "assert":
		m.pimAssert(r)
	case "bootstrap":
		m.pimBootstrap(r)
	}
	return m, r.err
}

// pimHello reads options: hold time 1, priority for designated router 19, generation 20.
func (m *Message) pimHello(r *reader) {
	m.Peer.Beat = true
	for r.err == nil && r.rest() > 0 {
		option, length := r.u16("option"), r.u16("option length")
		value := &reader{b: r.take("option value", int(length))}
		switch {
		case r.err != nil:
		case option == 1 && length == 2:
			hold := value.u16("hold time")
			m.add("holdtime", "%d", hold)
			m.Peer.Gone = hold == 0
		case option == 19 && length == 4:
			priority := value.u32("DR priority")
			m.add("dr_priority", "%d", priority)
			m.Peer.Role = fmt.Sprintf("router with DR priority %d", priority)
		case option == 20 && length == 4:
			m.add("generation_id", "%08x", value.u32("generation id"))
		}
	}
}

// encoded reads an address as PIM writes it (RFC 7761 section 4.9.1): family and
// encoding, then extra bytes (flags, mask length), then the address.
func (r *reader) encoded(field string, extra int) netip.Addr {
	family := r.u8(field)
	r.skip(field, 1+extra)
	size := 4
	switch family {
	case 1:
	case 2:
		size = 16
	default:
		r.bad(field, "address family %d", family)
	}
	a, _ := netip.AddrFromSlice(r.take(field, size))
	return a
}

func (m *Message) pimJoin(r *reader) {
	upstream := r.encoded("upstream neighbour", 0)
	r.skip("reserved", 1)
	n := int(r.u8("number of groups"))
	hold := r.u16("hold time")
	var joined, pruned []string
	for range n {
		group := r.encoded("group", 2)
		joins, prunes := int(r.u16("joins")), int(r.u16("prunes"))
		for i := range joins + prunes {
			source := r.encoded("source", 2)
			if r.err != nil {
				return
			}
			text := fmt.Sprintf("(%s, %s)", source, group)
			if i < joins {
				joined = append(joined, text)
			} else {
				pruned = append(pruned, text)
			}
		}
	}
	m.add("upstream", "%s", upstream)
	m.add("holdtime", "%d", hold)
	m.addText("joins", list(joined, " "))
	m.addText("prunes", list(pruned, " "))
	for _, text := range joined[:min(len(joined), 4)] {
		m.Peer.Notes = append(m.Peer.Notes, "joins "+text+" at "+upstream.String())
	}
}

func (m *Message) pimAssert(r *reader) {
	group, source := r.encoded("group", 2), r.encoded("source", 0)
	preference, metric := r.u32("preference"), r.u32("metric")
	if r.err != nil {
		return
	}
	m.add("group", "%s", group)
	m.add("source", "%s", source)
	m.add("preference", "%d", preference&0x7fffffff)
	m.add("metric", "%d", metric)
	m.Peer.Notes = append(m.Peer.Notes, fmt.Sprintf("asserts (%s, %s)", source, group))
}

func (m *Message) pimBootstrap(r *reader) {
	r.skip("fragment tag, hash mask", 3)
	priority := r.u8("priority")
	router := r.encoded("bootstrap router", 0)
	m.add("bootstrap_router", "%s", router)
	m.add("priority", "%d", priority)
	m.Peer.Notes = append(m.Peer.Notes, fmt.Sprintf("bootstrap router %s with priority %d", router, priority))
	var points []string
	for r.err == nil && r.rest() > 0 {
		group := r.encoded("group", 2)
		r.skip("number of RPs", 1)
		n := int(r.u8("number of RPs here"))
		r.skip("reserved", 2)
		for range n {
			rp := r.encoded("RP", 0)
			r.skip("hold time", 2)
			p := r.u8("RP priority")
			r.skip("reserved", 1)
			if r.err == nil {
				points = append(points, fmt.Sprintf("%s for %s, priority %d", rp, group, p))
			}
		}
	}
	m.addText("rps", list(points, "; "))
	for _, text := range points[:min(len(points), 4)] {
		m.Peer.Notes = append(m.Peer.Notes, "RP "+text)
	}
}
