package analysis

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"muster/internal/verdict"
)

// clockStep: a sender's clock jumped.
func (j *judge) clockStep() {
	const id = "tribes.clock-step"
	for _, m := range j.heard {
		if m.Steps > 0 && !m.twice() && !j.stepShared(m) {
			j.add(id, verdict.Warn, verdict.Likely, m.Name(),
				fmt.Sprintf("the alive time of %s went %+d ms beside the capture's clock from one heartbeat to the next: its clock, or that of the capturing host, was set", m.Name(), m.LargestStep),
				evidence("jumps", "%d", m.Steps), verdict.Fix("let chrony or ntpd slew the clock instead of stepping it"))
		}
	}
	if len(j.heard) > 0 && !j.bad(id) {
		j.pass(id, "the alive times of %s run with the capture's clock", all(len(j.heard), "member"))
	}
}

// sameStep is by how much, in ms, the same step may differ between two members.
const sameStep = 250

// stepShared: another member's clock went by as much. Two that are set alike at the same
// time are one clock: that of the capturing host, or of the machine that both run on.
func (j *judge) stepShared(m *Member) bool {
	for _, n := range j.heard {
		if d := n.LargestStep - m.LargestStep; n != m && n.Steps > 0 && max(d, -d) < sameStep {
			return true
		}
	}
	return false
}

// recovered: the membership service of a member has been through its recovery.
func (j *judge) recovered() {
	for _, m := range j.heard {
		if m.Recovered {
			j.add("tribes.not-joined", verdict.Warn, verdict.Likely, m.Name(),
				fmt.Sprintf("the alive time of %s counts from 1970: after ten errors its membership stopped and joined again", m.Name()),
				evidence("alive", "%d ms", m.Record.Alive))
		}
	}
}

// clockSkew compares the times that messages carry.
func (j *judge) clockSkew() {
	const id = "tribes.clock-skew"
	var low, high *Member
	encrypted := false
	for _, m := range j.latestSpeakers() {
		t := &m.Talk
		if t.timed == 0 {
			continue
		}
		encrypted = encrypted || t.Kinds["encrypted"] > 0 || len(t.Sealed) > 0
		if low == nil || t.Offset < low.Talk.Offset {
			low = m
		}
		if high == nil || t.Offset > high.Talk.Offset {
			high = m
		}
	}
	if low == nil || low == high {
		return
	}
	skew := high.Talk.Offset - low.Talk.Offset
	confidence := verdict.Likely
	if min(low.Talk.timed, high.Talk.timed) < 3 {
		confidence = verdict.Hint // a message carries the time when it was made, and may have waited
	}
	if skew <= sameClock {
		j.pass(id, "the times in the members' messages differ by %d ms at most", skew)
		return
	}
	if !j.sameTime(low, high) || j.late() {
		return
	}
	status := verdict.Warn
	if skew > 5000 && encrypted {
		status = verdict.Fail
	}
	j.add(id, status, confidence, low.Name()+", "+high.Name(),
		fmt.Sprintf("the clock of %s is %d ms behind that of %s, by the times in their messages", high.Name(), skew, low.Name()),
		evidence("messages", "%d and %d", high.Talk.timed, low.Talk.timed), verdict.Fix("run NTP or chrony on all nodes"))
}

// sameTime reports whether the messages by which the clock of low is ahead and those of high were
// captured by one clock: at the same time, or while the heartbeats of a member show that it was not set.
func (j *judge) sameTime(low, high *Member) bool {
	x, y := &low.Talk, &high.Talk
	if x.lowFirst <= y.lowLast && y.lowFirst <= x.lowLast {
		return true
	}
	from, to := min(x.lowFirst, y.lowFirst), max(x.lowLast, y.lowLast)
	return slices.ContainsFunc(j.heard, func(m *Member) bool {
		return m.Beats.filled > enough && m.Steps == 0 && m.First <= from && m.Last >= to
	})
}

// late reports whether so many segments had to be sent again that messages come late for it.
func (j *judge) late() bool {
	var again, all uint64
	for _, r := range j.SortedReceivers() {
		again += r.SentAgain + r.Gaps
		all += r.Segments
	}
	return again*againPart > all
}

// latestSpeakers are the members that sent messages, of each place the one that did last: the
// process before a restart says nothing of another host's clock that its successor does not.
func (j *judge) latestSpeakers() []*Member {
	byName := map[string]*Member{}
	for _, m := range append(append([]*Member{}, j.heard...), j.silent...) {
		if last := byName[m.Name()]; m.Talk.Messages > 0 && (last == nil || m.Talk.First > last.Talk.First) {
			byName[m.Name()] = m
		}
	}
	return slices.SortedFunc(maps.Values(byName), func(x, y *Member) int { return strings.Compare(x.Name(), y.Name()) })
}
