package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/cmd/internal/term"
	"muster/cmd/internal/view"
	"muster/internal/escape"
	"muster/tribes/cluster"
	"muster/tribes/cluster/membership"
)

// watch follows the events of a node and counts who is there.
type watch struct {
	a     *app
	node  *cluster.Node
	lines *term.Lines

	now, peak             int
	added, gone, suspects int
}

func (a *app) newWatch(n *cluster.Node) *watch {
	return &watch{a: a, node: n, lines: term.NewLines(a.Out)}
}

// run shows events until ctx ends or, if enough is above 0, so many members are
// there.
func (w *watch) run(ctx context.Context, enough int, show bool) error {
	for {
		ev, err := w.node.Next(ctx)
		if err != nil {
			return nil //nolint:nilerr // the end of ctx
		}
		w.count(&ev)
		if show {
			if err := w.show(&ev); err != nil {
				return err
			}
		}
		if enough > 0 && w.now >= enough {
			return nil
		}
	}
}

func (w *watch) count(ev *membership.Event) {
	switch ev.Kind {
	case membership.Added:
		w.added++
		w.now++
		w.peak = max(w.peak, w.now)
	case membership.Disappeared:
		w.gone++
		w.now--
	case membership.Suspect:
		w.suspects++
	}
}

func (w *watch) show(ev *membership.Event) error {
	if w.a.verbose {
		if text := view.MemberLogText(ev); text != "" {
			fmt.Fprintf(w.a.Err, "%s %s\n", w.a.Err.Dim(term.Clock(ev.Time)), text)
		}
	}
	if w.a.json {
		return w.lines.Write(view.NewMemberEvent(ev))
	}
	_, err := fmt.Fprintln(w.a.Out, view.MemberEventText(w.a.Out, ev))
	return err
}

// tellNode says on stderr where a node is and what is special about that.
func (a *app) tellNode(n *cluster.Node, doing string) {
	if a.quiet {
		return
	}
	fmt.Fprintf(a.Err, "interface %s: %s\n", escape.Text(n.Interface.Name), escape.Text(n.Interface.Reason))
	for _, note := range n.Notes {
		a.note("%s", escape.Text(note))
	}
	fmt.Fprintln(a.Err, doing)
}

// membershipSummary is what closes the JSON of those that follow members.
type membershipSummary struct {
	Type    string `json:"type"`
	OK      bool   `json:"ok"`
	Members int    `json:"members"` // at the end
	Most    int    `json:"most"`    // at one time
	Expect  int    `json:"expect"`
	Added   int    `json:"added"`
	Gone    int    `json:"disappeared"`
	Suspect int    `json:"suspect"`
	// Heartbeats of others, and what came beside them.
	Heartbeats uint64            `json:"heartbeats"`
	Malformed  map[string]uint64 `json:"malformed"` // by the field that is wrong
	Foreign    uint64            `json:"foreign"`
	Broadcasts uint64            `json:"broadcasts"`
	Refused    uint64            `json:"refused"` // heartbeats for which the table had no room
	Dropped    uint64            `json:"dropped"` // by the kernel
	TookMS     int64             `json:"took_ms"`
}

func (w *watch) summary(start time.Time, expect int, ok bool) membershipSummary {
	m := w.node.Stats().Membership
	return membershipSummary{
		Type: "summary", OK: ok, Members: w.now, Most: w.peak, Expect: expect,
		Added: w.added, Gone: w.gone, Suspect: w.suspects,
		Heartbeats: m.Heartbeats, Malformed: m.Malformed, Foreign: m.Foreign, Broadcasts: m.Broadcasts,
		Refused: m.Refused, Dropped: m.Drops, TookMS: time.Since(start).Milliseconds(),
	}
}

// bounded is ctx with an end after d, where d is above 0.
func bounded(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d)
}

// stopped reports whether a person ended what ctx bounds, and not the time.
func stopped(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

// membersVerdict is the outcome for a command that saw most members at one
// time: enough if at least want were there. A stop by a person before the
// command's own bound leaves it open, unless the expected ones were there already.
func membersVerdict(interrupted, bounded bool, expect, want, most int) error {
	switch {
	case expect > 0 && most >= expect:
		return nil
	case interrupted && bounded:
		return errInterrupted
	case most < want:
		return errNo
	}
	return nil
}
