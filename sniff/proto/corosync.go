package proto

import (
	"encoding/binary"
	"fmt"

	"muster/sniff/frame"
)

// Corosync is a message of Totem (corosync's totemsrp.c), the protocol of a ring.
type Corosync struct {
	Node uint32
	// Representative and Sequence are the ring that the sender is in; HasRing is false
	// for what does not tell.
	Representative uint32
	Sequence       uint64
	HasRing        bool
	// Token: the message is the token of the ring, which goes from node to node.
	Token bool
}

// The magic number, as a machine of either byte order writes it.
const corosyncMagic = 0xc070

func corosyncOrder(b []byte) binary.ByteOrder {
	switch {
	case len(b) < 13 || b[2] < 2 || b[2] > 9:
	case binary.LittleEndian.Uint16(b) == corosyncMagic:
		return binary.LittleEndian
	case binary.BigEndian.Uint16(b) == corosyncMagic:
		return binary.BigEndian
	}
	return nil
}

// isKnet: a heartbeat of Kronosnet, of which byte 0 is the version and byte 1 the
// type.
func isKnet(f *frame.Frame) bool {
	b := f.Payload
	return f.SrcPort == f.DstPort && f.SrcPort >= 5404 && f.SrcPort <= 5412 && len(b) >= 16 && b[0] == 1 && b[1] >= 0x81 && b[1] <= 0x84
}

func claimsCorosync(f *frame.Frame) bool {
	return f.Proto == frame.ProtoUDP && f.HasPorts && (corosyncOrder(f.Payload) != nil || isKnet(f))
}

var corosyncTypes = []string{"token", "message", "merge detect", "join", "commit token", "token hold cancel"}

// decodeCorosync reads the header of Totem version 3 and the ring:
//
//	0 magic  2 version  3 type  4 encapsulated  5 node  9 target
//	token: 13 seq, token seq, aru, aru node  29 ring      message: 13 sender, seq, this seq  25 ring
//	merge detect: 13 sender  17 ring                      commit token: 13 seq  17 ring
//	(a ring: representative 4 bytes, sequence 8 bytes)
//
// and a heartbeat of Kronosnet: 0 version 1 type 2 node (big-endian).
func decodeCorosync(f *frame.Frame) (Message, error) {
	b := f.Payload
	order := corosyncOrder(b)
	if order == nil {
		return decodeKnet(f)
	}
	m := Message{}
	kind := int(b[3])
	c := Corosync{Node: order.Uint32(b[5:]), Token: kind == 0}
	m.Type = fmt.Sprintf("type %d", kind)
	if kind < len(corosyncTypes) {
		m.Type = corosyncTypes[kind]
	}
	m.add("version", "%d", b[2])
	m.add("node", "%d", c.Node)
	ring := 0
	switch kind {
	case 0:
		ring = 29
	case 1:
		ring = 25
	case 2, 4:
		ring = 17
	}
	if ring > 0 {
		if len(b) < ring+12 {
			return m, &Error{len(b), "ring", fmt.Sprintf("want %d bytes, have %d", ring+12, len(b))}
		}
		c.Representative, c.Sequence, c.HasRing = order.Uint32(b[ring:]), order.Uint64(b[ring+4:]), kind < 3
		m.add("ring", "%d.%d", c.Representative, c.Sequence)
	}
	m.Value = &c
	m.Peer = Peer{Product: "Corosync", ID: fmt.Sprintf("node %d", c.Node), Name: fmt.Sprintf("node %d", c.Node), Role: "member", Beat: kind == 0 || kind == 2}
	return m, nil
}

func decodeKnet(f *frame.Frame) (Message, error) {
	m := Message{Type: "heartbeat"}
	r := &reader{b: f.Payload}
	r.skip("version", 1)
	kind, node := r.u8("type"), r.u16("node")
	if r.err != nil {
		return m, r.err
	}
	m.add("transport", "knet")
	m.add("node", "%d", node)
	if kind == 0x82 {
		m.Type = "heartbeat answer"
	}
	m.Peer = Peer{Product: "Corosync", ID: fmt.Sprintf("node %d", node), Name: fmt.Sprintf("node %d", node), Role: "member over Kronosnet, no multicast",
		Address: fmt.Sprintf("%s:%d", f.Src, f.SrcPort), Beat: kind == 0x81}
	return m, nil
}
