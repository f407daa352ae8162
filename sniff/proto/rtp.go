package proto

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"muster/sniff/frame"
)

// RTP is the fixed header (RFC 3550 section 5.1).
type RTP struct {
	Payload  uint8
	Sequence uint16
	Time     uint32
	SSRC     uint32
}

// ReadRTP reads the header of a datagram that can be RTP: version 2, lists and
// padding that fit. Every fourth datagram of any protocol looks like that, so only
// several with sequence numbers that follow each other are a stream.
func ReadRTP(b []byte) (h RTP, ok bool) {
	if len(b) < 12 || b[0]>>6 != 2 {
		return h, false
	}
	size := 12 + 4*int(b[0]&0x0f)
	if b[0]&0x10 != 0 {
		if len(b) < size+4 {
			return h, false
		}
		size += 4 + 4*int(binary.BigEndian.Uint16(b[size+2:]))
	}
	if b[0]&0x20 != 0 {
		size += max(int(b[len(b)-1]), 1)
	}
	h = RTP{Payload: b[1] & 0x7f, Sequence: binary.BigEndian.Uint16(b[2:]), Time: binary.BigEndian.Uint32(b[4:]), SSRC: binary.BigEndian.Uint32(b[8:])}
	// Payload types are 0 to 34 and 96 to 127 (RFC 3551 section 6), those between are
	// not given to anybody, and 72 to 76 would be RTCP.
	return h, size <= len(b) && (h.Payload <= 34 || h.Payload >= 96)
}

func claimsRTP(f *frame.Frame) bool {
	if f.Proto != frame.ProtoUDP || !f.HasPorts || !f.Multicast() || f.DstPort < 1024 || f.Cut {
		return false
	}
	h, ok := ReadRTP(f.Payload)
	return ok && h.SSRC != 0
}

var rtpPayloads = map[uint8]string{0: "PCMU", 3: "GSM", 8: "PCMA", 9: "G722", 10: "L16", 11: "L16", 14: "MPEG audio", 18: "G729", 26: "JPEG", 31: "H261", 32: "MPEG video", 33: "MPEG2-TS", 34: "H263"}

func decodeRTP(f *frame.Frame) (Message, error) {
	m := Message{Type: "packet"}
	h, ok := ReadRTP(f.Payload)
	if !ok {
		return m, &Error{0, "header", "not one of RTP"}
	}
	m.add("ssrc", "0x%08x", h.SSRC)
	m.add("payload", "%d", h.Payload)
	m.addText("format", rtpPayloads[h.Payload])
	m.add("sequence", "%d", h.Sequence)
	return m, nil
}

func claimsRTCP(f *frame.Frame) bool {
	b := f.Payload
	return f.Proto == frame.ProtoUDP && f.HasPorts && f.Multicast() && len(b) >= 8 && b[0]>>6 == 2 && b[1] >= 200 && b[1] <= 201 &&
		4+4*int(binary.BigEndian.Uint16(b[2:])) <= len(b)
}

// decodeRTCP reads a compound packet (RFC 3550 section 6): who reports, and the
// canonical name.
func decodeRTCP(f *frame.Frame) (Message, error) {
	m := Message{Type: "report"}
	r := &reader{b: f.Payload}
	var ssrc uint32
	var name string
	for r.err == nil && r.rest() >= 4 {
		first, kind := r.u8("version"), r.u8("type")
		length := 4 * int(r.u16("length"))
		if first>>6 != 2 {
			r.bad("version", "%d", first>>6)
			break
		}
		body := r.take("packet", length)
		if kind <= 201 && len(body) >= 4 && ssrc == 0 {
			ssrc = binary.BigEndian.Uint32(body)
		}
		// SDES: a source, then items of type, length and text; 1 is the canonical name.
		if kind == 202 && len(body) > 6 && body[4] == 1 && 6+int(body[5]) <= len(body) {
			name = string(body[6 : 6+int(body[5])])
		}
	}
	m.add("ssrc", "0x%08x", ssrc)
	m.addText("name", name)
	if r.err == nil {
		m.Peer = Peer{Product: "RTCP", ID: fmt.Sprintf("%s %08x", f.Src, ssrc), Name: name, Role: "reports", Beat: true}
	}
	return m, r.err
}

func claimsSAP(f *frame.Frame) bool { return isUDP(f, 9875) && f.DstPort == 9875 }

// decodeSAP reads an announcement (RFC 2974 section 3) and the session that it
// describes (RFC 8866): the name, its address and its media.
//
//	0 version, address type, deletion, encryption, compression  1 authentication words  2 hash  4 origin
func decodeSAP(f *frame.Frame) (Message, error) {
	m := Message{Type: "announcement"}
	r := &reader{b: f.Payload}
	flags, words := r.u8("flags"), int(r.u8("authentication length"))
	hash := r.u16("hash")
	origin := 4
	if flags&0x10 != 0 {
		origin = 16
	}
	r.skip("origin", origin)
	r.skip("authentication", 4*words)
	if r.err == nil && flags>>5 != 1 {
		r.at = 0
		r.bad("version", "%d", flags>>5)
	}
	if r.err != nil {
		return m, r.err
	}
	m.add("hash", "%04x", hash)
	if flags&0x04 != 0 {
		m.Type = "deletion"
	}
	m.Peer = Peer{Product: "SAP", Role: "announcer", Beat: true, Gone: m.Type == "deletion"}
	body := r.b[r.at:]
	switch {
	case flags&0x02 != 0:
		m.Peer.Notes = []string{"an encrypted session"}
		return m, nil
	case flags&0x01 != 0:
		var err error
		if body, err = inflate(body, zlibStream); err != nil {
			return m, &Error{r.at, "compressed session", err.Error()}
		}
	}
	if kind, rest, ok := bytes.Cut(body, []byte{0}); ok && bytes.Contains(kind, []byte("/")) {
		body = rest
	}
	if s := readSDP(body); s.name != "" || s.address != "" {
		m.addText("session", s.name)
		m.addText("address", s.address)
		m.addText("media", list(s.media, ", "))
		m.Peer.Notes = []string{s.String()}
	}
	return m, nil
}

// session is what a description in SDP names.
type session struct {
	name, address string
	media         []string
}

func (s session) String() string {
	text := fmt.Sprintf("%q", s.name)
	if s.address != "" {
		text += " at " + s.address
	}
	if len(s.media) > 0 {
		text += ", " + list(s.media, ", ")
	}
	return text
}

func readSDP(b []byte) (s session) {
	for i, line := range strings.Split(string(b), "\n") {
		line = strings.TrimSpace(line)
		if i > 200 || len(line) < 2 || line[1] != '=' {
			continue
		}
		value := line[2:]
		words := strings.Fields(value)
		switch line[0] {
		case 's':
			s.name = value
		case 'c':
			if len(words) == 3 && s.address == "" {
				s.address, _, _ = strings.Cut(words[2], "/")
			}
		case 'm':
			if len(words) >= 3 && len(s.media) < maxListed {
				s.media = append(s.media, fmt.Sprintf("%s port %s (%s)", words[0], words[1], words[2]))
			}
		}
	}
	return s
}
