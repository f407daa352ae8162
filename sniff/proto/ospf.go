package proto

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"muster/sniff/frame"
)

// protoOSPF and protoEIGRP are numbers of IP protocols.
const (
	protoEIGRP = 88
	protoOSPF  = 89
)

// OSPFHello is a hello of version 2 (RFC 2328 section A.3.2) or 3 (RFC 5340
// section A.3.2). Routers become neighbours only where area, both intervals and, in
// version 2, the mask are equal and the options of stub areas too.
type OSPFHello struct {
	Version      uint8
	Router, Area netip.Addr
	Mask         netip.Addr // of version 2
	Instance     uint8      // of version 3
	Hello, Dead  time.Duration
	Stub         bool
	Auth         uint16
	Neighbours   []netip.Addr
}

func claimsOSPF(f *frame.Frame) bool { return isIP(f, protoOSPF) }

var ospfTypes = []string{"", "hello", "database description", "link state request", "link state update", "link state acknowledgment"}

// decodeOSPF reads the common header and a hello.
//
//	0 version  1 type  2 length  4 router  8 area  12 checksum
//	14 version 2: authentication type, 16 its data; version 3: instance
func decodeOSPF(f *frame.Frame) (Message, error) {
	var m Message
	r := &reader{b: f.Body}
	h := OSPFHello{Version: r.u8("version")}
	kind := int(r.u8("type"))
	r.skip("length", 2)
	h.Router, h.Area = r.addr4("router"), r.addr4("area")
	r.skip("checksum", 2)
	if h.Version == 2 {
		h.Auth = r.u16("authentication type")
		r.skip("authentication", 8)
	} else {
		h.Instance = r.u8("instance")
		r.skip("reserved", 1)
	}
	if r.err == nil && h.Version != 2 && h.Version != 3 {
		r.at = 0
		r.bad("version", "%d is neither 2 nor 3", h.Version)
	}
	if r.err != nil {
		return m, r.err
	}
	m.Type = fmt.Sprintf("type %d", kind)
	if kind > 0 && kind < len(ospfTypes) {
		m.Type = ospfTypes[kind]
	}
	m.add("version", "%d", h.Version)
	m.add("router", "%s", h.Router)
	m.add("area", "%s", h.Area)
	m.Peer = Peer{Product: "OSPF", Kind: "area", Cluster: h.Area.String(), ID: h.Router.String() + "/" + f.Src.String(), Name: h.Router.String(), Release: fmt.Sprintf("version %d", h.Version), Role: "router"}
	if m.Type == "hello" {
		m.hello(&h, r)
	}
	return m, r.err
}

func (m *Message) hello(h *OSPFHello, r *reader) {
	var options uint32
	if h.Version == 2 {
		h.Mask = r.addr4("mask")
		h.Hello = time.Duration(r.u16("hello interval")) * time.Second
		options = uint32(r.u8("options"))
		r.skip("priority", 1)
		h.Dead = time.Duration(r.u32("dead interval")) * time.Second
	} else {
		r.skip("interface", 4)
		options = r.u32("priority and options")
		h.Hello = time.Duration(r.u16("hello interval")) * time.Second
		h.Dead = time.Duration(r.u16("dead interval")) * time.Second
	}
	h.Stub = options&2 == 0 // the E bit: external routes are taken
	dr, bdr := r.addr4("designated router"), r.addr4("backup")
	for r.err == nil && r.rest() >= 4 && len(h.Neighbours) < 256 {
		h.Neighbours = append(h.Neighbours, r.addr4("neighbour"))
	}
	if r.err != nil {
		return
	}
	m.Value, m.Peer.Beat = h, true
	m.add("hello_s", "%d", int(h.Hello.Seconds()))
	m.add("dead_s", "%d", int(h.Dead.Seconds()))
	m.add("designated_router", "%s", dr)
	m.add("backup", "%s", bdr)
	m.add("neighbours", "%d", len(h.Neighbours))
	m.Peer.Notes = append(m.Peer.Notes, fmt.Sprintf("hello %v, dead %v", h.Hello, h.Dead))
}

func (r *reader) addr4(field string) netip.Addr {
	if p := r.take(field, 4); p != nil {
		return netip.AddrFrom4([4]byte(p))
	}
	return netip.IPv4Unspecified()
}

func claimsEIGRP(f *frame.Frame) bool { return isIP(f, protoEIGRP) }

var eigrpTypes = map[uint8]string{1: "update", 3: "query", 4: "reply", 5: "hello", 10: "SIA query", 11: "SIA reply"}

// decodeEIGRP reads the header (RFC 7868 section 6.5): version, opcode, checksum,
// flags, sequence, acknowledgment, virtual router, autonomous system.
func decodeEIGRP(f *frame.Frame) (Message, error) {
	var m Message
	r := &reader{b: f.Body}
	version, op := r.u8("version"), r.u8("opcode")
	r.skip("checksum, flags and sequence", 10)
	ack := r.u32("acknowledgment")
	r.skip("virtual router", 2)
	as := r.u16("autonomous system")
	if r.err != nil {
		return m, r.err
	}
	m.Type = fmt.Sprintf("opcode %d", op)
	if t := eigrpTypes[op]; t != "" {
		m.Type = t
	}
	m.add("version", "%d", version)
	m.add("as", "%d", as)
	m.Peer = Peer{Product: "EIGRP", Kind: "autonomous system", Cluster: fmt.Sprint(as), Role: "router", Beat: op == 5 && ack == 0}
	return m, nil
}

func claimsRIP(f *frame.Frame) bool {
	return isUDP(f, 520, 521) && (f.DstPort == 520 || f.DstPort == 521) && len(f.Payload) >= 4
}

// decodeRIP reads version 1 and 2 (RFC 2453 section 4) and RIPng (RFC 2080 section
// 2.1), whose entries are 20 bytes each.
func decodeRIP(f *frame.Frame) (Message, error) {
	m := Message{Type: "response"}
	r := &reader{b: f.Payload}
	command, version := r.u8("command"), r.u8("version")
	r.skip("reserved", 2)
	switch command {
	case 1:
		m.Type = "request"
	case 2:
	default:
		m.Type = fmt.Sprintf("command %d", command)
	}
	next := f.DstPort == 521
	var routes []string
	for r.err == nil && r.rest() > 0 {
		e := r.take("route", 20)
		if len(e) < 20 || len(routes) > maxListed {
			continue
		}
		if text, ok := ripRoute(e, next); ok {
			routes = append(routes, text)
		}
	}
	m.add("version", "%d", version)
	m.addText("routes", list(routes, ", "))
	m.Peer = Peer{Product: "RIP", Release: fmt.Sprintf("version %d", version), Role: "router", Beat: command == 2}
	if next {
		m.Peer.Product = "RIPng"
	}
	for _, text := range routes[:min(len(routes), 4)] {
		m.Peer.Notes = append(m.Peer.Notes, "route "+text)
	}
	return m, r.err
}

// ripRoute writes an entry; that of authentication (family 0xffff) and that of a
// request for all (family 0) are none.
func ripRoute(e []byte, next bool) (string, bool) {
	if next {
		if e[19] == 0xff || e[18] > 128 {
			return "", false
		}
		return fmt.Sprintf("%s/%d metric %d", netip.AddrFrom16([16]byte(e[:16])), e[18], e[19]), true
	}
	if binary.BigEndian.Uint16(e) != 2 {
		return "", false
	}
	bits := 0
	for _, b := range e[8:12] {
		for ; b != 0; b <<= 1 {
			bits++
		}
	}
	return fmt.Sprintf("%s/%d metric %d", netip.AddrFrom4([4]byte(e[4:8])), bits, binary.BigEndian.Uint32(e[16:])), true
}

func claimsHSRP(f *frame.Frame) bool { return isUDP(f, 1985) && f.DstPort == 1985 }

var hsrpStates = map[uint8]string{0: "initial", 1: "learn", 2: "listen", 4: "speak", 8: "standby", 16: "active"}

// decodeHSRP reads version 0 (RFC 2281 section 5.1):
//
//	0 version  1 opcode  2 state  3 hello s  4 hold s  5 priority  6 group  8 password  16 address
func decodeHSRP(f *frame.Frame) (Message, error) {
	var m Message
	r := &reader{b: f.Payload}
	version, op, state := r.u8("version"), r.u8("opcode"), r.u8("state")
	if r.err == nil && version != 0 {
		m.Type = "version 2"
		m.Peer = Peer{Product: "HSRP", Release: "version 2", Role: "router", Beat: true}
		return m, nil
	}
	hello := r.u8("hello time")
	r.skip("hold time", 1)
	priority, group := r.u8("priority"), r.u8("group")
	r.skip("password", 9)
	address := r.addr4("address")
	if r.err != nil {
		return m, r.err
	}
	m.Type = []string{"hello", "coup", "resign", "other"}[min(op, 3)]
	m.add("group", "%d", group)
	m.add("state", "%s", hsrpStates[state])
	m.add("priority", "%d", priority)
	m.add("interval_ms", "%d", int(hello)*1000)
	m.add("address", "%s", address)
	m.Peer = Peer{Product: "HSRP", Kind: "group", Cluster: fmt.Sprint(group), Role: fmt.Sprintf("%s with priority %d", hsrpStates[state], priority),
		Notes: []string{"for " + address.String()}, Beat: op == 0, Gone: op == 2}
	return m, nil
}
