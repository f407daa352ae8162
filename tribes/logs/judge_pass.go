package logs

import (
	"fmt"
	"strings"
	"time"

	"muster/internal/verdict"
)

// pass says what was looked at where nothing bad was found.
func (j *judge) pass() {
	for _, v := range j.verdicts {
		if v.Status.Bad() {
			return
		}
	}
	added := 0
	for _, n := range j.nodes {
		added += n.count(Added)
	}
	var names []string
	for _, n := range j.nodes {
		names = append(names, n.Name)
	}
	span := j.span()
	if added == 0 {
		j.add("tribes.not-joined", verdict.Unknown, verdict.Hint, strings.Join(names, ", "),
			fmt.Sprintf("no log says that a member was added, in %s: there was none, or nothing of it got here, or the lines at INFO are not logged", span), nil)
		return
	}
	j.add("tribes.not-joined", verdict.Pass, verdict.Likely, strings.Join(names, ", "),
		fmt.Sprintf("%s told of %s in %s, of which none failed or was missed; faults that leave no line are listed below", strings.Join(names, ", "), members(added), span), nil)
}

func members(n int) string {
	if n == 1 {
		return "one member that came"
	}
	return fmt.Sprintf("%d members that came", n)
}

// span is how much time the logs cover.
func (j *judge) span() time.Duration {
	var first, last time.Time
	for _, n := range j.nodes {
		if !n.First.IsZero() && (first.IsZero() || n.First.Before(first)) {
			first = n.First
		}
		if n.Last.After(last) {
			last = n.Last
		}
	}
	return last.Sub(first).Round(time.Second)
}

// silent lists what leaves no line, with what would tell it.
func (res *Result) silent() {
	res.Silent = []Question{
		{"Is a receiver blocked while messages are sent without acknowledgement (channelSendOptions 8)?", "muster tribes probe HOST:4000"},
		{"Do heartbeats get lost, is there another program on the group, does a clock step?", "muster sniff --summary 228.0.0.4:45564"},
		{"Is this host set up for multicast?", "muster check"},
	}
}
