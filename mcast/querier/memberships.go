package querier

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Membership is a group that this host has joined on an interface, as the kernel
// keeps it.
type Membership struct {
	Interface int
	Device    string
	Group     netip.Addr
	Users     int // sockets, and the kernel itself
	// Version is that of IGMP in force on the interface, 1 to 3; 0 for MLD, where
	// the kernel does not tell.
	Version uint8
	// Timer: a report is due in Due. In version 3 of IGMP and 2 of MLD the timer of
	// a general query is the interface's and does not show here.
	Timer bool
	Due   time.Duration
	// Reporter: this host was the last to report the group, so it is the one to
	// say that it leaves (versions 1 and 2).
	Reporter bool
}

// clockTicks is USER_HZ, in which the kernel tells timers on every architecture
// that muster is built for.
const clockTicks = 100

// ParseIGMP reads /proc/net/igmp: an indented line for each group below the line
// of its device. Groups are numbers in the host's byte order, timers are in ticks.
// At most max are returned; lines that make no sense are left out.
//
//	Idx	Device    : Count Querier	Group    Users Timer	Reporter
//	2	eth0      :     2      V3
//					040000E4     1 0:00000000		0
func ParseIGMP(text string, max int) []Membership {
	var out []Membership
	var on Membership // the device
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		switch {
		case len(f) < 3 || f[0] == "Idx":
		case line[0] != '\t' && line[0] != ' ':
			n, err := strconv.ParseUint(f[0], 10, 31)
			if err != nil {
				n = 0
			}
			on = Membership{Interface: int(n), Device: strings.TrimSuffix(f[1], ":"), Version: versionOf(f[len(f)-1])}
		case on.Interface != 0 && len(out) < max:
			m, ok := on, false
			if m.Group, m.Users, ok = groupLine(f); !ok {
				continue
			}
			if running, ticks, ok := strings.Cut(f[2], ":"); ok && running == "1" {
				n, _ := strconv.ParseUint(ticks, 16, 32)
				m.Timer, m.Due = true, time.Duration(n)*time.Second/clockTicks
			}
			m.Reporter = len(f) > 3 && f[3] == "1"
			out = append(out, m)
		}
	}
	return out
}

func versionOf(s string) uint8 {
	if n, err := strconv.ParseUint(strings.TrimPrefix(s, "V"), 10, 8); err == nil && n >= 1 && n <= 3 {
		return uint8(n)
	}
	return 0
}

func groupLine(f []string) (group netip.Addr, users int, ok bool) {
	raw, err := strconv.ParseUint(f[0], 16, 32)
	users, err2 := strconv.Atoi(f[1])
	if err != nil || err2 != nil {
		return group, 0, false
	}
	var b [4]byte
	binary.NativeEndian.PutUint32(b[:], uint32(raw))
	return netip.AddrFrom4(b), users, true
}

// ParseIGMP6 reads /proc/net/igmp6: index, device, group in network order, users,
// flags, and the ticks after which a report is due.
//
//	2    eth0            ff150000000000000000000000004321     1 00000004 0
func ParseIGMP6(text string, max int) []Membership {
	const running, reporter = 0x01, 0x02 // MAF_TIMER_RUNNING, MAF_LAST_REPORTER
	var out []Membership
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 4 || len(out) >= max {
			continue
		}
		index, err := strconv.ParseUint(f[0], 10, 31)
		raw, err2 := hex.DecodeString(f[2])
		users, err3 := strconv.Atoi(f[3])
		if err != nil || err2 != nil || err3 != nil || len(raw) != 16 {
			continue
		}
		m := Membership{Interface: int(index), Device: f[1], Group: netip.AddrFrom16([16]byte(raw)), Users: users}
		if len(f) > 5 {
			flags, _ := strconv.ParseUint(f[4], 16, 32)
			n, _ := strconv.ParseUint(f[5], 10, 32)
			m.Reporter = flags&reporter != 0
			if flags&running != 0 {
				m.Timer, m.Due = true, time.Duration(n)*time.Second/clockTicks
			}
		}
		out = append(out, m)
	}
	return out
}

// Reported reports whether hosts tell of a group at all: those that stay on the
// link are flooded by switches (RFC 4541 section 2.1.2), and nobody reports all
// hosts or all nodes (RFC 3376 section 5, RFC 3810 section 6).
func Reported(group netip.Addr) bool {
	if group.Is4() {
		b := group.As4()
		return !(b[0] == 224 && b[1] == 0 && b[2] == 0)
	}
	b := group.As16()
	return b[1]&0x0f >= 2 && group != netip.IPv6LinkLocalAllNodes()
}
