package tribes

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
)

// A heartbeat of Tomcat 5.5 (o.a.catalina.cluster.mcast.McastMember), as seen
// from 5.5.15:
//
//	i64 alive | i32 port | 4 bytes of address | i32 n | name | i32 m | domain
//
// The name is tcp://HOST:PORT, by which a 5.5 tells members apart. There is no
// mark to know it by: the name is one, for it begins and ends as the port says.
const (
	name55Begin = "tcp://"
	name55At    = 8 + 4 + 4 + 4
	host55Len   = 4
	// maxName55 bounds the name: a host name has at most 255 characters.
	maxName55 = len(name55Begin) + 255 + len(":65535")
)

// is55 reports whether b begins as a heartbeat of Tomcat 5.5 does: a name where
// one has to be, of a length that can be.
func is55(b []byte) bool {
	if len(b) < name55At+len(name55Begin) || string(b[name55At:name55At+len(name55Begin)]) != name55Begin {
		return false
	}
	n := binary.BigEndian.Uint32(b[name55At-4:])
	return n > uint32(len(name55Begin)) && n <= uint32(maxName55)
}

// parse55 reads the record at the beginning of b.
func parse55(b []byte) (m Member, n int, err error) {
	r := fields{b: b}
	m = Member{Generation: V55, SecurePort: -1, UDPPort: -1}
	m.Alive = int64(r.u64("alive"))
	m.Port = int32(r.u32("port"))
	m.Host = r.take("address", host55Len)
	at := r.at + 4
	m.Label = r.sized("name")
	m.Domain = r.sized("domain")
	if r.err != nil {
		return Member{}, 0, r.err
	}
	if m.Port <= 0 || m.Port > 65535 {
		return Member{}, 0, bad(8, "port", "%d is no port", m.Port)
	}
	if !bytes.HasSuffix(m.Label, strconv.AppendInt([]byte(":"), int64(m.Port), 10)) {
		return Member{}, 0, bad(at, "name", "%q does not end with the port, %d", m.Label, m.Port)
	}
	return m, r.at, nil
}

func (m *Member) append55(b []byte) ([]byte, error) {
	if len(m.Host) != host55Len {
		return b, fmt.Errorf("member host is %d bytes long, and Tomcat 5.5 has IPv4 addresses alone", len(m.Host))
	}
	be := binary.BigEndian
	b = be.AppendUint64(b, uint64(m.Alive))
	b = be.AppendUint32(b, uint32(m.Port))
	b = append(b, m.Host...)
	b = appendSized(b, m.label55())
	return appendSized(b, m.Domain), nil
}

func (m *Member) len55() int { return name55At + len(m.label55()) + 4 + len(m.Domain) }

// label55 is the name that m sends, or that a 5.5 would give it.
func (m *Member) label55() []byte {
	if m.Label != nil {
		return m.Label
	}
	host, _ := netip.AddrFromSlice(m.Host)
	return fmt.Appendf(nil, "%s%s:%d", name55Begin, host, m.Port)
}
