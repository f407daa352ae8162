package cmd

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"muster/cmd/internal/term"
	"muster/cmd/internal/view"
	"muster/internal/escape"
	"muster/internal/expect"
	"muster/internal/verdict"
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

	// Members of this host prove nothing about the network, and never count.
	own    localHost
	others map[string]netip.AddrPort // members of other hosts that are there, and where they send from
	heard  map[string]netip.AddrPort // all that were
	most   int                       // of others at one time
}

func (a *app) newWatch(n *cluster.Node) *watch {
	return &watch{a: a, node: n, lines: term.NewLines(a.Out), own: ownHost(), others: map[string]netip.AddrPort{}, heard: map[string]netip.AddrPort{}}
}

// isOwn: the member sends from this host.
func (w *watch) isOwn(source netip.AddrPort) bool { return w.own.has(source.Addr()) }

// run shows events until ctx ends or met reports that all is there that was hoped
// for; a nil met hopes for nothing.
func (w *watch) run(ctx context.Context, met func() bool, show bool) error {
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
		if met != nil && met() {
			return nil
		}
	}
}

func (w *watch) count(ev *membership.Event) {
	key := ev.Member.ID.String() + view.MemberAddress(&ev.Member)
	switch ev.Kind {
	case membership.Added:
		if !w.isOwn(ev.Source) {
			w.others[key], w.heard[key] = ev.Source, ev.Source
			w.most = max(w.most, len(w.others))
		}
		w.added++
		w.now++
		w.peak = max(w.peak, w.now)
	case membership.Disappeared:
		delete(w.others, key)
		w.gone++
		w.now--
	case membership.Suspect:
		w.suspects++
	}
}

// missing are the names of those expected that were not there.
func (w *watch) missing(e expect.Expect) []string {
	var heard []netip.Addr
	for _, source := range w.heard {
		heard = append(heard, source.Addr())
	}
	return w.own.missing(e, heard)
}

// met: all those expected were there, at one time where a number is expected.
func (w *watch) met(e expect.Expect) bool { return w.most >= e.Count && len(w.missing(e)) == 0 }

// alone judges who else was heard: nobody and nothing expected is not known, fewer
// than expected is a failure.
func (w *watch) alone(e expect.Expect, listened time.Duration) verdict.Verdict {
	const id = verdict.ID("tribes.alone")
	group := w.node.Group.String()
	parts := []verdict.Part{
		verdict.Evidence{What: "listened", Value: listened.Round(100 * time.Millisecond).String(), ReadFrom: group},
		verdict.Next("on the other nodes: muster tribes members; on all at once: muster mesh " + w.node.Group.Addr().String()),
		verdict.Next("sudo muster check; sudo muster querier --provoke"),
	}
	others := fmt.Sprintf("%s of other hosts heard", term.Count(w.most, "member"))
	own := w.now > len(w.others)
	switch missing := w.missing(e); {
	case !w.met(e) && len(missing) > 0:
		return verdict.New(id, verdict.Fail, verdict.Definite, strings.Join(missing, ", "), others+"; not heard: "+strings.Join(missing, ", "), parts...)
	case !w.met(e):
		return verdict.New(id, verdict.Fail, verdict.Definite, group, fmt.Sprintf("%s, %d expected", others, e.Count), parts...)
	case len(w.heard) > 0:
		return verdict.New(id, verdict.Pass, verdict.Definite, group, others+"; whether they hear this one is not seen from here", verdict.Next("on all nodes at once: muster mesh "+w.node.Group.Addr().String()))
	case own:
		return verdict.New(id, verdict.Unknown, verdict.Definite, group, "only this host is heard: its own heartbeats never left it, and prove nothing about the network", parts...)
	}
	return verdict.New(id, verdict.Unknown, verdict.Definite, group, fmt.Sprintf("no member was heard on %s by %s", group, w.node.Interface.Name), parts...)
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
	text := view.MemberEventText(w.a.Out, ev)
	if w.isOwn(ev.Source) {
		text += "  (this host)"
	}
	_, err := fmt.Fprintln(w.a.Out, text)
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
	// Seen counts members of other hosts, at one time; Missing are the hosts expected
	// by name that were not heard.
	Expected  int      `json:"expected"`
	Seen      int      `json:"seen"`
	Missing   []string `json:"missing"`
	Group     string   `json:"group"`
	Interface string   `json:"interface"`
	Added     int      `json:"added"`
	Gone      int      `json:"disappeared"`
	Suspect   int      `json:"suspect"`
	// Heartbeats of others, and what came beside them.
	Heartbeats uint64            `json:"heartbeats"`
	Malformed  map[string]uint64 `json:"malformed"` // by the field that is wrong
	Foreign    uint64            `json:"foreign"`
	Broadcasts uint64            `json:"broadcasts"`
	Refused    uint64            `json:"refused"` // heartbeats for which the table had no room
	Dropped    uint64            `json:"dropped"` // by the kernel
	TookMS     int64             `json:"took_ms"`
}

func (w *watch) summary(start time.Time, e expect.Expect, ok bool) membershipSummary {
	m := w.node.Stats().Membership
	return membershipSummary{
		Type: "summary", OK: ok, Members: w.now, Most: w.peak, Expected: w.own.others(e).Wanted(), Seen: w.most, Missing: w.missing(e),
		Group: w.node.Group.String(), Interface: w.node.Interface.Name,
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

// outcome is that of a command that looked for members of other hosts: a stop by a
// person before the command's own bound leaves it open, unless those expected were
// there; with a bound, nobody is a no.
func (w *watch) outcome(interrupted, bounded bool, e expect.Expect) error {
	switch {
	case e.Given() && w.met(e):
		return nil
	case interrupted && bounded:
		return errInterrupted
	case !w.met(e), bounded && len(w.heard) == 0:
		return errNo
	}
	return nil
}
