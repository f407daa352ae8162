package logs

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Member is a member of the cluster as a log names it.
type Member struct {
	// Addr is the address and port of its receiver.
	Addr netip.AddrPort
	// Host is what stands there instead where it is no address.
	Host string
	// ID is the unique id, sixteen bytes as they are written; "" in 5.5 and where
	// only the address is named.
	ID string
	// Alive is since when the member said it lives, 0 where it is not written.
	Alive time.Duration
	// Domain is its domain, "" for the default.
	Domain string
}

func (m Member) String() string {
	if m.Addr.IsValid() {
		return m.Addr.String()
	}
	return m.Host
}

// maxAlive bounds what is taken for an alive time: after a recovery some releases
// write a wall clock in its place.
const maxAlive = 20 * 365 * 24 * time.Hour

// parseMember finds the first member in a text:
//
//	MemberImpl[tcp://{10, 77, 0, 12}:4000,{10, 77, 0, 12},4000, alive=1042, ..., id={1 2 ... }, ...]
//	McastMember[tcp://10.77.0.12:4000,catalina,10.77.0.12,4000, alive=9018]
//	tcp://{10, 77, 0, 12}:4000
func parseMember(s string) (Member, bool) {
	at := strings.Index(s, "tcp://")
	if at < 0 {
		return Member{}, false
	}
	s = s[at+len("tcp://"):]
	var m Member
	var ok bool
	if s, ok = m.address(s); !ok {
		return Member{}, false
	}
	// The rest of the member ends with its bracket; a second member may follow.
	end := strings.Index(s, "]")
	if next := strings.Index(s, "tcp://"); end < 0 || next >= 0 && next < end {
		end = max(next, 0)
		if next < 0 {
			end = len(s)
		}
	}
	s = s[:min(end, 2048)]
	if v, ok := after(s, "alive="); ok {
		if ms, err := strconv.ParseInt(strings.TrimSpace(cutAt(v, ",]")), 10, 64); err == nil && ms > 0 && ms < int64(maxAlive/time.Millisecond) {
			m.Alive = time.Duration(ms) * time.Millisecond
		}
	}
	if v, ok := after(s, "id={"); ok {
		m.ID = strings.Join(strings.Fields(strings.ReplaceAll(cutAt(v, "}"), ",", " ")), " ")
	}
	if v, ok := after(s, "domain={"); ok {
		m.Domain = decodeText(cutAt(v, "}"))
	}
	return m, true
}

// address reads "{10, 77, 0, 12}:4000" or "host:4000" and returns the rest.
func (m *Member) address(s string) (string, bool) {
	var rest string
	if strings.HasPrefix(s, "{") {
		list, tail, ok := strings.Cut(s[1:], "}")
		if !ok {
			return "", false
		}
		b, ok := bytesOf(list, ",")
		if !ok {
			return "", false
		}
		addr, ok := netip.AddrFromSlice(b)
		if !ok {
			return "", false
		}
		m.Addr = netip.AddrPortFrom(addr.Unmap(), 0)
		rest = tail
	} else {
		end := strings.IndexAny(s, ",; ])}")
		if end < 0 {
			end = len(s)
		}
		colon := strings.LastIndexByte(s[:end], ':')
		if colon < 0 {
			return "", false
		}
		host := s[:colon]
		if addr, err := netip.ParseAddr(strings.Trim(host, "[]/")); err == nil {
			m.Addr = netip.AddrPortFrom(addr.Unmap(), 0)
		} else {
			m.Host = host
		}
		rest = s[colon:]
	}
	if !strings.HasPrefix(rest, ":") {
		return rest, m.Addr.IsValid() || m.Host != ""
	}
	n := 1
	for n < len(rest) && isDigit(rest[n]) {
		n++
	}
	port, err := strconv.ParseUint(rest[1:n], 10, 16)
	if err != nil {
		return "", false
	}
	if m.Addr.IsValid() {
		m.Addr = netip.AddrPortFrom(m.Addr.Addr(), uint16(port))
	} else {
		m.Host += rest[:n]
	}
	return rest[n:], true
}

// parseAddress reads the address of a receiver, "/10.77.0.12:4000" with or without
// brackets and a host's name before the slash.
func parseAddress(s string) (netip.AddrPort, bool) {
	s = strings.Trim(strings.TrimSpace(s), "[] ")
	if i := strings.LastIndexByte(s, '/'); i >= 0 {
		s = s[i+1:]
	}
	s = strings.ReplaceAll(s, ",", "") // 5.5 writes 4,000
	a, err := netip.ParseAddrPort(s)
	if err != nil { // Java writes IPv6 without brackets
		if i := strings.LastIndexByte(s, ':'); i > 0 {
			a, err = netip.ParseAddrPort("[" + s[:i] + "]" + s[i:])
		}
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), err == nil
}

// bytesOf reads bytes as Java writes them, with a sign or without.
func bytesOf(list, sep string) ([]byte, bool) {
	var out []byte
	for f := range strings.SplitSeq(list, sep) {
		n, err := strconv.Atoi(strings.TrimSpace(f))
		if err != nil || n < -128 || n > 255 {
			return nil, false
		}
		out = append(out, byte(n))
	}
	return out, true
}

// decodeText reads the bytes of a domain: "112 114 111 100 " is prod.
func decodeText(list string) string {
	list = strings.TrimSpace(strings.ReplaceAll(list, ",", " "))
	if list == "" {
		return ""
	}
	if b, ok := bytesOf(strings.Join(strings.Fields(list), ","), ","); ok {
		return string(b)
	}
	return list
}

func after(s, word string) (string, bool) {
	i := strings.Index(s, word)
	if i < 0 {
		return "", false
	}
	return s[i+len(word):], true
}

func cutAt(s, chars string) string {
	if i := strings.IndexAny(s, chars); i >= 0 {
		return s[:i]
	}
	return s
}
