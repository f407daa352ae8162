package smoke

import (
	"context"
	"fmt"
	"strings"
	"time"

	"muster/tribes/membership"
)

// step is one entry of the scenario: its name and its deed. The deed fills the
// detail with what it verified, and returns the first thing that was not so.
type step struct {
	name func(*run) string
	do   func(ctx context.Context, r *run, detail map[string]any) error
}

// scenario is what a run goes through, in order.
var scenario = []step{
	{func(*run) string { return "A starts" }, startFirst},
	{startOthersName, startOthers},
	{messageName, message},
	{func(r *run) string { return "A is killed, " + others(r) + " " + verb(r, "notices", "notice") }, crash},
	{func(*run) string { return "A returns" }, comeBack},
	{func(*run) string { return "all leave with a goodbye" }, leave},
}

func startFirst(ctx context.Context, r *run, detail map[string]any) error {
	l, err := r.start(ctx, 0)
	if err != nil {
		return err
	}
	detail["receiver"] = l.Address
	detail["unique_id"] = l.UniqueID
	return nil
}

func startOthersName(r *run) string {
	return others(r) + " " + verb(r, "starts", "start") + ", each sees the other" + verb(r, "", "s")
}

// startOthers starts B and the rest, and waits until every node has announced
// every other.
func startOthers(ctx context.Context, r *run, detail map[string]any) error {
	for i := 1; i < r.Nodes; i++ {
		if _, err := r.start(ctx, i); err != nil {
			return err
		}
	}
	return r.everybodySees(ctx, r.up(), make([]int, r.Nodes), detail)
}

// everybodySees waits until every node has announced every one of newcomers but
// itself, in what it reported since its mark.
func (r *run) everybodySees(ctx context.Context, newcomers []int, marks []int, detail map[string]any) error {
	ctx, cancel := context.WithTimeout(ctx, r.dueTime())
	defer cancel()
	began := time.Now()
	seen := 0
	for _, n := range newcomers {
		ready := r.nodes[n].self
		err := each(r.up(), func(i int) error {
			if i == n {
				return nil
			}
			what := fmt.Sprintf("%s at %s as a member", nodeName(n), ready.Address)
			_, err := r.nodes[i].wait(ctx, marks[i], what, func(l line) bool {
				return l.Event == membership.Added.String() && l.UniqueID == ready.UniqueID && l.Address == ready.Address
			})
			return err
		})
		if err != nil {
			return err
		}
		seen += len(r.up()) - 1
	}
	detail["seen"] = seen
	detail["waited_ms"] = time.Since(began).Milliseconds()
	return nil
}

func messageName(r *run) string {
	return "a message from A is acked by " + others(r)
}

// message sends one message over TCP to every other node; the ack is the
// receiver's, after it has handed the message on, and the receiver must report
// the text.
func message(ctx context.Context, r *run, detail map[string]any) error {
	ctx, cancel := context.WithTimeout(ctx, slack)
	defer cancel()
	roundTrips := map[string]float64{}
	for i := 1; i < r.Nodes; i++ {
		b := r.nodes[i]
		mark := b.mark()
		ready := b.self
		text := fmt.Sprintf("smoke from A to %s at %d", b.name, time.Now().UnixNano())
		reply, err := r.nodes[0].ask(ctx, request{Do: doSend, To: ready.UniqueID, Text: text})
		if err != nil {
			return err
		}
		_, err = b.wait(ctx, mark, "the message", func(l line) bool { return l.Event == eventMessage && l.Text == text })
		if err != nil {
			return err
		}
		roundTrips[b.name] = float64(reply.TookUS) / 1000
	}
	detail["ack_ms"] = roundTrips
	return nil
}

// crash kills A; every survivor must give it up: not before its silence or its
// closed port allows it, and not as if it had said goodbye.
func crash(ctx context.Context, r *run, detail map[string]any) error {
	gone := r.nodes[0].self
	marks := r.marks()
	r.kill(0)
	silent, reason, err := r.everybodyMisses(ctx, gone.UniqueID, marks)
	if err != nil {
		return err
	}
	detail["reason"] = reason
	detail["silent_ms"] = silent
	if reason == string(membership.Shutdown) {
		return fmt.Errorf("A was killed, but it is said to have left with a goodbye")
	}
	return nil
}

// everybodyMisses waits until every node that is up has given up the member id,
// and returns the longest silence and the reason of the last.
func (r *run) everybodyMisses(ctx context.Context, id string, marks []int) (silentMS int64, reason string, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.dueTime())
	defer cancel()
	for _, i := range r.up() {
		l, err := r.nodes[i].wait(ctx, marks[i], "that the member is gone", func(l line) bool {
			return l.Event == membership.Disappeared.String() && l.UniqueID == id
		})
		if err != nil {
			return 0, "", err
		}
		silentMS, reason = max(silentMS, l.SilentMS), string(l.Reason)
	}
	return silentMS, reason, nil
}

// comeBack starts A again: everybody sees it, it sees everybody, and it has kept
// its id, so that no ghost of it is left.
func comeBack(ctx context.Context, r *run, detail map[string]any) error {
	marks := r.marks()
	l, err := r.start(ctx, 0)
	if err != nil {
		return err
	}
	detail["receiver"] = l.Address
	detail["unique_id"] = l.UniqueID
	if before := r.report.Steps[0].Detail["unique_id"]; before != l.UniqueID {
		return fmt.Errorf("A returned with another id: %s was %s", l.UniqueID, before)
	}
	if err := r.everybodySees(ctx, []int{0}, marks, detail); err != nil {
		return err
	}
	for i := 1; i < r.Nodes; i++ {
		if err := r.sees(ctx, 0, i); err != nil {
			return err
		}
	}
	return nil
}

// sees waits until node i has announced node n.
func (r *run) sees(ctx context.Context, i, n int) error {
	ctx, cancel := context.WithTimeout(ctx, r.dueTime())
	defer cancel()
	ready := r.nodes[n].self
	_, err := r.nodes[i].wait(ctx, 0, nodeName(n)+" as a member", func(l line) bool {
		return l.Event == membership.Added.String() && l.UniqueID == ready.UniqueID
	})
	return err
}

// leave asks one node after the other to leave; those that are left must hear
// its goodbye, and every process must end by itself with status 0.
func leave(ctx context.Context, r *run, detail map[string]any) error {
	goodbyes := 0
	for _, i := range r.up() {
		p := r.nodes[i]
		ready := p.self
		marks := r.marks()
		stopped, cancel := context.WithTimeout(ctx, slack)
		_, err := p.ask(stopped, request{Do: doLeave})
		if err == nil {
			err = p.ended0(stopped)
		}
		cancel()
		if err != nil {
			return err
		}
		r.nodes[i] = nil
		_, reason, err := r.everybodyMisses(ctx, ready.UniqueID, marks)
		if err != nil {
			return err
		}
		if len(r.up()) > 0 {
			goodbyes++
			if reason != string(membership.Shutdown) {
				return fmt.Errorf("%s left in order, but the others lost it by %q", p.name, reason)
			}
		}
	}
	detail["goodbyes_heard"] = goodbyes
	return nil
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

// marks are the places in all reports up to now.
func (r *run) marks() []int {
	m := make([]int, len(r.nodes))
	for _, i := range r.up() {
		m[i] = r.nodes[i].mark()
	}
	return m
}

// others names all nodes but A: "B", "B and C", "B, C and D".
func others(r *run) string {
	var names []string
	for i := 1; i < r.Nodes; i++ {
		names = append(names, nodeName(i))
	}
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

func verb(r *run, one, many string) string {
	if r.Nodes == 2 {
		return one
	}
	return many
}
