package tomcat

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"muster/internal/hint"
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

// keepSessions: each Tomcat by itself makes a session and knows it again, by
// cookie and by path parameter. It shows what kind of page this is, too.
func keepSessions(ctx context.Context, r *run, detail map[string]any) error {
	for i, t := range r.nodes {
		s0, first, err := t.open(ctx, "S0")
		if err != nil {
			return err
		}
		if i == 0 {
			if err := r.recognize(ctx, t, s0, first); err != nil {
				return err
			}
		}
		t.app = &r.app
		for _, by := range []carrier{byCookie, byPath} {
			o, err := t.ask(ctx, s0, by, "")
			switch {
			case err != nil:
				return err
			case !o.found && by == byCookie:
				return hint.Wrap(t.named(errors.New("it forgets its own session: a second request with its cookie makes a new one")),
					"is the session that short-lived, or the cookie of another application?")
			case !o.found:
				t.noPath = true
			}
		}
	}
	detail["page"] = r.app.name
	detail["cookie"] = r.nodes[0].cookie.Name
	detail["routes"] = r.each(func(t *node) string { return orNone(t.route) })
	if with := r.each(func(t *node) string {
		if t.noPath {
			return "no"
		}
		return "yes"
	}); strings.Contains(with, "no") {
		detail["path_parameter"] = with
	}
	return nil
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return cut(s, 40)
}

// each joins what f says of every node.
func (r *run) each(f func(*node) string) string {
	all := make([]string, len(r.nodes))
	for i, t := range r.nodes {
		all[i] = f(t)
	}
	return strings.Join(all, " ")
}

// recognize finds out how the page's session is changed and read, where the user
// does not say.
func (r *run) recognize(ctx context.Context, t *node, s *life, first page) error {
	if r.app.Change != "" || r.app.Counter != nil {
		r.app.visits = r.app.Change == ""
		r.app.name = "as told"
		return nil
	}
	pages := []page{first}
	for range 3 {
		o, err := t.ask(ctx, s, byCookie, "")
		if err != nil {
			return err
		}
		pages = append(pages, o.page)
	}
	known := recognize(pages)
	known.Invalidate, known.Expire = r.app.Invalidate, r.app.Expire
	r.app = known
	return nil
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

// errRoutes: the ids do not tell which node serves.
var errRoutes = errors.New("the jvmRoutes do not tell the Tomcats apart")

// routes checks what a sticky balancer goes by: either no node puts a route
// behind its ids, or every one puts its own.
func (r *run) routes() error {
	of := map[string]string{}
	for i, t := range r.nodes {
		other, same := of[t.route]
		switch {
		case (t.route == "") != (r.nodes[0].route == ""):
			r.suspects = suspects{from: 0, to: i}
			return fmt.Errorf("%w: A has %s, %s has %s", errRoutes, orNone(r.nodes[0].route), t.name, orNone(t.route))
		case same && t.route != "":
			r.suspects = suspects{from: 0, to: i}
			return fmt.Errorf("%w: %s and %s both have %q", errRoutes, other, t.name, cut(t.route, 40))
		}
		of[t.route] = t.name
	}
	return nil
}

// hand lets node to serve a session that node from changed last, and change it.
func (r *run) hand(ctx context.Context, s *life, from, to int, detail map[string]any) error {
	t := r.nodes[to]
	r.suspects = suspects{from: from, to: to, session: s}
	began := time.Now()
	o, tries, err := t.serve(ctx, s, byCookie, r.Pause, r.patience)
	if errors.Is(err, errBehind) && from != itself && !r.nodes[from].down && !r.app.visits {
		o, err = r.again(ctx, s, from, to, err)
	}
	if err != nil {
		return err
	}
	detail["served_ms"] = time.Since(began).Milliseconds()
	if tries > 1 {
		detail["tries"] = tries
	}
	if o.id != s.id {
		detail["renamed"] = "to route " + orNone(o.id.route())
		s.id = o.id
	}
	// The new id and the change travel as two messages: not at once.
	if err := sleep(ctx, r.Pause); err != nil {
		return err
	}
	if _, err := t.change(ctx, s, byCookie); err != nil {
		return err
	}
	r.mark(to, smoke.Served, s.name)
	if t.noPath {
		return nil
	}
	if _, err := t.look(ctx, s, byPath); err != nil {
		return fmt.Errorf("by its id in the path: %w", err)
	}
	return nil
}

// again changes the session on from once more. When that arrives, the last change
// had been overtaken by a message before it, which is Tomcat's own race and no
// failure of the replication.
func (r *run) again(ctx context.Context, s *life, from, to int, behind error) (outcome, error) {
	if _, err := r.nodes[from].change(ctx, s, byCookie); err != nil {
		return outcome{}, behind
	}
	o, _, err := r.nodes[to].serve(ctx, s, byCookie, r.Pause, r.patience)
	if err == nil {
		r.overtaken++
	}
	return o, err
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
