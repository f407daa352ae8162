package analysis

import (
	"fmt"
	"net/netip"
	"slices"

	"muster/internal/verdict"
)

// cutOff is a member whose heartbeats stayed away although it lived.
type cutOff struct {
	m *Member
	Silence
	// final: they did not come back before the capture's end. unheard: none came
	// at all.
	final, unheard bool
}

// silences finds the members that were cut off.
func (j *judge) silences() {
	for _, m := range j.heard {
		for _, s := range m.Gaps {
			if s.To-s.From <= j.drop {
				continue
			}
			if s.Unreached > 0 || s.Active && s.To-s.From > 3*int64(m.Beats.Interval())/2 {
				j.cut = append(j.cut, cutOff{m: m, Silence: s})
			}
		}
		if m.Goodbye != 0 || j.Last-m.Last <= max(j.drop, 3*int64(m.Beats.Interval())/2) || j.successor(m) != nil {
			continue
		}
		s := j.silence(m.source(), m.Last, j.Last+second)
		if s.Active || s.Unreached > 0 {
			j.cut = append(j.cut, cutOff{m: m, Silence: s, final: true})
		}
	}
	if len(j.heard) == 0 {
		return // nobody is heard: see staticMix
	}
	for _, m := range j.silent {
		if j.Last-m.Talk.First > j.drop && j.incarnation(m) == nil && j.belongs(m) {
			j.cut = append(j.cut, cutOff{m: m, Silence: Silence{From: m.Talk.First, To: j.Last, Active: true}, final: true, unheard: true})
		}
	}
}

// belongs reports whether somebody who sends messages and no heartbeats is of the
// cluster: it goes on speaking to a member that is heard, and does not say that its
// membership is static. Who sends once is a tool.
func (j *judge) belongs(m *Member) bool {
	k := m.Talk.Kinds
	if m.Record.Port <= 0 || m.Talk.Last-m.Talk.First < j.drop || k["static_start"]+k["static_stop"]+k["static_member"] > 0 {
		return false
	}
	for _, n := range j.heard {
		ap, _ := n.Record.AddrPort()
		if r := j.Receivers[ap]; r != nil && n.Beats.count > enough && r.From.has(m.source()) && string(n.Record.Domain) == string(m.Record.Domain) {
			return true
		}
	}
	return false
}

// successor is the next incarnation of m: the same host and port, another id.
func (j *judge) successor(m *Member) *Member {
	for _, n := range j.heard {
		if n != m && n.First > m.Last && n.Name() == m.Name() {
			return n
		}
	}
	return nil
}

// incarnation is any member that is heard with m's host and port.
func (j *judge) incarnation(m *Member) *Member {
	for _, n := range j.heard {
		if n.Name() == m.Name() {
			return n
		}
	}
	return nil
}

// oneWay: a member lives and its heartbeats do not come here.
func (j *judge) oneWay() {
	var cause []verdict.Part
	if j.bad("igmp.no-querier") {
		cause = append(cause, verdict.ID("igmp.no-querier"))
	}
	if j.bad("mld.snooping") {
		cause = append(cause, verdict.ID("mld.snooping"))
	}
	if j.bad("ttl.too-small") {
		cause = append(cause, verdict.ID("ttl.too-small"))
	}
	for _, c := range j.cut {
		name := c.m.Name()
		more := append([]verdict.Part{
			evidence("unique id", "%s", c.m.Record.ID),
			verdict.Fix("muster listen " + j.groupOf(c.m) + " -d 10s    # here, and on the other nodes"),
			verdict.Fix("muster mesh " + j.groupOf(c.m) + "    # on every node: who hears whom"),
		}, cause...)
		switch {
		case c.unheard:
			j.add("tribes.one-way", verdict.Warn, verdict.Hint, name,
				fmt.Sprintf("%s speaks over TCP since %s, but not one heartbeat of it arrives here: they are lost, or its membership is static", name, j.at(c.From)), more...)
		case c.Active:
			j.add("tribes.one-way", verdict.Fail, verdict.Likely, name,
				fmt.Sprintf("no heartbeat of %s arrives from %s on, %s, while it goes on opening connections and sending over TCP", name, j.at(c.From), span(c.To-c.From)), more...)
		case c.final:
			j.add("tribes.one-way", verdict.Warn, verdict.Hint, name,
				fmt.Sprintf("nothing comes from %s since %s, no heartbeat and no answer to %d attempts over TCP: the host is down, or the way to it is cut", name, j.at(c.From), c.Unreached), more...)
		default:
			j.add("tribes.one-way", verdict.Fail, verdict.Likely, name,
				fmt.Sprintf("nothing came from %s for %s from %s on, and %d attempts to reach it over TCP got no answer; it came back with the same id and its alive time went on: it lived, the way to it was cut",
					name, span(c.To-c.From), j.at(c.From), c.Unreached), more...)
		}
	}
	if !j.bad("tribes.one-way") && len(j.heard) > 1 {
		j.pass("tribes.one-way", "heartbeats of %s that speak here arrive here", all(len(j.heard), "member"))
	}
}

// groupOf is where m's heartbeats go, or where those of others do.
func (j *judge) groupOf(m *Member) string {
	if g := m.Groups.List(); len(g) > 0 {
		return g[0].String()
	}
	for _, n := range j.heard {
		if g := n.Groups.List(); len(g) > 0 {
			return g[0].String()
		}
	}
	return "228.0.0.4:45564"
}

// dropTime: heartbeats are lost, or come too seldom for the drop time.
func (j *judge) dropTime() {
	const id = "tribes.drop-time"
	clean := 0
	for _, m := range j.heard {
		b := &m.Beats
		lost, places := j.Lost(m)
		silence, unexplained := j.worst(m)
		rate := float64(lost) / float64(lost+b.count)
		interval := int64(b.Interval())
		more := []verdict.Part{
			evidence("heartbeats", "%d arrived, %d lost", b.count, lost),
			evidence("interval", "%s", span(interval)),
			evidence("longest silence", "%s, drop time %s", span(silence), span(j.drop)),
			verdict.Fix("mcastDropTime of at least 3 x frequency; 10000 to 30000 on Wi-Fi and busy virtual machines"),
		}
		if j.wasCut(m) {
			more = append(more, verdict.ID("tribes.one-way"))
		}
		switch {
		case lost >= 2 && rate >= 0.05:
			saw := fmt.Sprintf("%d of %d heartbeats of %s did not arrive (%.0f %%); the longest silence was %s of a drop time of %s",
				lost, lost+b.count, m.Name(), rate*100, span(silence), span(j.drop))
			j.add(id, verdict.Warn, j.sureOfLosses(m, places), m.Name(), saw+j.quietNote(m), more...)
		case unexplained:
			sure := verdict.Likely
			if j.sureOfLosses(m, places) == verdict.Hint {
				sure = verdict.Hint
			}
			j.add(id, verdict.Warn, sure, m.Name(),
				fmt.Sprintf("%s was silent for %s, longer than the drop time of %s, and came back with the same id: the others dropped it unless its receiver answered them%s",
					m.Name(), span(silence), span(j.drop), j.quietNote(m)), more...)
		case b.count > enough && interval > 0 && j.drop < 3*interval:
			status := verdict.Warn
			if j.drop <= interval {
				status = verdict.Fail
			}
			j.add(id, status, verdict.Definite, m.Name(),
				fmt.Sprintf("%s sends a heartbeat each %s; a drop time of %s forgives fewer than two that are lost", m.Name(), span(interval), span(j.drop)), more...)
		default:
			clean++
		}
	}
	if clean > 0 && clean == len(j.heard) {
		j.pass(id, "the heartbeats of %s come in time", all(clean, "member"))
	}
}

// sureOfLosses: heartbeats that are missing in several places, each a whole number of
// periods, were lost on the way. In one place alone the sender may have paused; and while nothing at
// all was captured, the capture may have stood still.
func (j *judge) sureOfLosses(m *Member, places uint64) verdict.Confidence {
	switch {
	case j.quietNote(m) != "":
		return verdict.Hint
	case places < 3 || len(j.Steps) > 0 || j.Backs > 0:
		return verdict.Likely
	}
	return verdict.Definite
}

// quietNote tells that a silence of m is one of the whole capture.
func (j *judge) quietNote(m *Member) string {
	for _, s := range m.Gaps {
		if s.quiet != 0 && !j.hole(s.quiet) {
			q := j.Quiet[s.quiet-1]
			return fmt.Sprintf("; nothing of anybody was captured for %s before packet %d, so that the capture itself may have stood still", span(q.To-q.From), q.Packet)
		}
	}
	return ""
}

// worst is the longest silence that is not a pause of the process, and whether
// there is one above the drop time that nothing explains.
func (j *judge) worst(m *Member) (longest int64, unexplained bool) {
	longest = int64(j.Longest(m))
	for _, s := range m.Gaps {
		if s.quiet != 0 && j.hole(s.quiet) {
			continue
		}
		if s.Paused() || j.stopped(m, &s) {
			if longest == s.To-s.From {
				longest = 0
			}
			continue
		}
		longest = max(longest, s.To-s.From)
		unexplained = unexplained || s.Unreached == 0 && s.To-s.From > j.drop
	}
	return longest, unexplained
}

func (j *judge) wasCut(m *Member) bool {
	for _, c := range j.cut {
		if c.m == m {
			return true
		}
	}
	return false
}

// pauses: a process stood still while its host went on.
func (j *judge) pauses() {
	const id = "tribes.gc-pause"
	for _, m := range j.heard {
		var stopped []Silence
		for _, s := range m.Gaps {
			switch {
			case s.Paused() && 2*s.sent <= 3*m.Beats.shortest(): // it never sends more often
			case s.Paused():
				j.add(id, verdict.Warn, verdict.Likely, m.Name(),
					fmt.Sprintf("%s sent nothing for %s from %s on while its host answered over TCP, so the others kept it; it went on with the same id: a pause of its process (garbage collection, a stopped machine)",
						m.Name(), span(s.To-s.From), j.at(s.From)), evidence("unique id", "%s", m.Record.ID))
			case j.stopped(m, &s):
				stopped = append(stopped, s)
			}
		}
		if len(stopped) > 0 && !j.isBad(id, m.Name()) {
			s := stopped[0]
			j.add(id, verdict.Warn, verdict.Likely, m.Name(),
				fmt.Sprintf("no heartbeat of %s came for %s from %s on%s, and those after it are out of step with those before: they were not lost, its process stood still (garbage collection, a stopped machine)",
					m.Name(), span(s.To-s.From), j.at(s.From), timesMore(len(stopped)-1)), evidence("unique id", "%s", m.Record.ID))
		}
	}
}

func timesMore(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", and %s", some(n, "more silence"))
}

// isBad reports whether a verdict of that id speaks against the subject.
func (j *judge) isBad(id verdict.ID, subject string) bool {
	return slices.ContainsFunc(j.out, func(v verdict.Verdict) bool { return v.ID == id && v.Subject == subject && v.Status.Bad() })
}

// stopped reports whether m itself sent nothing in a silence, as the rhythm of its heartbeats tells. A stop whose
// end falls into the old rhythm by chance is known by others of the same member; where
// single heartbeats get lost as well, the rhythm of a silence tells nothing.
func (j *judge) stopped(m *Member, s *Silence) bool {
	if s.Active || s.Unreached > 0 || s.quiet != 0 && j.hole(s.quiet) {
		return false
	}
	period := m.Beats.measure()
	off, in := 0, 0
	for i := range m.Gaps {
		switch g := &m.Gaps[i]; {
		case g.quiet != 0 && j.hole(g.quiet) || g.Active || g.Unreached > 0:
		case outOfStep(g.sent, period):
			off++
		default:
			in++
		}
	}
	return outOfStep(s.sent, period) || off > in && s.sent*1000 <= longestRhythm*period
}

// halfOpen: heartbeats come, the receiver cannot be reached.
func (j *judge) halfOpen() {
	const id = "tribes.half-open"
	reached := 0
	for _, m := range j.heard {
		ap, ok := m.Record.AddrPort()
		if !ok {
			continue
		}
		r := j.Receivers[ap]
		if r == nil {
			continue
		}
		if r.Answered > 0 {
			reached++
			continue
		}
		if r.Refused+r.Silent == 0 || m.Last < r.LastFailed+second || m.Goodbye != 0 {
			continue
		}
		how := "were not answered"
		if r.Refused > 0 {
			how = "were refused"
		}
		sure := verdict.Definite
		if r.Refused == 0 && r.SilentSYNs < 2 {
			sure = verdict.Likely // one packet that was lost would do
		}
		j.add(id, verdict.Fail, sure, m.Name(),
			fmt.Sprintf("%d connections to %s %s, while its heartbeats went on until %s", r.Refused+r.Silent, m.Name(), how, j.at(m.Last)),
			evidence("refused", "%d", r.Refused), evidence("no answer", "%d", r.Silent),
			verdict.Fix("open TCP "+portRange(ap.Port())+" between the nodes"), verdict.Fix("muster tribes probe "+m.Name()))
	}
	if reached > 0 && !j.bad(id) {
		j.pass(id, "the receivers of %s took connections", some(reached, "member"))
	}
}

func portRange(p uint16) string {
	if p >= 4000 && p < 4100 {
		return "4000-4099"
	}
	return fmt.Sprint(p)
}

// staticMix: a cluster that lives without heartbeats.
func (j *judge) staticMix() {
	const id = "tribes.static-mix"
	var told, talk []netip.AddrPort
	for _, m := range j.silent {
		ap, _ := m.Record.AddrPort()
		talk = append(talk, ap)
		if m.Talk.Kinds["static_start"]+m.Talk.Kinds["static_stop"]+m.Talk.Kinds["static_member"] > 0 {
			told = append(told, ap)
		}
	}
	var mixed []netip.AddrPort
	for _, m := range j.heard {
		if m.Talk.Kinds["static_start"]+m.Talk.Kinds["static_stop"]+m.Talk.Kinds["static_member"] > 0 {
			ap, _ := m.Record.AddrPort()
			mixed = append(mixed, ap)
		}
	}
	more := []verdict.Part{verdict.Fix("use one kind of membership on all nodes; with a static one keep TcpFailureDetector and TcpPingInterceptor")}
	switch {
	case len(mixed) > 0 || len(told) > 0 && len(j.heard) > 0:
		j.add(id, verdict.Warn, verdict.Likely, texts(append(told, mixed...)),
			fmt.Sprintf("%s announce themselves by static membership, while %d members send heartbeats", texts(append(told, mixed...)), len(j.heard)), more...)
	case len(told) > 0:
		j.add(id, verdict.Warn, verdict.Likely, texts(talk),
			fmt.Sprintf("%s: announced over TCP (by %s), and no heartbeat was seen in %s: a node that relies on multicast would neither find them nor be found", texts(talk), texts(told), span(j.Last-j.First)), more...)
	case len(talk) > 0 && len(j.heard) == 0 && j.Last-j.First > j.drop:
		j.add(id, verdict.Warn, verdict.Hint, texts(talk),
			fmt.Sprintf("%s exchange messages over TCP and no heartbeat was seen in %s: membership is static, or the capture leaves UDP out", texts(talk), span(j.Last-j.First)), more...)
	}
}
