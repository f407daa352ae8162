package tomcat

import (
	"fmt"
	"time"

	"muster/internal/verdict"
)

// apart is how far the clocks of the two nodes differ at least.
func (j *judge) apart() time.Duration {
	if j.from == nil || j.from.Down || j.to.Down {
		return 0
	}
	return difference(j.from.Clock, j.to.Clock)
}

func difference(a, b clock) time.Duration {
	if !a.Known || !b.Known {
		return 0
	}
	return max(0, (a.Ahead-b.Ahead).Abs()-a.Slack-b.Slack)
}

// clocks tells of clocks that differ, the two that are farthest apart.
func (j *judge) clocks(s verdict.Status) verdict.Verdict {
	var a, b *NodeFacts
	var most time.Duration
	for i := range j.f.Nodes {
		for k := range i {
			if d := difference(j.f.Nodes[i].Clock, j.f.Nodes[k].Clock); d > most {
				a, b, most = &j.f.Nodes[k], &j.f.Nodes[i], d
			}
		}
	}
	if a == nil || most < skew {
		return verdict.Verdict{}
	}
	saw := fmt.Sprintf("the clocks of %s and %s are %s apart", a.Name, b.Name, (a.Clock.Ahead - b.Clock.Ahead).Abs().Round(time.Second))
	if s == verdict.Fail {
		saw += fmt.Sprintf(": an EncryptInterceptor refuses what is more than %s old or ahead, as a replay", replayWindow)
	}
	v := j.verdict(idClock, s, verdict.Definite, saw, clockEvidence(a), clockEvidence(b), verdict.Fix("chronyc tracking"))
	if s == verdict.Warn {
		j.out = append(j.out, v)
	}
	return v
}

func clockEvidence(n *NodeFacts) verdict.Evidence {
	return verdict.Evidence{What: "clock of " + n.Name, Value: fmt.Sprintf("%+.1f s against ours", n.Clock.Ahead.Seconds()), ReadFrom: "the Date of its answers"}
}
