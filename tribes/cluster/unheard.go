package cluster

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"muster/internal/verdict"
	"muster/tribes"
	"muster/tribes/cluster/membership"
	"muster/tribes/release"
)

const (
	// unheardAfter is how long a member has to ask the receiver of one that is new to it:
	// its TcpFailureDetector does so with the first heartbeat.
	unheardAfter = 5 * time.Second
	mostUnheard  = 16
)

// unheard are those of all that are members for long, and whose failure detector never
// asked us, though that of another one did; asked is such a one. Whoever asks has heard our
// heartbeats: it is the only sign that the group gets from here to there. Who is in
// another domain than ours need not ask.
func unheard(now time.Time, all []membership.Info, told func(*tribes.Member) release.Seen, domain []byte) (out []membership.Info, asked *membership.Info) {
	for i := range all {
		m := &all[i]
		switch s := told(&m.Member); {
		case s.Asks != release.NotAsked || s.Message != 0:
			asked = m
		case m.State == "member" && now.Sub(m.First) >= unheardAfter && bytes.Equal(m.Member.Domain, domain):
			out = append(out, *m)
		}
	}
	if asked == nil {
		return nil, nil // nobody here may have a failure detector
	}
	return out, asked
}

// unheardVerdicts tells of members that do not seem to hear us. Of one that is expected
// that is a failure.
func (n *Node) unheardVerdicts(now time.Time) (out []verdict.Verdict) {
	if n.receiver == nil || n.joined.IsZero() || now.Sub(n.joined) < unheardAfter || n.seen.unknownAskers() {
		return nil
	}
	own := n.Local()
	silent, asked := unheard(now, n.Members(), n.Seen, own.Domain)
	for i := range silent[:min(len(silent), mostUnheard)] {
		m := &silent[i].Member
		st := verdict.Warn
		if a, ok := m.Addr(); ok && slices.Contains(n.cfg.Known, a.Unmap()) {
			st = verdict.Fail
		}
		out = append(out, verdict.New("tribes.one-way", st, verdict.Hint, textOf(m),
			fmt.Sprintf("%s is heard here and never asked this member's receiver, as %s did and every Tomcat with a TcpFailureDetector does that hears a new member: it does not hear this host, or TCP from it to port %d here is dropped", textOf(m), textOf(&asked.Member), n.Receiver().Port()),
			verdict.Evidence{What: "this member sends heartbeats", Value: "for " + now.Sub(n.joined).Round(time.Second).String(), ReadFrom: n.Group.String()},
			verdict.Next("on "+hostOf(m)+": muster tribes members, is this host heard there?"),
			verdict.Next("muster mesh "+n.Group.Addr().String()+" on both: each way by itself")))
	}
	return out
}

func textOf(m *tribes.Member) string {
	if ap, ok := m.AddrPort(); ok {
		return ap.String()
	}
	return m.Name(m.TextForm())
}

func hostOf(m *tribes.Member) string {
	if a, ok := m.Addr(); ok {
		return a.String()
	}
	return textOf(m)
}

// askedBy notes whose question came to our receiver, among all that are known.
func (s *seen) askedBy(peer netip.Addr, all []membership.Info) {
	found := false
	for i := range all {
		if a, ok := all[i].Member.Addr(); ok && a.Unmap() == peer {
			found = true
			s.note(all[i].Member.ID, func(v *release.Seen) { v.Asks = release.NamesAsked })
		}
	}
	if !found {
		s.mu.Lock()
		s.strangers = true
		s.mu.Unlock()
	}
}

// unknownAskers: somebody asked whom no heartbeat tells.
func (s *seen) unknownAskers() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.strangers
}
