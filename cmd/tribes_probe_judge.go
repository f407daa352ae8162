package cmd

import (
	"muster/internal/verdict"
	"muster/tribes/cluster/channel"
)

// probeVerdicts judges each target by the best answer of its addresses. static: the
// targets are what a server.xml names as members.
func probeVerdicts(targets []string, asked []probed, answers []answer, static bool) []verdict.Verdict {
	var out []verdict.Verdict
	for _, target := range targets {
		var best *answer
		for i := range answers {
			if asked[i].target == target && (best == nil || answers[i].OK() && !best.OK()) {
				best = &answers[i]
			}
		}
		if best != nil {
			out = append(out, best.verdict(target, static))
		}
	}
	return out
}

// verdict is what one answer means. One connection that failed may have met a loss, or a
// host that is down on purpose: nothing of it is definite.
func (x *answer) verdict(target string, static bool) verdict.Verdict {
	meaning, hints := x.meaning()
	id, st, conf := verdict.ID("tribes.half-open"), verdict.Fail, verdict.Likely
	switch {
	case x.OK():
		st, conf = verdict.Pass, verdict.Definite
	case x.Outcome == channel.WrongKey, x.Outcome == channel.WrongIdentity, x.Outcome == channel.WrongProtocol:
		id = "tribes.key-mismatch"
	case x.Outcome == channel.NoAck:
		id, st, conf = "tribes.gc-pause", verdict.Warn, verdict.Hint
	case x.Outcome == channel.Timeout, x.Outcome == channel.Closed, x.Outcome == channel.Foreign, x.Outcome == channel.FailAcked:
		st, conf = verdict.Warn, verdict.Hint
	}
	if static && (x.OK() || x.Outcome == channel.Refused || x.Outcome == channel.Timeout || x.Outcome == channel.Unreachable) {
		id = "tribes.static-dead"
	}
	var parts []verdict.Part
	if !x.OK() {
		for _, h := range hints {
			parts = append(parts, verdict.Next(h))
		}
	}
	return verdict.New(id, st, conf, target, meaning, parts...)
}
