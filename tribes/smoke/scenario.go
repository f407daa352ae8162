package smoke

import (
	"context"
	"strings"
)

// step is one entry of the scenario: its name and its deed. The deed fills the
// detail with what it verified, and returns the first thing that was not so.
type step struct {
	name func(*run) string
	do   func(ctx context.Context, r *run, detail map[string]any) error
}

// scenario is the nine steps of a session's life. S0 is there before B starts,
// so that there is a state to get; S1 survives its node; S2 ends by itself.
var scenario = []step{
	{say("A starts"), startFirst},
	{each2("% starts and gets A's state", "% start and get A's state"), startOthers},
	{say("A creates S1"), createS1},
	{say("A is killed"), crash},
	{each2("% serves S1", "% each serve S1"), survivorsServe},
	{say("A returns and gets the state"), comeBack},
	{each2("A invalidates S1, % drops it", "A invalidates S1, % drop it"), invalidate},
	{say("B creates S2"), createS2},
	{each2("S2 expires on both", "S2 expires on all"), expire},
}

func say(text string) func(*run) string { return func(*run) string { return text } }

// each2 is a name with the nodes other than A in it, for two nodes and for more.
func each2(two, more string) func(*run) string {
	return func(r *run) string {
		if r.Nodes == 2 {
			return strings.ReplaceAll(two, "%", "B")
		}
		return strings.ReplaceAll(more, "%", others(r.Nodes))
	}
}

// others names all nodes but A: "B and C", "B, C and D"; many are "B to F".
func others(nodes int) string {
	last := NodeName(nodes - 1)
	switch nodes {
	case 3:
		return "B and " + last
	case 4:
		return "B, C and " + last
	}
	return "B to " + last
}
