package proto

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// discovery reads a request or an answer of discovery (PingHeader, PingData): in 2.x
// the data stands in the header, since 3.0 in the payload.
func (j *JGroups) discovery(body *reader, payload []byte) string {
	if j.Major == 2 {
		j.discoveryOld(body)
		return "discovery"
	}
	// Since 5.0 three more bytes stand before the data.
	for _, at := range []int{0, 3} {
		if len(payload) < at+2 || payload[at] != 1 {
			continue
		}
		p := &reader{b: payload, at: at + 1}
		member, ok := j.address(p, "member")
		if !ok || member == "" {
			continue
		}
		flags := p.u8("flags")
		if p.u8("name") != 1 {
			continue
		}
		name := p.text("name")
		j.data(name, func() string {
			if kind := p.u8("address"); kind != jgroupsIP {
				return ""
			}
			return p.physical("address")
		}, true, member == j.Sender)
		if member == j.Sender {
			j.Coordinator = flags&2 != 0
		}
		break
	}
	return "discovery"
}

// discoveryOld reads the header of 2.x: type, and the data: address, no view, name,
// physical addresses; then a mark and the cluster's name, which it returns.
func (j *JGroups) discoveryOld(body *reader) (cluster string) {
	kind := body.u8("type")
	if body.u8("data") != 1 {
		return ""
	}
	if _, ok := j.address(body, "member"); !ok || !bytes.HasPrefix(body.b[body.at:], []byte{0, 0, 0, 1}) {
		return ""
	}
	body.skip("view", 4)
	name := body.text("name")
	count := body.u16("number of addresses")
	body.skip("kind of address", 1)
	j.data(name, func() string { return body.physical("address") }, count > 0, kind == 1)
	if count != 1 {
		return ""
	}
	body.skip("end of the addresses", 1)
	if body.u8("cluster") != 1 {
		return ""
	}
	return body.text("cluster")
}

// data takes what discovery says of a member where that is the sender.
func (j *JGroups) data(name string, physical func() string, has, own bool) {
	if !own || !isText([]byte(name)) {
		return
	}
	j.Name = name
	if has {
		j.Physical = physical()
	}
}

// merge reads the information of MERGE3: kind, the view's id, name and address.
func (j *JGroups) merge(r *reader) string {
	kind := r.u8("kind")
	if r.u8("view") != 1 {
		return "merge"
	}
	creator, ok := j.address(r, "creator")
	if !ok {
		return "merge"
	}
	number := r.compressed("number")
	if kind == 0 && r.u8("name") == 1 {
		if name := r.text("name"); isText([]byte(name)) {
			j.Name = name
		}
		if r.u8("address") == jgroupsIP {
			j.Physical = r.physical("address")
		}
	}
	if r.err == nil {
		j.Creator, j.View = creator, fmt.Sprint(number)
		j.Coordinator = creator == j.Sender
	}
	return "merge"
}

// compressed reads a number as Bits.writeLongCompressed does: how many bytes, and
// these, the lowest first.
func (r *reader) compressed(field string) (v uint64) {
	n := int(r.u8(field))
	if n > 8 {
		r.bad(field, "%d bytes", n)
	}
	for i, x := range r.take(field, n) {
		v |= uint64(x) << (8 * i)
	}
	return v
}

// readMPING reads a datagram of MPING: a message without the version and flags of
// the transport, whose only header is that of discovery and names the cluster.
func readMPING(b []byte) (j JGroups, ok bool) {
	if len(b) < 32 || b[0]&^7 != 0 || b[0]&jgroupsSource == 0 {
		return j, false
	}
	for _, read := range []func(*reader) (JGroups, bool){mping, mpingOld} {
		if j, ok := read(&reader{b: b}); ok {
			return j, true
		}
	}
	return JGroups{}, false
}

// mpingHeader reads up to the body of the only header.
func (j *JGroups) mpingHeader(r *reader) bool {
	n, lead, ok := j.message(r)
	if !ok || n != 1 || lead&jgroupsSource == 0 {
		return false
	}
	r.skip("protocol", 2)
	class := r.u16("class")
	return r.err == nil && (class == pingHeaderOld || class == pingHeader)
}

// mping reads that of 3.0 and later: type, a mark, the name, since 4.0 whether it is the
// first discovery, the length of the payload and that.
func mping(r *reader) (j JGroups, ok bool) {
	if !j.mpingHeader(r) {
		return j, false
	}
	if kind := r.u8("type"); kind == 0 || kind > 4 || r.u8("name") != 1 {
		return j, false
	}
	name := r.text("cluster")
	if r.err != nil || !isText([]byte(name)) || !r.payload(1) && !r.payload(0) {
		return j, false
	}
	j.Cluster = name
	j.discovery(nil, r.b[r.at:])
	return j, true
}

// payload passes over n bytes and a length, if that is the length of all that follows.
func (r *reader) payload(n int) bool {
	at := r.at + n
	if at+4 > len(r.b) || int64(binary.BigEndian.Uint32(r.b[at:])) != int64(len(r.b)-at-4) {
		return false
	}
	r.at = at + 4
	return true
}

// mpingOld reads that of 2.x, whose header has it all.
func mpingOld(r *reader) (JGroups, bool) {
	j := JGroups{Major: 2}
	if !j.mpingHeader(r) {
		return j, false
	}
	j.Cluster = j.discoveryOld(r)
	j.Major = 0 // no version is in it, only the layout of one
	return j, r.err == nil && isText([]byte(j.Cluster))
}
