package smoke

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/internal/hint"
	"muster/tribes/cluster/membership"
)

// The steps that are about members: who starts, dies, returns and leaves.

func startFirst(ctx context.Context, r *run, detail map[string]any) error {
	l, err := r.start(ctx, 0)
	if err != nil {
		return err
	}
	detail["receiver"] = l.Address
	detail["unique_id"] = l.UniqueID
	if _, err := r.nodes[0].ask(ctx, request{Do: doFetch, Alone: true}); err != nil {
		return err
	}
	return r.create(ctx, 0, "S0", 0)
}

// startOthers starts B and the rest, one after the other: each waits until
// everybody sees everybody, and gets the state. Then A sends each a message.
func startOthers(ctx context.Context, r *run, detail map[string]any) error {
	began := time.Now()
	for i := 1; i < r.Nodes; i++ {
		marks := r.places()
		if _, err := r.start(ctx, i); err != nil {
			return err
		}
		marks[i] = 0
		if err := r.everybodySees(ctx, i, marks); err != nil {
			return err
		}
		for n := range i {
			if err := r.sees(ctx, i, n); err != nil {
				return err
			}
		}
		if err := r.fetch(ctx, i, detail); err != nil {
			return err
		}
		if err := r.reaches(ctx, i, "S0", 1); err != nil {
			return err
		}
	}
	detail["arrows_seen"] = r.Nodes * (r.Nodes - 1)
	detail["started_ms"] = time.Since(began).Milliseconds()
	acks, err := r.message(ctx)
	detail["ack_ms"] = acks
	return err
}

// everybodySees waits until every other node has announced node n in what it
// reported since its mark.
func (r *run) everybodySees(ctx context.Context, n int, marks []int) error {
	ctx, cancel := context.WithTimeout(ctx, r.dueTime())
	defer cancel()
	return each(r.up(), func(i int) error {
		if i == n {
			return nil
		}
		return r.announces(ctx, i, n, marks[i])
	})
}

// sees waits until node i has announced node n since it started.
func (r *run) sees(ctx context.Context, i, n int) error {
	ctx, cancel := context.WithTimeout(ctx, r.dueTime())
	defer cancel()
	return r.announces(ctx, i, n, 0)
}

func (r *run) announces(ctx context.Context, i, n, mark int) error {
	self := r.nodes[n].self
	what := fmt.Sprintf("%s at %s as a member", NodeName(n), self.Address)
	_, err := r.nodes[i].wait(ctx, mark, what, func(l line) bool {
		return l.Event == membership.Added.String() && l.UniqueID == self.UniqueID && l.Address == self.Address
	})
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return r.unseen(context.WithoutCancel(ctx), i, n, err)
	}
	return err
}

// unseen tells why node i does not count node n as a member, by what it hears.
func (r *run) unseen(ctx context.Context, i, n int, err error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	l, asked := r.nodes[i].ask(ctx, request{Do: doHeard})
	if asked != nil || l.Heard == nil {
		return err
	}
	a, b, on := NodeName(i), NodeName(n), r.Interface.Name
	why, hears := l.Heard.Members[r.nodes[n].self.UniqueID]
	switch {
	case hears && why != "":
		return hint.Wrap(fmt.Errorf("%s hears the heartbeats of %s, and the TCP check of its receiver failed: %s", a, b, why),
			"a firewall on this host? muster check names the rule")
	case hears:
		return err
	case l.Heard.Own == 0 && l.Heard.SendErrors > 0:
		return hint.Wrap(fmt.Errorf("%s cannot send heartbeats to %s on %s: %d failed", a, r.Group, on, l.Heard.SendErrors),
			"muster check looks at routes, interfaces and the firewall of this host")
	case l.Heard.Own == 0:
		return hint.Wrap(fmt.Errorf("%s hears no heartbeat at all, not even its own: what is sent to %s on %s does not come back to this host", a, r.Group, on),
			"a firewall on this host? muster check names the rule")
	}
	return hint.Wrap(fmt.Errorf("%s hears its own heartbeats and none of %s's, in %s on %s", a, b, r.Group, on),
		"muster mesh shows who hears whom")
}

// message sends one message from A to every other node, which must report its
// text before it acks. It returns the slowest round trip in ms.
func (r *run) message(ctx context.Context) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, slack)
	defer cancel()
	slowest := 0.0
	for _, b := range r.nodes[1:] {
		mark := b.mark()
		text := fmt.Sprintf("from A to %s at %d", b.name, time.Now().UnixNano())
		reply, err := r.nodes[0].ask(ctx, request{Do: doSend, To: b.self.UniqueID, Text: text})
		if err != nil {
			return 0, err
		}
		_, err = b.wait(ctx, mark, "the message", func(l line) bool { return l.Event == eventMessage && l.Text == text })
		if err != nil {
			return 0, err
		}
		slowest = max(slowest, float64(reply.TookUS)/1000)
	}
	return slowest, nil
}

// crash kills A; every survivor must give it up, and not as if it had said
// goodbye.
func crash(ctx context.Context, r *run, detail map[string]any) error {
	id := r.nodes[0].self.UniqueID
	marks := r.places()
	r.kill(0)
	silent, reason, err := r.everybodyMisses(ctx, id, marks)
	if err != nil {
		return err
	}
	detail["reason"] = reason
	detail["silent_ms"] = silent
	if reason == membership.Shutdown {
		return fmt.Errorf("A was killed, but it is said to have left with a goodbye")
	}
	if r.Manager != Backup {
		return nil
	}
	// Its backups take over; until they have, a request elsewhere may cross that.
	if err := r.verifyPlaces(ctx, "S0", 1, nil); err != nil {
		return err
	}
	return r.verifyPlaces(ctx, "S1", r.counter, detail)
}

// everybodyMisses waits until every node that is up has given up the member id,
// and returns the longest silence and the last reason.
func (r *run) everybodyMisses(ctx context.Context, id string, marks []int) (silentMS int64, reason membership.Reason, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.dueTime())
	defer cancel()
	for _, i := range r.up() {
		l, err := r.nodes[i].wait(ctx, marks[i], "that the member is gone", func(l line) bool {
			return l.Event == membership.Disappeared.String() && l.UniqueID == id
		})
		if err != nil {
			return 0, "", err
		}
		silentMS, reason = max(silentMS, l.SilentMS), l.Reason
	}
	return silentMS, reason, nil
}

// comeBack starts A again: it has kept its id, so that no ghost of it is left,
// everybody sees it and it sees everybody, and it gets the state, with what the
// survivors changed meanwhile.
func comeBack(ctx context.Context, r *run, detail map[string]any) error {
	before := r.report.Steps[0].Detail["unique_id"]
	marks := r.places()
	l, err := r.start(ctx, 0)
	if err != nil {
		return err
	}
	if before != l.UniqueID {
		return fmt.Errorf("A returned with another id: %s was %s", l.UniqueID, before)
	}
	if err := r.everybodySees(ctx, 0, marks); err != nil {
		return err
	}
	for n := 1; n < r.Nodes; n++ {
		if err := r.sees(ctx, 0, n); err != nil {
			return err
		}
	}
	if err := r.fetch(ctx, 0, detail); err != nil {
		return err
	}
	if err := r.reaches(ctx, 0, "S0", 1); err != nil {
		return err
	}
	return r.reaches(ctx, 0, "S1", r.counter)
}

// leave asks one node after the other to leave; those that are left must hear
// its goodbye, and every process must end by itself with status 0.
func (r *run) leave(ctx context.Context) (goodbyes int, err error) {
	for _, i := range r.up() {
		p := r.nodes[i]
		marks := r.places()
		stopped, cancel := context.WithTimeout(ctx, slack)
		_, err := p.ask(stopped, request{Do: doLeave})
		if err == nil {
			err = p.ended0(stopped)
		}
		cancel()
		if err != nil {
			return goodbyes, err
		}
		r.nodes[i] = nil
		r.mark(i, Left, "")
		_, reason, err := r.everybodyMisses(ctx, p.self.UniqueID, marks)
		if err != nil {
			return goodbyes, err
		}
		if len(r.up()) == 0 {
			break
		}
		if reason != membership.Shutdown {
			return goodbyes, fmt.Errorf("%s left in order, but the others lost it by %q", p.name, reason)
		}
		goodbyes++
	}
	return goodbyes, nil
}

// ended0 waits for the end of the process and wants status 0.
func (p *process) ended0(ctx context.Context) error {
	select {
	case <-p.done:
		p.in.Close()
		if p.exit != nil {
			return fmt.Errorf("node %s: %w%s", p.name, p.exit, p.err.because())
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("node %s said that it leaves and did not end", p.name)
	}
}

// places are the ends of all reports up to now.
func (r *run) places() []int {
	m := make([]int, len(r.nodes))
	for _, i := range r.up() {
		m[i] = r.nodes[i].mark()
	}
	return m
}
