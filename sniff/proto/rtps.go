package proto

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"muster/sniff/frame"
)

// RTPS is what a participant of DDS says of itself (OMG DDSI-RTPS 2.5).
type RTPS struct {
	Vendor uint16
	Prefix string // of all its entities' ids
	// Domain, where the port or the participant tells it; -1 else.
	Domain int
	Name   string
	// Announces: it is a participant's announcement, by which domains find themselves.
	Announces bool
}

func claimsRTPS(f *frame.Frame) bool {
	return f.Proto == frame.ProtoUDP && f.HasPorts && len(f.Payload) >= 20 && string(f.Payload[:4]) == "RTPS"
}

// Vendors of the OMG's list (DDS Vendor IDs).
var rtpsVendors = map[uint16]string{
	0x0101: "RTI Connext", 0x0102: "OpenSplice", 0x0103: "OpenDDS", 0x0104: "MilDDS", 0x0105: "InterCOM DDS", 0x0106: "CoreDX",
	0x010a: "Gurum DDS", 0x010b: "RTI Connext Micro", 0x010c: "Vortex Cafe", 0x010f: "Fast DDS", 0x0110: "Cyclone DDS", 0x0112: "RustDDS", 0x0114: "Dust DDS",
}

const (
	rtpsData = 0x15
	// spdpWriter is who announces participants (clause 9.3.1.5).
	spdpWriter = 0x000100c2

	pidSentinel   = 0x01
	pidDomain     = 0x0f
	pidEntityName = 0x62
)

// decodeRTPS reads the header and, of a participant's announcement, its parameters:
//
//	0 "RTPS"  4 version  6 vendor  8 GUID prefix  20 submessages: id, flags, length
func decodeRTPS(f *frame.Frame) (Message, error) {
	m := Message{Type: "data"}
	r := &reader{b: f.Payload}
	r.skip("magic", 4)
	major, minor := r.u8("version"), r.u8("version")
	v := RTPS{Vendor: r.u16("vendor"), Domain: -1}
	v.Prefix = hex.EncodeToString(r.take("GUID prefix", 12))
	if r.err != nil {
		return m, r.err
	}
	if f.Multicast() {
		v.Domain = rtpsDomain(f.DstPort)
	}
	for n := 0; r.err == nil && r.rest() >= 4 && n < 64; n++ {
		id, flags := r.u8("submessage"), r.u8("flags")
		var order binary.ByteOrder = binary.BigEndian
		if flags&1 != 0 {
			order = binary.LittleEndian
		}
		p := r.take("length", 2)
		if p == nil {
			break
		}
		length := int(order.Uint16(p))
		if length == 0 { // the last one may say nothing of its length
			length = r.rest()
		}
		body := r.take("submessage", length)
		if id == rtpsData && body != nil {
			v.data(body, flags, order)
		}
	}
	m.add("version", "%d.%d", major, minor)
	vendor := rtpsVendors[v.Vendor]
	if vendor == "" {
		vendor = fmt.Sprintf("vendor %d.%d", v.Vendor>>8, v.Vendor&0xff)
	}
	m.add("vendor", "%s", vendor)
	m.add("participant", "%s", v.Prefix)
	m.Peer = Peer{Product: "DDS/RTPS", ID: v.Prefix, Name: v.Name, Release: vendor, Role: "participant"}
	if v.Domain >= 0 {
		m.add("domain", "%d", v.Domain)
		m.Peer.Kind, m.Peer.Cluster = "domain", fmt.Sprint(v.Domain)
	}
	if v.Announces {
		m.Type, m.Peer.Beat = "participant", true
	}
	m.addText("name", v.Name)
	if r.err == nil {
		m.Value = &v
	}
	return m, r.err
}

// rtpsDomain tells the domain from a port of discovery or of data by multicast
// (clause 9.6.1.4: 7400 + 250 x domain, + 0 or 1); others say nothing.
func rtpsDomain(port uint16) int {
	if port >= 7400 && (port-7400)%250 <= 1 && (port-7400)/250 <= 232 {
		return int(port-7400) / 250
	}
	return -1
}

// data reads a Data submessage (clause 9.4.5.3): extra flags, offset of the rest,
// reader, writer, sequence number, inline parameters, the payload.
func (v *RTPS) data(b []byte, flags uint8, order binary.ByteOrder) {
	if len(b) < 20 || binary.BigEndian.Uint32(b[8:]) != spdpWriter {
		return
	}
	v.Announces = true
	at := 4 + int(order.Uint16(b[2:]))
	if at > len(b) {
		return
	}
	b = b[at:]
	if flags&2 != 0 { // inline parameters come first
		_, b = parameters(b, order, nil)
	}
	if flags&4 == 0 || len(b) < 4 {
		return
	}
	order = binary.BigEndian
	if b[1]&1 != 0 { // PL_CDR_LE
		order = binary.LittleEndian
	}
	parameters(b[4:], order, func(id uint16, p []byte) {
		switch {
		case id == pidEntityName && len(p) >= 4:
			if n := int(order.Uint32(p)); n >= 1 && n <= len(p)-4 && isText(p[4:4+n-1]) {
				v.Name = string(p[4 : 4+n-1])
			}
		case id == pidDomain && len(p) >= 4:
			if d := order.Uint32(p); d <= 232 {
				v.Domain = int(d)
			}
		}
	})
}

// parameters visits a list of parameters and returns what follows it.
func parameters(b []byte, order binary.ByteOrder, visit func(id uint16, p []byte)) (ok bool, rest []byte) {
	for len(b) >= 4 {
		id, n := order.Uint16(b), int(order.Uint16(b[2:]))
		if b = b[4:]; id == pidSentinel {
			return true, b
		}
		if n > len(b) {
			return false, nil
		}
		if visit != nil {
			visit(id&0x3fff, b[:n])
		}
		b = b[n:]
	}
	return false, nil
}
