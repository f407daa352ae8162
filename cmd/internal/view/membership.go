package view

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/tribes"
	"muster/tribes/cluster/membership"
)

// MemberEvent is a change of the membership in JSON.
type MemberEvent struct {
	Type     string    `json:"type"` // member_added, member_alive, member_suspect, member_disappeared
	Time     time.Time `json:"time"`
	Member   Member    `json:"member"`
	Reason   string    `json:"reason"`
	SilentMS int64     `json:"silent_ms"`
	Error    string    `json:"error,omitempty"` // of the TCP check, where it decided
}

// NewMemberEvent shares no memory with ev.
func NewMemberEvent(ev *membership.Event) MemberEvent {
	v := MemberEvent{
		Type: "member_" + ev.Kind.String(), Time: ev.Time, Member: NewMember(&ev.Member, ev.Source),
		Reason: string(ev.Reason), SilentMS: ev.Silent.Milliseconds(),
	}
	if ev.Err != nil {
		v.Error = escape.Text(ev.Err.Error())
	}
	return v
}

// MemberEventText is ev as a line for people.
func MemberEventText(s *term.Stream, ev *membership.Event) string {
	word, why := "", ""
	silent := term.Seconds(ev.Silent)
	switch ev.Kind {
	case membership.Added:
		word = s.Good("added  ")
	case membership.Alive:
		word, why = s.Good("alive  "), "heard again after "+silent
	case membership.Suspect:
		word, why = s.Doubt("suspect"), "silent for "+silent+", but its receiver still answers"
		if ev.Reason == membership.TCPFailed || ev.Reason == membership.OtherForm {
			why = fmt.Sprintf("heard, but not a member: %v", ev.Err)
		}
	default:
		word, why = s.Bad("gone   "), goneText(ev, silent)
	}
	line := fmt.Sprintf("%s  %s  %-21s  %s", s.Dim(term.Clock(ev.Time)), word, MemberAddress(&ev.Member), memberID(&ev.Member))
	if ev.Member.Generation != tribes.V1 {
		line += "  " + ev.Member.Generation.Tomcat()
	}
	if len(ev.Member.Domain) > 0 {
		line += fmt.Sprintf("  domain %q", escape.Bytes(ev.Member.Domain))
	}
	if why != "" {
		line += "  " + escape.Text(why)
	}
	return s.Hang(line)
}

// memberID is a member's id for people; that of a Tomcat 5.5 has none.
func memberID(m *tribes.Member) string {
	if m.Generation == tribes.V55 {
		return "-"
	}
	return m.ID.String()
}

func goneText(ev *membership.Event, silent string) string {
	switch ev.Reason {
	case membership.Shutdown:
		return "said goodbye"
	case membership.Restarted:
		return "restarted: another id is at its address, and it is silent for " + silent
	case membership.TCPFailed:
		if ev.Err != nil {
			return fmt.Sprintf("its receiver does not answer any more: %v", ev.Err)
		}
	}
	if ev.Err != nil {
		return fmt.Sprintf("silent for %s, and its receiver does not answer: %v", silent, ev.Err)
	}
	return "silent for " + silent
}

// MemberLogText is ev as SimpleTcpCluster writes it into a Tomcat's log, or ""
// for what it does not log.
func MemberLogText(ev *membership.Event) string {
	text := ev.Member.Text(ev.Member.TextForm())
	switch ev.Kind {
	case membership.Added:
		return "Replication member added:[" + text + "]"
	case membership.Disappeared:
		return "Received member disappeared:[" + text + "]"
	}
	return ""
}

// MemberAddress is where a member's receiver is, for people: its host may be no
// address at all.
func MemberAddress(m *tribes.Member) string {
	if a, ok := m.Addr(); ok {
		if a.Is4() {
			return fmt.Sprintf("%s:%d", a, m.Port)
		}
		return fmt.Sprintf("[%s]:%d", a, m.Port)
	}
	return fmt.Sprintf("%s:%d", m.Hostname(m.TextForm()), m.Port)
}

// MemberRow is a member as it stands, in JSON.
type MemberRow struct {
	Type string `json:"type"` // member
	Member
	State      string    `json:"state"` // member, suspect, unconfirmed
	Heartbeats uint64    `json:"heartbeats"`
	IntervalMS float64   `json:"interval_ms"` // mean between its heartbeats; 0 where unknown
	FirstSeen  time.Time `json:"first_seen"`
	LastSeen   time.Time `json:"last_seen"`
	// Flags are what is unusual: loopback, source_differs, address_shared, no_address.
	Flags []string `json:"flags"`
	Own   bool     `json:"own"` // it sends from this host
}

// NewMemberRow shares no memory with i.
func NewMemberRow(i *membership.Info) MemberRow {
	return MemberRow{
		Type: "member", Member: NewMember(&i.Member, i.Source), State: i.State, Heartbeats: i.Beats,
		IntervalMS: float64(i.Interval.Microseconds()) / 1000, FirstSeen: i.First, LastSeen: i.Last,
		Flags: memberFlags(i),
	}
}

func memberFlags(i *membership.Info) []string {
	flags := []string{}
	a, ok := i.Member.Addr()
	switch {
	case !ok:
		flags = append(flags, "no_address")
	case a.IsLoopback():
		flags = append(flags, "loopback")
	case i.Source.IsValid() && i.Source.Addr().Unmap().WithZone("") != a.Unmap():
		flags = append(flags, "source_differs")
	}
	if i.Shared {
		flags = append(flags, "address_shared")
	}
	return flags
}

// memberFlagText says for people what a flag means.
var memberFlagText = map[string]string{
	"no_address":     "its host is no address",
	"loopback":       "advertises a loopback address: only its own host reaches it",
	"source_differs": "advertises another address than it sends from",
	"address_shared": "shares its address with another id",
}

// MemberTable prints members as they stand.
// own tells who sends from this host.
func MemberTable(s *term.Stream, infos []membership.Info, own func(netip.AddrPort) bool) error {
	t := term.Table{
		Header: []string{"MEMBER", "ID", "ALIVE", "DOMAIN", "TOMCAT", "SOURCE", "INTERVAL", "NOTES"},
		Right:  map[int]bool{2: true, 6: true},
	}
	for n := range infos {
		i := &infos[n]
		var notes []string
		if own(i.Source) {
			notes = append(notes, "this host")
		}
		if i.State != "member" {
			notes = append(notes, i.State)
		}
		if p := i.Member.SecurePort; p > 0 {
			notes = append(notes, fmt.Sprintf("TLS at port %d", p))
		}
		for _, f := range memberFlags(i) {
			notes = append(notes, memberFlagText[f])
		}
		interval := "-"
		if i.Interval > 0 {
			interval = term.Seconds(i.Interval)
		}
		t.Add(MemberAddress(&i.Member), memberID(&i.Member), fmt.Sprintf("%dms", i.Member.Alive), dash(escape.Bytes(i.Member.Domain)),
			strings.TrimPrefix(i.Member.Generation.Tomcat(), "Tomcat "), dash(sourceText(i.Source)), interval, dash(strings.Join(notes, "; ")))
	}
	return t.Render(s)
}

func sourceText(ap netip.AddrPort) string {
	if !ap.IsValid() {
		return ""
	}
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()).String()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
