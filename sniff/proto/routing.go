package proto

import (
	"fmt"
	"net/netip"
	"strings"

	"muster/sniff/frame"
)

func claimsPIM(f *frame.Frame) bool { return f.Proto == frame.ProtoPIM && f.IP != 0 && !f.Fragment }

var pimTypes = []string{"hello", "register", "register-stop", "join/prune", "bootstrap", "assert", "graft", "graft-ack", "candidate-RP"}

// decodePIM reads the header of PIM version 2 (RFC 7761 section 4.9) and the
// options of a hello: hold time 1, DR priority 19, generation id 20.
func decodePIM(f *frame.Frame) (Message, error) {
	var m Message
	r := &reader{b: f.Body}
	first := r.u8("version and type")
	r.take("reserved", 1)
	r.take("checksum", 2)
	if r.err != nil {
		return m, r.err
	}
	m.add("version", "%d", first>>4)
	m.Type = fmt.Sprintf("type %d", first&0x0f)
	if t := int(first & 0x0f); t < len(pimTypes) {
		m.Type = pimTypes[t]
	}
	if m.Type != "hello" {
		return m, nil
	}
	for r.err == nil && r.rest() > 0 {
		option, length := r.u16("option"), r.u16("option length")
		value := &reader{b: r.take("option value", int(length))}
		switch {
		case r.err != nil:
		case option == 1 && length == 2:
			m.add("holdtime", "%d", value.u16("hold time"))
		case option == 19 && length == 4:
			m.add("dr_priority", "%d", value.u32("DR priority"))
		case option == 20 && length == 4:
			m.add("generation_id", "%08x", value.u32("generation id"))
		}
	}
	return m, r.err
}

func claimsVRRP(f *frame.Frame) bool { return f.Proto == frame.ProtoVRRP && f.IP != 0 && !f.Fragment }

// decodeVRRP reads an advertisement of version 2 (RFC 3768 section 5.1) or 3 (RFC
// 5798 section 5.2):
//
//	0 version, type  1 virtual router  2 priority  3 number of addresses
//	4 version 2: authentication, interval in s; version 3: interval in 1/100 s
//	6 checksum  8 addresses
func decodeVRRP(f *frame.Frame) (Message, error) {
	m := Message{Type: "advertisement"}
	r := &reader{b: f.Body}
	first := r.u8("version and type")
	id, priority, n := r.u8("virtual router"), r.u8("priority"), int(r.u8("number of addresses"))
	interval := r.u16("interval")
	r.take("checksum", 2)
	if r.err != nil {
		return m, r.err
	}
	if first&0x0f != 1 {
		m.Type = "unknown"
	}
	m.add("version", "%d", first>>4)
	m.add("router", "%d", id)
	m.add("priority", "%d", priority)
	if first>>4 == 2 {
		m.add("interval_ms", "%d", 1000*int(interval&0xff))
	} else {
		m.add("interval_ms", "%d", 10*int(interval&0x0fff))
	}
	size := 4
	if f.IP == 6 {
		size = 16
	}
	var list []string
	for range n {
		if a, ok := netip.AddrFromSlice(r.take("address", size)); ok {
			list = append(list, a.String())
		}
	}
	m.add("addresses", "%s", strings.Join(list, ","))
	return m, r.err
}
