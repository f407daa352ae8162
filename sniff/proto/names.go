package proto

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"muster/sniff/frame"
)

// Protocols that are called by their names and the type of their messages, and not read further.

func claimsSLP(f *frame.Frame) bool {
	return isUDP(f, 427) && len(f.Payload) >= 2 && (f.Payload[0] == 1 || f.Payload[0] == 2) && f.Payload[1] >= 1 && f.Payload[1] <= 11
}

var slpTypes = [...]string{"", "service request", "service reply", "service registration", "service deregistration", "service acknowledge",
	"attribute request", "attribute reply", "directory agent advertisement", "service type request", "service type reply", "service agent advertisement"}

// decodeSLP names a message of the Service Location Protocol (RFC 2608 section 8): version and function.
func decodeSLP(f *frame.Frame) (Message, error) {
	r := &reader{b: f.Payload}
	version, function := r.u8("version"), r.u8("function")
	m := Message{Type: numbered(slpTypes[:], int(function))}
	m.add("version", "%d", version)
	return m, r.err
}

func claimsKNX(f *frame.Frame) bool {
	return isUDP(f, 3671) && len(f.Payload) >= 6 && f.Payload[0] == 6 && f.Payload[1] == 0x10
}

// decodeKNX names a frame of KNXnet/IP by the family of its service: length of the header, version, service
// type, total length.
func decodeKNX(f *frame.Frame) (Message, error) {
	r := &reader{b: f.Payload}
	r.skip("header", 2)
	service := r.u16("service type")
	m := Message{Type: "frame"}
	switch service >> 8 {
	case 0x02:
		m.Type = "core"
	case 0x03:
		m.Type = "device management"
	case 0x04:
		m.Type = "tunnelling"
	case 0x05:
		m.Type = "routing"
	}
	m.add("service", "0x%04x", service)
	return m, r.err
}

const protoPGM = 113

func claimsPGM(f *frame.Frame) bool { return isIP(f, protoPGM) && len(f.Body) >= 16 }

// decodePGM names a packet of Pragmatic General Multicast (RFC 3208 section 8): ports, type.
func decodePGM(f *frame.Frame) (Message, error) {
	types := map[uint8]string{0: "SPM", 1: "POLL", 2: "POLR", 4: "ODATA", 5: "RDATA", 8: "NAK", 9: "NNAK", 10: "NCF", 12: "SPMR"}
	r := &reader{b: f.Body}
	from, to, kind := r.u16("source port"), r.u16("destination port"), r.u8("type")
	m := Message{Type: types[kind&0x0f]}
	if m.Type == "" {
		m.Type = fmt.Sprintf("type %d", kind)
	}
	m.add("ports", "%d,%d", from, to)
	return m, r.err
}

func claimsLDP(f *frame.Frame) bool {
	return isUDP(f, 646) && len(f.Payload) >= 12 && binary.BigEndian.Uint16(f.Payload) == 1
}

// decodeLDP names a message of the Label Distribution Protocol, whose hellos go by UDP (RFC 5036 section 3.1):
// version, length, the router's id, label space, the message's type.
func decodeLDP(f *frame.Frame) (Message, error) {
	r := &reader{b: f.Payload}
	r.skip("version and length", 4)
	id := r.take("router", 4)
	r.skip("label space", 2)
	m := Message{Type: "hello"}
	if kind := r.u16("type") & 0x7fff; kind != 0x0100 {
		m.Type = fmt.Sprintf("type 0x%04x", kind)
	}
	if r.err == nil {
		m.add("router", "%d.%d.%d.%d", id[0], id[1], id[2], id[3])
	}
	return m, r.err
}

func claimsNATPMP(f *frame.Frame) bool {
	return isUDP(f, 5350, 5351) && len(f.Payload) >= 2 && f.Payload[0] <= 2
}

// decodeNATPMP names a message of NAT-PMP (RFC 6886) or of its successor PCP (version 2, RFC 6887): version and
// operation, with the high bit in answers.
func decodeNATPMP(f *frame.Frame) (Message, error) {
	r := &reader{b: f.Payload}
	version, op := r.u8("version"), r.u8("operation")
	m := Message{Type: "request"}
	if op&0x80 != 0 {
		m.Type = "answer"
	}
	m.add("version", "%d", version)
	m.add("operation", "%d", op&0x7f)
	return m, r.err
}

func claimsDLEP(f *frame.Frame) bool {
	return isUDP(f, 854) && bytes.HasPrefix(f.Payload, []byte("DLEP"))
}

// decodeDLEP names a signal of the Dynamic Link Exchange Protocol (RFC 8175 section 11): "DLEP", the type.
func decodeDLEP(f *frame.Frame) (Message, error) {
	r := &reader{b: f.Payload}
	r.skip("signature", 4)
	return Message{Type: numbered([]string{"", "peer discovery", "peer offer"}, int(r.u16("type")))}, r.err
}

// numbered is the i-th name, or the number where there is none.
func numbered(names []string, i int) string {
	if i > 0 && i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("type %d", i)
}
