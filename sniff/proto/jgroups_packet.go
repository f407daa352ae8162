package proto

import (
	"bytes"
	"encoding/binary"
	"unicode"
)

// The flags of a packet (TP) and the leading byte of a message (Message).
const (
	jgroupsList = 1

	jgroupsDest   = 1
	jgroupsSource = 2
	jgroupsBuffer = 4
)

// readJGroups reads a packet of TP: version (5 bits major, 5 minor, 6 micro), flags,
// then one message or a list of them (TP.writeMessage, writeMessageList):
//
//	list: destination, source, cluster name (since 3.0), the messages
//	one: type (16 bits, since 5.0), leading byte, flags (8 bits before 3.0, 16 since),
//	addresses, number of headers, headers, and the payload
//
// A header is the number of its protocol, that of its class, and a body of a length
// that only the class knows. So those behind an unknown one cannot be counted; the
// transport's header, which has the name and comes last, is looked for instead.
func readJGroups(b []byte) (j JGroups, kind string, err error) {
	kind = "message"
	r := &reader{b: b}
	v, flags := r.u16("version"), r.u8("flags")
	if r.err != nil {
		return j, kind, r.err
	}
	j.Major, j.Minor, j.Micro = int(v>>11), int(v>>6&0x1f), int(v&0x3f)
	if flags&jgroupsList != 0 {
		kind = "messages"
		if _, ok := j.address(r, "destination"); !ok || !j.source(r) {
			return j, kind, r.err
		}
		if j.Major < 3 {
			j.Cluster, _, _ = j.transport(r, false)
			return j, kind, nil
		}
		if n := int16(r.u16("cluster name")); n >= 0 {
			name := r.take("cluster name", int(n))
			if j.Cluster = clusterName(name); r.err == nil && n > 0 && j.Cluster == "" {
				r.bad("cluster name", "no text")
			}
		}
		return j, kind, r.err
	}
	exact := j.Major >= 3 // the payload's length follows the headers
	if j.Major >= 5 && r.u16("type of message") != 0 {
		exact = false // the payload has another form
	}
	n, lead, ok := j.message(r)
	if !ok {
		return j, kind, nil // an address of a kind that has no fixed length
	}
	if n > 0 && r.rest() >= 4 {
		kind = j.headers(r, lead, n, exact)
	}
	return j, kind, nil
}

// message reads what stands before a message's headers, and their number.
func (j *JGroups) message(r *reader) (headers int, lead byte, ok bool) {
	lead = r.u8("leading byte")
	if j.Major < 3 && j.Major > 0 {
		r.u8("flags of the message")
	} else {
		r.u16("flags of the message")
	}
	if lead&jgroupsDest != 0 {
		if _, ok := j.address(r, "destination"); !ok {
			return 0, lead, false
		}
	}
	if lead&jgroupsSource != 0 && !j.source(r) {
		return 0, lead, false
	}
	n := int(r.u16("number of headers"))
	return n, lead, r.err == nil && n < 64
}

// Classes of headers (jg-magic-map.xml), which are numbered anew since 4.0.
const (
	tpHeaderOld, tpHeader       = 0x0038, 0x003c
	pingHeaderOld, pingHeader   = 0x000d, 0x0035
	heartbeatOld, heartbeat     = 0x003d, 0x003e
	gmsHeaderOld, gmsHeader     = 0x0018, 0x0037
	mergeHeaderOld, mergeHeader = 0x005a, 0x004b
)

// encryptHeaders are the protocols and class of the headers of SYM_ENCRYPT, ASYM_ENCRYPT
// and ENCRYPT (up to 3.x: true, and since 4.0). They stand before the transport's, often behind
// others.
var encryptHeaders = map[bool][][]byte{
	true:  {{0, 0x4c, 0, 0x39}, {0, 0x4d, 0, 0x39}, {0, 0x19, 0, 0x39}},
	false: {{0, 0x3a, 0, 0x58}, {0, 0x3b, 0, 0x58}},
}

func (j *JGroups) class(old, now uint16) uint16 {
	if j.Major > 0 && j.Major < 4 {
		return old
	}
	return now
}

// headers reads the first header, of which the place is known, and the transport's.
func (j *JGroups) headers(r *reader, lead byte, n int, exact bool) string {
	class := binary.BigEndian.Uint16(r.b[r.at+2:])
	body := &reader{b: r.b, at: r.at + 4}
	name, at, after := j.transport(r, exact && (j.Major > 4 || lead&jgroupsBuffer != 0))
	j.Cluster = name
	payload := r.b[after:]
	for _, h := range encryptHeaders[j.Major < 4] {
		j.Encrypted = j.Encrypted || bytes.Contains(r.b[r.at:at], h)
	}
	switch {
	case class == j.class(pingHeaderOld, pingHeader):
		return j.discovery(body, payload)
	case class == j.class(heartbeatOld, heartbeat) && n == 2:
		return "heartbeat"
	case class == j.class(mergeHeaderOld, mergeHeader):
		return j.merge(body)
	case class == j.class(gmsHeaderOld, gmsHeader):
		return "membership"
	case j.Encrypted:
		return "encrypted"
	}
	return "message"
}

// transport looks for the transport's header and returns the cluster's name in it,
// where the header begins, and where the payload does (at the end of the packet where
// there is none). What follows the header, a byte of flags (5.3.10 and later) and the
// length of the payload, tells it from bytes that only look like one; with exact that has
// to be there.
func (j *JGroups) transport(r *reader, exact bool) (name string, at, after int) {
	const null = 1<<32 - 1 // the length of a payload that is not there
	b := r.b
	found := len(b)
	for at := r.at; at+6 <= len(b); at++ {
		class := binary.BigEndian.Uint16(b[at+2:])
		if b[at] != 0 || class != tpHeaderOld && class != tpHeader || j.Major > 4 && class == tpHeaderOld {
			continue
		}
		end := at + 6 + int(binary.BigEndian.Uint16(b[at+4:]))
		if end > len(b) {
			continue
		}
		cluster := clusterName(b[at+6 : end])
		if cluster == "" {
			continue
		}
		for _, p := range []int{end, end + 1} {
			if p == len(b) {
				return cluster, at, p
			}
			if p+4 > len(b) {
				continue
			}
			if n := int64(binary.BigEndian.Uint32(b[p:])); n == int64(len(b)-p-4) || n == null && p+4 == len(b) {
				return cluster, at, p + 4
			}
		}
		if name == "" && !exact && isText(b[at+6:end]) {
			name, found = cluster, at
		}
	}
	return name, found, len(b)
}

// clusterName is a name as AsciiString writes it: the lower eight bits of each
// character, which are Latin-1. "" where that is no text.
func clusterName(b []byte) string {
	if isText(b) {
		return string(b)
	}
	runes := make([]rune, 0, len(b))
	for _, c := range b {
		if !unicode.IsPrint(rune(c)) {
			return ""
		}
		runes = append(runes, rune(c))
	}
	return string(runes)
}
