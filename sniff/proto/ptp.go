package proto

import (
	"encoding/hex"
	"fmt"
	"strconv"

	"muster/sniff/frame"
)

// PTPAnnounce is what a clock that thinks itself the best says (IEEE 1588-2008
// clause 13.5).
type PTPAnnounce struct {
	Domain uint8
	// Clock is who sends; Grandmaster whom it follows, itself where it is one.
	Clock, Grandmaster          string
	Priority1, Class, Priority2 uint8
	Steps                       uint16
	LogInterval                 int8
}

func claimsPTP(f *frame.Frame) bool {
	return isUDP(f, 319, 320) && (f.DstPort == 319 || f.DstPort == 320)
}

var ptpTypes = map[uint8]string{0: "sync", 1: "delay request", 2: "peer delay request", 3: "peer delay response", 8: "follow up", 9: "delay response", 10: "peer delay follow up", 11: "announce", 12: "signaling", 13: "management"}

// decodePTP reads the header of version 2 (IEEE 1588-2008 clause 13.3) and an
// announcement; of version 1, which has another layout, the version alone.
//
//	0 type  1 version  2 length  4 domain  6 flags  8 correction  20 clock  28 port  30 sequence
//	33 log interval  34 of an announcement: time  47 priority1  48 class, accuracy, variance
//	52 priority2  53 grandmaster  61 steps
func decodePTP(f *frame.Frame) (Message, error) {
	var m Message
	r := &reader{b: f.Payload}
	kind, version := r.u8("type")&0x0f, r.u8("version")&0x0f
	if r.err == nil && version == 1 {
		m.Type = "version 1"
		m.Peer = Peer{Product: "PTP", Release: "version 1", Role: "clock"}
		return m, nil
	}
	r.skip("length", 2)
	a := PTPAnnounce{Domain: r.u8("domain")}
	r.skip("flags and correction", 15)
	a.Clock = hex.EncodeToString(r.take("clock", 8))
	port := r.u16("port")
	r.skip("sequence and control", 3)
	a.LogInterval = int8(r.u8("log interval"))
	if r.err != nil {
		return m, r.err
	}
	m.Type = fmt.Sprintf("type %d", kind)
	if t := ptpTypes[kind]; t != "" {
		m.Type = t
	}
	m.add("version", "%d", version)
	m.add("domain", "%d", a.Domain)
	m.add("clock", "%s", a.Clock)
	m.add("port", "%d", port)
	m.Peer = Peer{Product: "PTP", Kind: "domain", Cluster: strconv.Itoa(int(a.Domain)), ID: a.Clock, Name: a.Clock, Release: fmt.Sprintf("version %d", version)}
	if kind == 11 {
		m.announce(&a, r)
	}
	return m, r.err
}

func (m *Message) announce(a *PTPAnnounce, r *reader) {
	r.skip("time", 13)
	a.Priority1, a.Class = r.u8("priority1"), r.u8("clock class")
	r.skip("accuracy and variance", 3)
	a.Priority2 = r.u8("priority2")
	a.Grandmaster = hex.EncodeToString(r.take("grandmaster", 8))
	a.Steps = r.u16("steps removed")
	if r.err != nil {
		return
	}
	m.add("priority1", "%d", a.Priority1)
	m.add("class", "%d", a.Class)
	m.add("priority2", "%d", a.Priority2)
	m.add("grandmaster", "%s", a.Grandmaster)
	m.add("steps", "%d", a.Steps)
	m.Value, m.Peer.Beat = a, true
	m.Peer.Role = fmt.Sprintf("announces grandmaster %s", a.Grandmaster)
	if a.Grandmaster == a.Clock {
		m.Peer.Role = fmt.Sprintf("grandmaster with priority1 %d", a.Priority1)
	}
}

func claimsNTP(f *frame.Frame) bool {
	return isUDP(f, 123) && len(f.Payload) >= 48 && f.Payload[0]&7 != 0
}

var ntpModes = []string{"reserved", "symmetric active", "symmetric passive", "client", "server", "broadcast", "control", "private"}

// decodeNTP reads the header (RFC 5905 section 7.3).
func decodeNTP(f *frame.Frame) (Message, error) {
	r := &reader{b: f.Payload}
	first, stratum, poll := r.u8("mode"), r.u8("stratum"), int8(r.u8("poll"))
	r.skip("rest of the header", 45)
	version, mode := first>>3&7, first&7
	m := Message{Type: ntpModes[mode]}
	if r.err != nil {
		return m, r.err
	}
	m.add("version", "%d", version)
	m.add("stratum", "%d", stratum)
	m.add("poll", "%d", poll)
	m.Peer = Peer{Product: "NTP", Release: fmt.Sprintf("version %d", version), Role: m.Type, Beat: mode == 5}
	if mode == 4 || mode == 5 {
		m.Peer.Notes = []string{fmt.Sprintf("stratum %d", stratum)}
	}
	return m, nil
}
