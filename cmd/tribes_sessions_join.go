package cmd

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/view"
	"muster/tribes"
	"muster/tribes/cluster"
	"muster/tribes/cluster/channel"
	"muster/tribes/cluster/membership"
	"muster/tribes/replication"
	"muster/tribes/session"
)

// join follows the sessions as a guest of the cluster.
func (w *sessions) join(c *cobra.Command, cfg cluster.Config) error {
	ctx, cancel := bounded(c.Context(), w.o.duration)
	defer cancel()
	var tap *cluster.Tap
	cfg.Handler = func(n *cluster.Node) channel.Handler {
		tap = cluster.NewTap(n)
		return tap
	}
	node, err := cluster.Join(ctx, cfg)
	if err != nil {
		return err
	}
	defer node.Leave() //nolint:errcheck // for every other way out; the one below is looked at
	defer w.a.standAside(node)()
	m := node.Local()
	w.a.tellNode(node, fmt.Sprintf("joined %s as a guest, %s, id %s", node.Group, view.MemberAddress(&m), m.ID))
	if w.a.json {
		w.jsonLine(newJoinedLine(node))
	}
	if w.o.duration == 0 {
		w.enough = cancel
	}
	var wg sync.WaitGroup
	wg.Go(func() { w.messages(ctx, tap) })
	wg.Go(func() {
		w.members(ctx, node, &wg)
		cancel() // the node has ended
	})
	wg.Go(func() { w.beat(ctx, node, cancel) })
	if w.o.fetchEvery > 0 {
		wg.Go(func() { w.fetchAgain(ctx, node, &wg) })
	}
	<-ctx.Done()
	left := node.Leave() // first: the others wait for the goodbye
	wg.Wait()
	w.ended = c.Context().Err() == nil
	w.answers, w.missed = tap.Answers(), tap.Missed()
	if err := w.close(time.Now()); err != nil {
		return err
	}
	return left
}

// messages takes what the members send us.
func (w *sessions) messages(ctx context.Context, tap *cluster.Tap) {
	for {
		all, err := tap.Next(ctx)
		if err != nil {
			return
		}
		for i := range all {
			m := &all[i]
			content := w.decoder.Message(&m.ChannelData)
			w.message(replication.Seen{Time: m.Received, Data: &m.ChannelData, Content: &content})
		}
	}
}

// members tells of those that come and go, and asks each that comes for its
// sessions where that is wanted.
func (w *sessions) members(ctx context.Context, node *cluster.Node, wg *sync.WaitGroup) {
	for {
		ev, err := node.Next(ctx)
		if err != nil {
			return
		}
		w.mu.Lock()
		switch {
		case ev.Kind == membership.Disappeared:
			w.view.Left(&ev.Member, ev.Time)
		case ev.Kind == membership.Suspect && ev.Reason == membership.Expired:
			w.view.Silent(&ev.Member, ev.Time)
		default:
			w.view.Heartbeat(&ev.Member, ev.Time)
		}
		w.mu.Unlock()
		switch {
		case w.a.json:
			w.jsonLine(view.NewMemberEvent(&ev))
		case !w.a.quiet:
			w.tail.Put(func(b []byte) []byte { return append(append(b, view.MemberEventText(w.a.Out, &ev)...), '\n') })
		}
		if ev.Kind == membership.Added && w.o.fetch {
			m := ev.Member.Clone()
			wg.Go(func() { w.fetch(ctx, node, m) })
		}
	}
}

// beat keeps the view's knowledge of heartbeats, draws, and ends when nobody
// reads any more.
func (w *sessions) beat(ctx context.Context, node *cluster.Node, end func()) {
	tick := time.NewTicker(drawEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		members := node.Members()
		w.mu.Lock()
		for i := range members {
			w.view.Heartbeat(&members[i].Member, members[i].Last)
			w.view.Told(&members[i].Member, node.Seen(&members[i].Member))
		}
		w.mu.Unlock()
		if w.tail.Err() != nil {
			end()
			return
		}
		w.draw()
	}
}

// fetch asks a member for the sessions of all its contexts.
func (w *sessions) fetch(ctx context.Context, node *cluster.Node, m tribes.Member) {
	node.Await(ctx, &m)
	now := time.Now()
	b, err := session.NewGetEverySession(node.SessionForm(&m), now.UnixMilli()).Append(nil)
	if err == nil {
		w.mu.Lock()
		w.view.Asked(view.MemberAddress(&m), "", now)
		w.mu.Unlock()
		_, err = node.Send(ctx, &m, tribes.Asynchronous, b)
	}
	if err == nil {
		err = w.fetchByName(ctx, node, m)
	}
	if w.o.cluster.release == "" && ctx.Err() == nil && node.Seen(&m).Ambiguous() {
		w.a.note("%s did not answer: it is a Tomcat 7.0 or 8.0, was asked as a 7.0, and an 8.0 cannot read that (its log has a SEVERE of it); --release 8.0 asks as an 8.0",
			view.MemberAddress(&m))
	}
	if err != nil && ctx.Err() == nil {
		w.a.note("%s could not be asked for its sessions: %v", view.MemberAddress(&m), err)
	}
}

const (
	// answerTime is how long a member may take to answer for all its contexts.
	answerTime = 3 * time.Second
	// mostByName bounds how many contexts one member is asked for by name.
	mostByName = 8
)

// fetchByName asks a member for the contexts that others have and it said nothing of: Tomcat answers
// a name that it does not know with just that.
func (w *sessions) fetchByName(ctx context.Context, node *cluster.Node, m tribes.Member) error {
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(answerTime):
	}
	w.mu.Lock()
	names := w.view.NotAnswered(view.MemberAddress(&m))
	w.mu.Unlock()
	for _, name := range names[:min(len(names), mostByName)] {
		now := time.Now()
		b, err := session.NewGetAllSessions(node.SessionForm(&m), name, now.UnixMilli()).Append(nil)
		if err != nil {
			return err
		}
		w.mu.Lock()
		w.view.Asked(view.MemberAddress(&m), name, now)
		w.mu.Unlock()
		if _, err = node.Send(ctx, &m, tribes.Asynchronous, b); err != nil {
			return err
		}
	}
	return nil
}

func (w *sessions) fetchAgain(ctx context.Context, node *cluster.Node, wg *sync.WaitGroup) {
	tick := time.NewTicker(w.o.fetchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, m := range node.Members() {
			if m.State == "member" {
				wg.Go(func() { w.fetch(ctx, node, m.Member.Clone()) })
			}
		}
	}
}

// newJoinedLine is the first JSON line of one that joined.
func newJoinedLine(n *cluster.Node) joinedLine {
	m := n.Local()
	return joinedLine{
		Type: "joined", Time: time.Now(), Interface: n.Interface.Name, Reason: n.Interface.Reason,
		Group: n.Group.String(), Receiver: n.Receiver().String(), Member: view.NewMember(&m, netip.AddrPort{}), Notes: n.Notes,
	}
}
