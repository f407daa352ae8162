package tomcat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/tribes/smoke"
)

// scenario is the nine steps of a session's life, as far as a running cluster
// and its page allow them.
var scenario = []step{
	{(*run).keepName, keepSessions},
	{say("every Tomcat is a member"), members},
	{say("A creates S1"), createS1},
	{say("A is killed"), crash},
	{(*run).serveName, survivorsServe},
	{(*run).returnName, comeBack},
	{(*run).invalidateName, invalidate},
	{say("B creates S2"), createS2},
	{say("S2 expires on all"), expire},
}

func say(text string) func(*run) string { return func(*run) string { return text } }

// kills reports whether A is to be killed, by whomever.
func (r *run) kills() bool { return r.Kill != "" || r.Prompt != nil }

func (r *run) keepName() string {
	if len(r.URLs) == 1 {
		return "A keeps a session"
	}
	return names(0, len(r.URLs)) + " keep a session each"
}

func (r *run) serveName() string {
	if len(r.URLs) == 2 {
		return "B serves S1"
	}
	return names(1, len(r.URLs)) + " each serve S1"
}

func (r *run) returnName() string {
	if r.kills() {
		return "A returns and gets the state"
	}
	return "A serves S1 as the others left it"
}

func (r *run) invalidateName() string {
	if len(r.URLs) == 2 {
		return "A invalidates S1, B drops it"
	}
	return "A invalidates S1, " + names(1, len(r.URLs)) + " drop it"
}

// names are those of nodes from to to-1: "A and B", "B to F".
func names(from, to int) string {
	switch to - from {
	case 1:
		return smoke.NodeName(from)
	case 2:
		return smoke.NodeName(from) + " and " + smoke.NodeName(from+1)
	}
	return smoke.NodeName(from) + " to " + smoke.NodeName(to-1)
}

// begin makes a session on a node and changes it once, in a request of its own:
// what is made and changed in one request travels as two messages, which a
// Tomcat may take in the wrong order.
func (r *run) begin(ctx context.Context, t *node, name string) (*life, error) {
	s, p, err := t.open(ctx, name)
	if err != nil {
		return nil, err
	}
	if r.app.visits {
		s.n, _ = r.app.read(p.Body)
	}
	if err := sleep(ctx, r.Pause); err != nil {
		return nil, err
	}
	_, err = t.change(ctx, s, byCookie)
	return s, err
}

func createS1(ctx context.Context, r *run, detail map[string]any) error {
	var err error
	if r.s1, err = r.begin(ctx, r.nodes[0], "S1"); err != nil {
		return err
	}
	r.mark(0, smoke.Created, "S1")
	detail["id"] = string(r.s1.id)
	r.number(r.s1, detail)
	r.travels(ctx, r.nodes[0], r.s1, detail)
	return nil
}

func (r *run) number(s *life, detail map[string]any) {
	if r.app.counts() {
		detail["counter"] = s.n
	}
}

// survivorsServe: every other node in turn serves S1 by its id, and changes it.
func survivorsServe(ctx context.Context, r *run, detail map[string]any) error {
	for i := 1; i < len(r.nodes); i++ {
		if err := r.hand(ctx, r.s1, i-1, i, detail); err != nil {
			return err
		}
	}
	r.number(r.s1, detail)
	return r.routes()
}

// invalidate ends S1 on A, where the page can do that; nobody may have it then.
func invalidate(ctx context.Context, r *run, detail map[string]any) error {
	switch {
	case r.app.Invalidate == "":
		return skipped("this page has no way to end a session: --invalidate QUERY names one")
	case r.nodes[0].down:
		return skipped("A is down")
	}
	err := r.end(ctx, r.s1)
	if errors.Is(err, errKept) {
		// The end may have been overtaken by a message before it: a session that
		// nothing else happened to tells.
		fresh, e := r.begin(ctx, r.nodes[0], "a session like S1")
		if e == nil {
			e = r.end(ctx, fresh)
		}
		if e == nil {
			r.overtaken++
			err = nil
		}
	}
	if err != nil {
		return err
	}
	detail["gone_on"] = len(r.nodes)
	return nil
}

// end ends a session on A, and waits until nobody has it.
func (r *run) end(ctx context.Context, s *life) error {
	// What A did to it last is on its way to the others.
	if err := sleep(ctx, r.Pause); err != nil {
		return err
	}
	if _, err := r.nodes[0].ask(ctx, s, byCookie, r.app.Invalidate); err != nil {
		return err
	}
	r.mark(0, smoke.Ended, s.name)
	for i := range r.nodes {
		if err := r.drops(ctx, i, s); err != nil {
			return err
		}
	}
	return nil
}

var errKept = errors.New("it still serves what is no more")

// drops waits until a node does not know the session any more. Asking by HTTP
// makes a new one there, as for any visitor with an old cookie, or keeps the old
// one alive: so the wire is watched before.
func (r *run) drops(ctx context.Context, i int, s *life) error {
	t, end := r.nodes[i], time.Now().Add(r.patience)
	if r.wire != nil {
		r.gone(ctx, t, s)
	}
	for pause := r.Pause; ; pause *= 2 {
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		o, err := t.ask(ctx, s, byCookie, "")
		if err != nil {
			return err
		}
		if !o.found || r.app.counts() && !o.shown {
			r.mark(i, smoke.Gone, s.name)
			return nil
		}
		if time.Now().After(end) {
			return t.named(fmt.Errorf("%w: %s", errKept, s.name))
		}
	}
}

// createS2: the other direction.
func createS2(ctx context.Context, r *run, detail map[string]any) error {
	var err error
	if r.s2, err = r.begin(ctx, r.nodes[1], "S2"); err != nil {
		return err
	}
	r.mark(1, smoke.Created, "S2")
	detail["id"] = string(r.s2.id)
	r.travels(ctx, r.nodes[1], r.s2, detail)
	if r.nodes[0].down {
		r.number(r.s2, detail)
		return nil
	}
	err = r.hand(ctx, r.s2, 1, 0, detail)
	r.number(r.s2, detail)
	return err
}

// expire lets S2 be idle, where the page can shorten its time.
func expire(ctx context.Context, r *run, detail map[string]any) error {
	if r.app.Expire == "" {
		return skipped("this page has no way to shorten a session's time: --expire QUERY names one")
	}
	t := r.nodes[1]
	if !r.nodes[0].down {
		t = r.nodes[0]
	}
	if _, err := t.ask(ctx, r.s2, byCookie, r.app.Expire); err != nil {
		return err
	}
	began := time.Now()
	if err := sleep(ctx, r.idle); err != nil {
		return err
	}
	for i, t := range r.nodes {
		if !t.down {
			if err := r.drops(ctx, i, r.s2); err != nil {
				return err
			}
		}
	}
	detail["expired_ms"] = time.Since(began).Milliseconds()
	return nil
}
