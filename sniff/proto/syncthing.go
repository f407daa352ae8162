package proto

import (
	"encoding/base32"
	"strings"

	"muster/sniff/frame"
)

// The magic numbers of the announcement: of today, and of releases before 0.14.
const (
	syncthingMagic    = 0x2ea7d90b
	syncthingMagicOld = 0x7d79bc40
)

func claimsSyncthing(f *frame.Frame) bool {
	if f.Proto != frame.ProtoUDP || !f.HasPorts || len(f.Payload) < 4 {
		return false
	}
	magic := (&reader{b: f.Payload}).u32("magic")
	return magic == syncthingMagic || magic == syncthingMagicOld
}

// decodeSyncthing reads an announcement (Local Discovery Protocol v4): after the
// magic number a protocol buffer with 1 the device's id and 2 its addresses.
func decodeSyncthing(f *frame.Frame) (Message, error) {
	m := Message{Type: "announcement", Peer: Peer{Product: "Syncthing", Role: "device", Beat: true}}
	r := &reader{b: f.Payload}
	if r.u32("magic") == syncthingMagicOld {
		m.Peer.Release = "before 0.14"
		return m, r.err
	}
	var addresses []string
	for r.err == nil && r.rest() > 0 {
		tag := r.varint("tag")
		switch tag & 7 {
		case 0:
			r.varint("number")
		case 2:
			b := r.take("bytes", int(min(r.varint("length"), 1<<16)))
			switch {
			case tag>>3 == 1 && len(b) == 32:
				m.Peer.ID = syncthingID(b)
				m.Peer.Name = m.Peer.ID
			case tag>>3 == 2 && isText(b) && len(addresses) < maxListed:
				addresses = append(addresses, string(b))
			}
		default:
			r.bad("tag", "wire type %d", tag&7)
		}
	}
	m.addText("device", m.Peer.ID)
	m.addText("addresses", list(addresses, ", "))
	for _, a := range addresses {
		if !strings.Contains(a, "://0.0.0.0") && !strings.Contains(a, "://[::]") {
			m.Peer.Address = a
			break
		}
	}
	return m, r.err
}

// varint reads a number of a protocol buffer, 7 bits a byte.
func (r *reader) varint(field string) uint64 {
	var v uint64
	for shift := 0; shift < 64; shift += 7 {
		b := r.u8(field)
		if v |= uint64(b&0x7f) << shift; b < 0x80 {
			return v
		}
	}
	r.bad(field, "more than ten bytes")
	return 0
}

const base32Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// syncthingID writes a device's id as people know it: base32 of the hash, with a
// check character after every 13 characters (Luhn modulo 32), in groups of seven.
func syncthingID(hash []byte) string {
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(hash) // 52 characters
	var all strings.Builder
	for ; len(text) >= 13; text = text[13:] {
		all.WriteString(text[:13])
		sum, factor := 0, 1
		for i := range 13 {
			addend := factor * strings.IndexByte(base32Alphabet, text[i])
			factor = 3 - factor
			sum += addend/32 + addend%32
		}
		all.WriteByte(base32Alphabet[(32-sum%32)%32])
	}
	s := all.String()
	var parts []string
	for ; len(s) > 7; s = s[7:] {
		parts = append(parts, s[:7])
	}
	return strings.Join(append(parts, s), "-")
}
