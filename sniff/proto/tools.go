package proto

import (
	"bytes"
	"fmt"
	"strconv"

	"muster/sniff/frame"
)

// McjoinCount is the number of a datagram of mcjoin's sender.
type McjoinCount struct{ Number int }

func claimsMcjoin(f *frame.Frame) bool {
	return f.Proto == frame.ProtoUDP && f.Multicast() && bytes.HasPrefix(f.Payload, []byte("Sender PID ")) && bytes.Contains(f.Payload, []byte("MC group "))
}

// decodeMcjoin reads the text of a datagram: "Sender PID N, MC group ADDRESS ...
// count: N, freq: MS".
func decodeMcjoin(f *frame.Frame) (Message, error) {
	m := Message{Type: "datagram", Peer: Peer{Product: "mcjoin", Role: "sender", Beat: true}}
	_, rest, ok := bytes.Cut(f.Payload, []byte("count: "))
	digits := 0
	for digits < len(rest) && digits < 9 && rest[digits] >= '0' && rest[digits] <= '9' {
		digits++
	}
	n, err := strconv.Atoi(string(rest[:digits]))
	if !ok || err != nil {
		return m, &Error{len(f.Payload), "count", "no number"}
	}
	m.add("count", "%d", n)
	m.Value = &McjoinCount{n}
	return m, nil
}

var ssmpingTypes = map[byte]string{'Q': "query", 'A': "answer", 'I': "init", 'S': "response"}

func claimsSsmping(f *frame.Frame) bool {
	b := f.Payload
	if !isUDP(f, 4321) || len(b) < 5 || ssmpingTypes[b[0]] == "" {
		return false
	}
	_, err := ssmpingOptions(b)
	return err == nil
}

// ssmpingOption is one of a message's options: type and length, 16 bits each.
func ssmpingOptions(b []byte) (map[uint16][]byte, error) {
	r := &reader{b: b, at: 1}
	options := map[uint16][]byte{}
	for r.err == nil && r.rest() > 0 {
		id, n := r.u16("option"), int(r.u16("option length"))
		if p := r.take("option value", n); r.err == nil {
			options[id] = p
		}
	}
	return options, r.err
}

// decodeSsmping reads the messages of ssmping and asmping, and of omping, which
// takes them over with a version: 0 version, 1 client, 2 sequence, 4 group.
func decodeSsmping(f *frame.Frame) (Message, error) {
	var m Message
	if len(f.Payload) == 0 {
		return m, &Error{0, "type", "want 1 byte, have 0"}
	}
	m.Type = ssmpingTypes[f.Payload[0]]
	options, err := ssmpingOptions(f.Payload)
	tool := "ssmping"
	if p := options[0]; len(p) == 1 {
		tool = "omping"
	}
	if p := options[2]; len(p) == 4 {
		m.add("sequence", "%d", (&reader{b: p}).u32("sequence"))
	}
	m.add("tool", "%s", tool)
	m.Peer = Peer{Product: tool, Role: "asks", Beat: m.Type == "query"}
	if m.Type == "answer" || m.Type == "response" {
		m.Peer.Role = "answers"
	}
	return m, err
}

// VXLAN is the message of a tunnel's end: frames inside were read already.
func VXLAN(vni uint32) Message {
	m := Message{Type: "frame"}
	m.add("vni", "%d", vni)
	m.Peer = Peer{Product: "VXLAN", Kind: "network", Cluster: fmt.Sprint(vni), Role: "tunnel end"}
	return m
}
