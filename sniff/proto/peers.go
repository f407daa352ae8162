package proto

import (
	"bytes"
	"encoding/binary"
	"strings"

	"muster/sniff/frame"
)

func claimsEhcache(f *frame.Frame) bool {
	b := f.Payload
	if f.Proto != frame.ProtoUDP || !f.Multicast() || len(b) < 18 || b[0] != 0x1f || b[1] != 0x8b {
		return false
	}
	text, _ := inflate(b, gzipStream)
	return bytes.HasPrefix(text, []byte("//"))
}

// decodeEhcache reads the heartbeat of Ehcache 2 (PayloadUtil): gzip, inside the RMI
// addresses of the caches, "//HOST:PORT/CACHE", with | between them.
func decodeEhcache(f *frame.Frame) (Message, error) {
	m := Message{Type: "heartbeat"}
	text, err := inflate(f.Payload, gzipStream)
	if err != nil {
		return m, &Error{0, "gzip", err.Error()}
	}
	urls := strings.Split(string(text), "|")
	m.add("caches", "%s", list(urls, " "))
	m.Peer = Peer{Product: "Ehcache", Role: "peer", Beat: true}
	for i, u := range urls {
		host, cache, ok := strings.Cut(strings.TrimPrefix(u, "//"), "/")
		if !ok || i >= maxListed {
			continue
		}
		m.Peer.Address = host
		m.Peer.ID = host
		m.Peer.Notes = append(m.Peer.Notes, "cache "+cache)
	}
	return m, nil
}

// claimsActiveMQ looks for what the agent writes between its group, a text, and the state
// (MulticastDiscoveryAgent: "ActiveMQ-4.").
func claimsActiveMQ(f *frame.Frame) bool {
	if f.Proto != frame.ProtoUDP || !f.Multicast() {
		return false
	}
	group, _, ok := bytes.Cut(f.Payload[:min(len(f.Payload), 256)], []byte(".ActiveMQ-"))
	return ok && (len(group) == 0 || isText(group))
}

// decodeActiveMQ reads GROUP.ActiveMQ-4.alive.%NAME%URI, or dead.
func decodeActiveMQ(f *frame.Frame) (Message, error) {
	m := Message{}
	group, rest, _ := strings.Cut(string(f.Payload), ".ActiveMQ-")
	_, rest, ok := strings.Cut(rest, ".")
	state, rest, ok2 := strings.Cut(rest, ".")
	if !ok || !ok2 || state != "alive" && state != "dead" {
		return m, &Error{len(group), "state", "neither alive nor dead"}
	}
	parts := strings.SplitN(rest, "%", 3)
	if len(parts) < 3 {
		return m, &Error{len(f.Payload) - len(rest), "service", "no name and address between %"}
	}
	m.Type = state
	m.add("group", "%s", group)
	m.add("name", "%s", parts[1])
	m.add("address", "%s", parts[2])
	m.Peer = Peer{Product: "ActiveMQ", Kind: "discovery group", Cluster: group, ID: f.Src.String() + " " + parts[2], Name: parts[1], Address: parts[2], Role: "broker", Beat: true, Gone: state == "dead"}
	return m, nil
}

// claimsCoherence goes by the first word of a packet, which public captures show to
// be 0x0ddf00d0 to 0x0ddf00df. Nobody of the project has seen a real one.
func claimsCoherence(f *frame.Frame) bool {
	return f.Proto == frame.ProtoUDP && f.HasPorts && len(f.Payload) >= 8 && binary.BigEndian.Uint32(f.Payload)&0xfffffff0 == 0x0ddf00d0
}

func decodeCoherence(f *frame.Frame) (Message, error) {
	m := Message{Type: "packet", Peer: Peer{Product: "Coherence", Role: "member"}}
	r := &reader{b: f.Payload}
	m.add("type", "%08x", r.u32("type"))
	return m, r.err
}
