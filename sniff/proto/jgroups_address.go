package proto

import (
	"encoding/hex"
	"net/netip"
)

// The first byte of an address (Util.writeAddress): what follows. 0 is the number of a
// class and what that class writes.
const (
	jgroupsNull     = 1
	jgroupsUUID     = 2
	jgroupsSiteUUID = 4 // with the name of a site
	jgroupsMaster   = 8 // a site's master
	jgroupsIP       = 16
)

// address reads an address and writes it as text; ok is false for kinds without a
// known length.
func (j *JGroups) address(r *reader, field string) (text string, ok bool) {
	text, _, ok = j.addressOf(r, field)
	return text, ok
}

// source reads the sender's address, with Infinispan's release where it is in it.
func (j *JGroups) source(r *reader) (ok bool) {
	j.Sender, j.Infinispan, ok = j.addressOf(r, "source")
	return ok
}

func (j *JGroups) addressOf(r *reader, field string) (text, infinispan string, ok bool) {
	switch kind := r.u8(field); {
	case r.err != nil || kind == jgroupsNull:
		return "", "", r.err == nil
	case kind == jgroupsUUID:
		text = hex.EncodeToString(r.take(field, 16))
		if j.Major == 2 {
			r.skip(field, 1)
		}
		return text, "", r.err == nil
	case kind == jgroupsIP || kind == jgroupsIP>>2 && j.Major == 2:
		text = r.physical(field)
		return text, "", r.err == nil
	case kind == jgroupsSiteUUID || kind == jgroupsMaster:
		return j.extended(r, field, true)
	case kind == 0:
		class := r.u16(field)
		if at, ok := extendedClasses[class]; ok && at == (j.Major < 4) {
			return j.extended(r, field, false)
		}
	}
	return "", "", false
}

// extendedClasses are the numbers of ExtendedUUID: 6f up to 3.x (true), 0b in 4.x, 0c
// since 5.0.
var extendedClasses = map[uint16]bool{0x6f: true, 0x0b: false, 0x0c: false}

// extended reads an ExtendedUUID: a UUID, flags, and pairs of a key and a value, each
// with a length of a byte. Infinispan's since 16 has its release as "v". With site the names
// of the member and of its site follow since 5.0.
func (j *JGroups) extended(r *reader, field string, site bool) (id, infinispan string, ok bool) {
	id = hex.EncodeToString(r.take(field, 16))
	if j.Major > 0 && j.Major < 4 {
		r.skip(field, 2)
	} else {
		r.compressed(field)
	}
	for range int(r.u8(field)) {
		key := string(r.take(field, int(r.u8(field))))
		value := r.take(field, int(r.u8(field)))
		if r.err != nil {
			return "", "", false
		}
		if key == "v" && isText(value) {
			infinispan = string(value)
		}
	}
	if site && j.Major >= 5 {
		for range 2 {
			if r.u8(field) == 1 {
				_ = r.text(field)
			}
		}
	}
	return id, infinispan, r.err == nil
}

// physical reads the length of an IP address, the address and the port.
func (r *reader) physical(field string) string {
	n := int(r.u8(field))
	if n != 4 && n != 16 {
		r.bad(field, "an address of %d bytes", n)
		return ""
	}
	a, _ := netip.AddrFromSlice(r.take(field, n))
	port := r.u16(field)
	if r.err != nil {
		return ""
	}
	return netip.AddrPortFrom(a.Unmap(), port).String()
}
