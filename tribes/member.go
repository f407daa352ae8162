package tribes

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"net/netip"
	"time"
)

// UniqueID is a member's id: 16 random bytes, made once for each start of a
// membership service (T/util/UUIDGenerator).
type UniqueID [16]byte

func (id UniqueID) String() string { return hex.EncodeToString(id[:]) }

// ShutdownCommand is the command of the last heartbeat of a member that leaves
// in order (T/Member.SHUTDOWN_PAYLOAD).
const ShutdownCommand = "BABY-ALEX"

// Member is one member record: the whole of a heartbeat datagram, and the
// sender's address in every TCP message (T/membership/MemberImpl).
type Member struct {
	Generation Generation
	// Alive is the time in milliseconds since the sender's membership started,
	// by its wall clock: it may be negative or, after a recovery, epoch-sized.
	Alive int64
	// Port is the TCP receiver's; SecurePort and UDPPort are -1 where there is
	// none. Tomcat checks no range.
	Port, SecurePort, UDPPort int32
	// Host is the address to connect to, 4 or 16 bytes; other lengths parse but
	// lead nowhere.
	Host []byte
	// Command is empty while the member lives, ShutdownCommand when it leaves.
	Command []byte
	Domain  []byte
	ID      UniqueID
	Payload []byte
	// Label is the name tcp://HOST:PORT that a Tomcat 5.5 sends; nil in other
	// forms. What 5.5 does not send (id, command, payload) is empty.
	Label []byte
}

const (
	beginV0 = "TRIBES-B"
	endV0   = "TRIBES-E"
	beginV1 = "TRIBES-B\x01\x00"
	endV1   = "TRIBES-E\x01\x00"

	maxHost = 127 // the length is a signed byte
	// MaxMember is the largest record that Tomcat builds.
	MaxMember = 65535
)

// IsMember reports whether b begins as a heartbeat of any generation does.
func IsMember(b []byte) bool {
	return len(b) >= len(beginV0) && string(b[:len(beginV0)]) == beginV0 || is55(b)
}

// ParseMember reads the member record of any generation at the beginning of b
// and returns it with the number of bytes it takes; bytes after it are allowed,
// as Tomcat allows them. Inside it is stricter than Tomcat: the fields must end
// exactly at the end marker, and no length may be negative. The byte fields of
// the result alias b: Clone it to keep it. Parsing allocates nothing.
func ParseMember(b []byte) (m Member, n int, err error) {
	if is55(b) {
		return parse55(b)
	}
	g, err := generation(b)
	if err != nil {
		return m, 0, err
	}
	marker := markerLen(g)
	if len(b) < marker+4 {
		return m, 0, short(marker, "body length", 4, len(b)-marker)
	}
	body := int(int32(binary.BigEndian.Uint32(b[marker:])))
	if body < minBody(g) || body > maxBody(g) {
		return m, 0, bad(marker, "body length", "%d, want %d to %d", body, minBody(g), maxBody(g))
	}
	start := marker + 4
	if len(b)-start < body || len(b)-start-body < marker {
		return m, 0, short(start, "body and end marker", body+marker, len(b)-start)
	}
	end := start + body
	if !hasEnd(g, b[end:]) {
		return m, 0, bad(end, "end marker", "not TRIBES-E")
	}
	r := fields{b: b[:end], at: start}
	m.Generation = g
	m.Alive = int64(r.u64("alive"))
	m.Port = int32(r.u32("port"))
	m.SecurePort = int32(r.u32("secure port"))
	m.UDPPort = -1
	if g == V1 {
		m.UDPPort = int32(r.u32("udp port"))
	}
	m.Host = r.host()
	m.Command = r.sized("command")
	m.Domain = r.sized("domain")
	copy(m.ID[:], r.take("unique id", len(m.ID)))
	m.Payload = r.sized("payload")
	if r.err != nil {
		return Member{}, 0, r.err
	}
	if r.at != end {
		return Member{}, 0, bad(r.at, "payload", "%d bytes between the fields and the end marker", end-r.at)
	}
	return m, end + marker, nil
}

// generation reads the begin marker. The two bytes after TRIBES-B are the
// version in v1; in v0 they are the top half of a body length, zero in any
// record that fits a datagram. Anything else is a version that nobody sends,
// which Tomcat does not take for a heartbeat either.
func generation(b []byte) (Generation, error) {
	have := min(len(b), len(beginV0))
	if string(b[:have]) != beginV0[:have] {
		return V1, &ParseError{0, "begin marker", "not TRIBES-B", ErrMarker}
	}
	if len(b) < len(beginV1) {
		return V1, short(0, "begin marker", len(beginV1), len(b))
	}
	switch version := binary.BigEndian.Uint16(b[len(beginV0):]); version {
	case 0x0100:
		return V1, nil
	case 0:
		return V0, nil
	default:
		return V1, &ParseError{len(beginV0), "begin marker", fmt.Sprintf("version %d.%d is not one that Tomcat sends", version>>8, version&0xff), ErrMarker}
	}
}

func markerLen(g Generation) int {
	if g == V0 {
		return len(beginV0)
	}
	return len(beginV1)
}

func hasEnd(g Generation, b []byte) bool {
	if g == V0 {
		return string(b[:len(endV0)]) == endV0
	}
	return string(b[:len(endV1)]) == endV1
}

// minBody is the length of the fixed fields: alive, ports, four lengths, id.
func minBody(g Generation) int {
	if g == V0 {
		return 45
	}
	return 49
}

func maxBody(g Generation) int { return MaxMember - 2*markerLen(g) - 4 }

// AppendTo appends the record to b in m's generation.
func (m *Member) AppendTo(b []byte) ([]byte, error) {
	if len(m.Host) > maxHost {
		return b, fmt.Errorf("member host is %d bytes long, more than %d", len(m.Host), maxHost)
	}
	if n := m.Len(); n > MaxMember {
		return b, fmt.Errorf("member record is %d bytes long, more than %d", n, MaxMember)
	}
	if m.Generation == V55 {
		return m.append55(b)
	}
	be := binary.BigEndian
	begin, end := beginV1, endV1
	if m.Generation == V0 {
		begin, end = beginV0, endV0
	}
	b = append(b, begin...)
	b = be.AppendUint32(b, uint32(m.Len()-2*len(begin)-4))
	b = be.AppendUint64(b, uint64(m.Alive))
	b = be.AppendUint32(b, uint32(m.Port))
	b = be.AppendUint32(b, uint32(m.SecurePort))
	if m.Generation != V0 {
		b = be.AppendUint32(b, uint32(m.UDPPort))
	}
	b = append(b, byte(len(m.Host)))
	b = append(b, m.Host...)
	b = appendSized(b, m.Command)
	b = appendSized(b, m.Domain)
	b = append(b, m.ID[:]...)
	b = appendSized(b, m.Payload)
	return append(b, end...), nil
}

// Len is the number of bytes of the record.
func (m *Member) Len() int {
	if m.Generation == V55 {
		return m.len55()
	}
	return 2*markerLen(m.Generation) + 4 + minBody(m.Generation) +
		len(m.Host) + len(m.Command) + len(m.Domain) + len(m.Payload)
}

// Clone returns a copy that shares no memory with m.
func (m *Member) Clone() Member {
	c := *m
	c.Host = bytes.Clone(m.Host)
	c.Command = bytes.Clone(m.Command)
	c.Domain = bytes.Clone(m.Domain)
	c.Payload = bytes.Clone(m.Payload)
	c.Label = bytes.Clone(m.Label)
	return c
}

// Addr is the host as an address; ok is false where it is neither 4 nor 16 bytes.
func (m *Member) Addr() (addr netip.Addr, ok bool) { return netip.AddrFromSlice(m.Host) }

// AddrPort is where the member's receiver listens; ok is false where the host
// is no address or the port is out of range.
func (m *Member) AddrPort() (ap netip.AddrPort, ok bool) {
	a, ok := m.Addr()
	if !ok || m.Port <= 0 || m.Port > math.MaxUint16 {
		return ap, false
	}
	return netip.AddrPortFrom(a, uint16(m.Port)), true
}

// Shutdown reports whether this is the goodbye of a member that leaves.
func (m *Member) Shutdown() bool { return string(m.Command) == ShutdownCommand }

// AliveTime is Alive as a duration, cut to what a duration holds.
func (m *Member) AliveTime() time.Duration {
	const most = math.MaxInt64 / int64(time.Millisecond)
	return time.Duration(min(max(m.Alive, -most), most)) * time.Millisecond
}

// Same reports whether both records are of one member: Tomcat compares host,
// port and unique id, nothing else (MemberImpl.equals).
func (m *Member) Same(o *Member) bool {
	return m.Port == o.Port && m.ID == o.ID && bytes.Equal(m.Host, o.Host)
}
