package proto

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"

	"muster/sniff/frame"
)

// JGroups is what a packet of JGroups says, as far as it can be read without
// knowing every class that may stand in it.
type JGroups struct {
	Major, Minor, Micro int // 0 for MPING, whose datagrams have no version
	Cluster             string
	// Sender is the member's UUID; Name and Physical are those of the member that a
	// discovery message is about, which is the sender in a request.
	Sender, Name, Physical string
	Coordinator            bool
	// Infinispan is the release that Infinispan 16 puts into its addresses.
	Infinispan string
	Encrypted  bool
	// View is the id of a view (creator and number) and how many members it has.
	View string
	Size int
}

// jgroupsPorts are the defaults of JGroups itself, of WildFly and Keycloak, and
// of Infinispan; mpingPort that of the discovery of TCP stacks.
var jgroupsPorts = map[uint16]bool{45588: true, 45688: true, 45700: true, 46655: true}

const mpingPort = 7555

// claimsJGroups goes by the default ports, else by a packet in which the cluster's
// name stands where it has to.
func claimsJGroups(f *frame.Frame) bool {
	b := f.Payload
	if f.Proto != frame.ProtoUDP || !f.HasPorts || len(b) < 8 {
		return false
	}
	if jgroupsPorts[f.DstPort] && f.Multicast() {
		return true
	}
	if v := binary.BigEndian.Uint16(b); b[2]&^7 == 0 && v>>11 >= 2 && v>>11 <= 6 {
		j, _, err := readJGroups(b)
		return err == nil && j.Cluster != ""
	}
	if f.Multicast() {
		j, ok := readMPING(b)
		return ok && j.Cluster != ""
	}
	return false
}

// The flags of a packet (TP), the leading byte of a message (Message) and the flags
// of an address in it (Util).
const (
	jgroupsList = 1

	jgroupsDest   = 1
	jgroupsSource = 2
	jgroupsBuffer = 4

	jgroupsNull = 1
	jgroupsUUID = 2
	jgroupsIP   = 16
	// A UUID with a site, whose name follows.
	jgroupsSite     = 4
	jgroupsSiteUUID = 8
)

// decodeJGroups reads the version, the flags, the name of the cluster, and what
// discovery and MERGE3 tell of a member.
func decodeJGroups(f *frame.Frame) (Message, error) {
	m := Message{Type: "message"}
	if f.DstPort == mpingPort {
		if j, ok := readMPING(f.Payload); ok {
			m.Type = "discovery"
			m.jgroups(f, &j, "MPING")
			return m, nil
		}
	}
	j, kind, err := readJGroups(f.Payload)
	if j.Major == 0 {
		if p, ok := readMPING(f.Payload); ok {
			m.Type = "discovery"
			m.jgroups(f, &p, "MPING")
			return m, nil
		}
		return m, err
	}
	m.Type = kind
	m.jgroups(f, &j, "")
	return m, err
}

func (m *Message) jgroups(f *frame.Frame, j *JGroups, note string) {
	p := Peer{Product: "JGroups", ID: j.Sender, Name: j.Name, Address: j.Physical, Beat: m.Type == "heartbeat" || m.Type == "merge"}
	if j.Major > 0 {
		p.Release = fmt.Sprintf("%d.%d.%d", j.Major, j.Minor, j.Micro)
		m.add("version", "%s", p.Release)
	}
	if j.Cluster != "" {
		p.Kind, p.Cluster = "cluster", j.Cluster
	}
	if j.Coordinator {
		p.Role = "coordinator"
	}
	if note != "" {
		p.Notes = append(p.Notes, note)
	}
	if j.Encrypted {
		p.Notes = append(p.Notes, "encrypts its messages")
	}
	if j.Infinispan != "" {
		p.Notes = append(p.Notes, "Infinispan "+j.Infinispan)
	}
	if j.View != "" {
		p.Notes = append(p.Notes, "view "+j.View)
	}
	m.addText("cluster", j.Cluster)
	m.addText("name", j.Name)
	m.addText("address", j.Physical)
	m.addText("member", j.Sender)
	m.addText("infinispan", j.Infinispan)
	if j.Size > 0 {
		m.add("view_members", "%d", j.Size)
	}
	m.Value, m.Peer = j, p
}

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
		for _, field := range []string{"destination", "source"} {
			a, ok := j.address(r, field)
			if !ok {
				return j, kind, r.err
			}
			if field == "source" {
				j.Sender = a
			}
		}
		if j.Major < 3 {
			j.Cluster, _, _ = j.transport(r, false)
			return j, kind, nil
		}
		if n := int16(r.u16("cluster name")); n >= 0 {
			name := r.take("cluster name", int(n))
			if r.err == nil && n > 0 && !isText(name) {
				r.bad("cluster name", "no text")
				return j, kind, r.err
			}
			j.Cluster = string(name)
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
	if lead&jgroupsSource != 0 {
		a, ok := j.address(r, "source")
		if !ok {
			return 0, lead, false
		}
		j.Sender = a
	}
	n := int(r.u16("number of headers"))
	return n, lead, r.err == nil && n < 64
}

// address reads an address and writes it as text; ok is false for kinds without a
// known length.
func (j *JGroups) address(r *reader, field string) (text string, ok bool) {
	switch kind := r.u8(field); {
	case r.err != nil || kind == jgroupsNull:
		return "", r.err == nil
	case kind == jgroupsUUID:
		text = hex.EncodeToString(r.take(field, 16))
		if j.Major == 2 {
			r.skip(field, 1)
		}
		return text, r.err == nil
	case kind == jgroupsIP || kind == jgroupsIP>>2 && j.Major == 2:
		return r.physical(field), r.err == nil
	case kind == jgroupsSite || kind == jgroupsSiteUUID:
		return "", false
	case kind == 0:
		return j.ownAddress(r, field)
	}
	return "", false
}

// ownAddress reads an address of a class of its own: its number and a body. Infinispan
// 16 has one: a UUID, then pairs of texts in which "v" is its release.
func (j *JGroups) ownAddress(r *reader, field string) (string, bool) {
	return "", false
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

// Classes of headers (jg-magic-map.xml), which are numbered anew since 4.0.
const (
	tpHeaderOld, tpHeader       = 0x0038, 0x003c
	pingHeaderOld, pingHeader   = 0x000d, 0x0035
	heartbeatOld, heartbeat     = 0x003d, 0x003e
	gmsHeaderOld, gmsHeader     = 0x0018, 0x0037
	mergeHeaderOld, mergeHeader = 0x005a, 0x004b
)

// encryptHeaders are the protocol and class of SYM_ENCRYPT's header, up to 3.x and
// since 4.0. It stands before the transport's, often behind others.
var encryptHeaders = map[bool][]byte{true: {0, 0x4c, 0, 0x39}, false: {0, 0x3a, 0, 0x58}}

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
	j.Encrypted = bytes.Contains(r.b[r.at:at], encryptHeaders[j.Major < 4])
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
		if end > len(b) || !isText(b[at+6:end]) {
			continue
		}
		for _, p := range []int{end, end + 1} {
			if p == len(b) {
				return string(b[at+6 : end]), at, p
			}
			if p+4 > len(b) {
				continue
			}
			if n := int64(binary.BigEndian.Uint32(b[p:])); n == int64(len(b)-p-4) || n == null && p+4 == len(b) {
				return string(b[at+6 : end]), at, p + 4
			}
		}
		if name == "" && !exact {
			name, found = string(b[at+6:end]), at
		}
	}
	return name, found, len(b)
}

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
		j.View = fmt.Sprintf("%.8s|%d", creator, number)
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
