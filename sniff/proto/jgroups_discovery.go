package proto

import (
	"bytes"
	"fmt"
)

// discovery reads a request or an answer of discovery (PingHeader, PingData): in 2.x
// the data stands in the header, since 3.0 in the payload.
func (j *JGroups) discovery(body *reader, payload []byte) string {
	if j.Major == 2 {
		kind := body.u8("type")
		if body.u8("data") == 1 {
			if _, ok := j.address(body, "member"); ok && bytes.HasPrefix(body.b[body.at:], []byte{0, 0, 0, 1}) {
				body.skip("view", 4)
				name := body.text("name")
				count := body.u16("number of addresses")
				body.skip("kind of address", 1)
				j.data(name, func() string { return body.physical("address") }, count > 0, kind == 1)
			}
		}
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
// the transport, whose only header is that of discovery and names the cluster: type,
// a mark, the name, whether it is the first discovery.
func readMPING(b []byte) (j JGroups, ok bool) {
	r := &reader{b: b}
	n, lead, ok := j.message(r)
	if !ok || n != 1 || lead&jgroupsSource == 0 || r.rest() < 4 {
		return JGroups{}, false
	}
	r.skip("protocol", 2)
	if class := r.u16("class"); class != pingHeaderOld && class != pingHeader {
		return JGroups{}, false
	}
	if kind := r.u8("type"); kind == 0 || kind > 4 || r.u8("name") != 1 {
		return JGroups{}, false
	}
	name := r.text("cluster")
	r.skip("first", 1)
	length := r.i32("payload")
	if r.err != nil || !isText([]byte(name)) || length != r.rest() {
		return JGroups{}, false
	}
	j.Cluster = name
	j.discovery(nil, r.b[r.at:])
	return j, true
}
