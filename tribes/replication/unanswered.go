package replication

import (
	"fmt"
	"slices"
	"time"

	"muster/internal/verdict"
	"muster/tribes"
)

const (
	idState verdict.ID = "tribes.state-transfer"

	// answerWithin is how long a node that can may take to begin an answer.
	answerWithin = 8 * time.Second
	// starting is for how long after its start a node may wait for the sessions of others: Tomcat's
	// stateTransferTimeout, and what comes before it.
	starting = 75 * time.Second

	// rootContext is the manager of the root application on Tomcat's default host.
	rootContext = "localhost#"
	// noContext is a name that no manager has. A node that reads its messages answers that it does not know it
	// (since 7.0.23), whatever its managers do.
	noContext = "muster#"
)

// question is one for the sessions of a context, or of every context where that is empty. from is empty where we asked.
type question struct{ from, to, context string }

// ask notes a question, unless the same already waits for its answer.
func (v *View) ask(q question, at time.Time) {
	if _, ok := v.open.get(q); !ok {
		v.open.put(q, at)
	}
}

// answered takes what a node says of its sessions in a context, to whoever asked it.
func (v *View) answered(m *message, context string) {
	v.open.drop(question{m.to, m.from.Address, context})
	v.open.drop(question{m.to, m.from.Address, ""})
	if m.to == "" {
		m.from.answered = m.Time
	}
}

// NotAnswered tells which contexts a node should be asked for by name, since it was asked for all and said nothing of
// them: those whose sessions others replicate. Where one that has just started said nothing of any, also the root
// application's, and one that nobody has: whoever waits for others' sessions answers that one alone.
func (v *View) NotAnswered(node string) (contexts []string) {
	silent := true
	for _, c := range v.order {
		if _, known := c.nodes[node]; known {
			silent = false
		} else if c.Manager == Delta && len(c.nodes) > 0 {
			contexts = append(contexts, c.Name)
		}
	}
	if n := v.nodes[node]; silent && n != nil && n.young(v.now) {
		if !slices.Contains(contexts, rootContext) {
			contexts = append(contexts, rootContext)
		}
		contexts = append([]string{noContext}, contexts...)
	}
	return contexts
}

// young reports whether n may still be starting at that time, as its alive time tells.
func (n *Node) young(at time.Time) bool {
	return n.Told.Form == tribes.V1 && !n.born.IsZero() && at.Sub(n.born) < starting
}

// waiting finds nodes that were asked for the sessions of a context and do not answer while they live, since they
// themselves wait for those of another one.
func (v *View) waiting() (out []verdict.Verdict) {
	fix := "start one node, and the next when the first has written \"Server startup in\"; a smaller stateTransferTimeout on the Manager shortens the wait"
	told := map[question]bool{} // one that was asked again stands in the order twice
	for _, q := range v.open.order {
		at, ok := v.open.get(q)
		n := v.nodes[q.to]
		if told[q] {
			continue
		}
		told[q] = true
		if !ok || n == nil || v.now.Sub(at) < answerWithin || !v.alive(n) {
			continue
		}
		evidence := []verdict.Evidence{{What: "asked for its sessions", Value: at.Format(time.RFC3339Nano), ReadFrom: "messages"}}
		if q.from == "" {
			if q.context == "" || q.context == noContext || !n.young(at) || !n.answered.After(at) || n.mapped[q.context] {
				continue
			}
			out = append(out, newVerdict(idState, verdict.Warn, n.Address,
				fmt.Sprintf("it answers that it does not know another context, and for %s says nothing of its sessions of %q: it started %s before it was asked, and its manager still waits for the sessions of another node",
					short(v.now.Sub(at)), q.context, short(at.Sub(n.born))), verdict.Likely, evidence, fix))
			continue
		}
		if asker := v.nodes[q.from]; asker == nil || !v.alive(asker) {
			continue
		}
		back, both := v.open.get(question{q.to, q.from, q.context})
		switch {
		case !both:
			out = append(out, newVerdict(idState, verdict.Warn, q.from,
				fmt.Sprintf("it asked %s for its sessions and got no answer for %s: its start waits for them", q.to, short(v.now.Sub(at))), verdict.Hint, evidence, fix))
		case q.from < q.to && v.now.Sub(back) >= answerWithin:
			out = append(out, newVerdict(idState, verdict.Warn, q.from+", "+q.to,
				fmt.Sprintf("they asked each other for their sessions, and neither answered in %s: each waits for the other", short(min(v.now.Sub(at), v.now.Sub(back)))), verdict.Likely, evidence, fix))
		}
	}
	return out
}
