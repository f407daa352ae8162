package tomcat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/tribes/smoke"
)

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
