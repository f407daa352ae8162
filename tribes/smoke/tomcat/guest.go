package tomcat

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"muster/tribes/javaser"
	"muster/tribes/release"
	"muster/tribes/session"
)

// guestScenario is a session of muster's own in the Tomcats' cluster.
var guestScenario = []step{
	{(*run).keepName, keepSessions},
	{say("every Tomcat is a member"), members},
	{say("muster creates S1"), guestCreates},
	{(*run).guestServeName, guestServed},
	{say("muster has what they changed"), guestHas},
	{say("muster invalidates S1, all drop it"), guestInvalidates},
	{say("S2 of muster expires on all"), guestExpires},
}

func (r *run) guestServeName() string {
	if len(r.URLs) == 1 {
		return "A serves S1"
	}
	return names(0, len(r.URLs)) + " each serve S1"
}

// mustersRoute is what muster puts behind its ids where the Tomcats do so: they
// take the session over from a node that is not theirs.
const mustersRoute = "muster"

// newID makes an id as Tomcat's StandardSessionIdGenerator does.
func newID(route string) sessionID {
	var b [16]byte
	rand.Read(b[:]) // never fails
	id := fmt.Sprintf("%X", b)
	if route != "" {
		id += "." + mustersRoute
	}
	return sessionID(id)
}

// guestCreates makes a session like those of the page: with the attributes that a
// session of A's was seen to get.
func guestCreates(ctx context.Context, r *run, detail map[string]any) error {
	p, err := r.learn(ctx)
	if err != nil {
		return err
	}
	if all := r.wire.ofNode(r.nodes[0]); len(all) > 0 {
		p.release = r.wire.node.ReleaseOf(&all[0].Member)
	}
	detail["context"] = p.context
	detail["manager"] = string(p.manager)
	if err := r.wire.replicate(ctx, p); err != nil {
		return err
	}
	if r.s1, err = r.own(ctx, "S1", p.n, p.actions, 0); err != nil {
		return err
	}
	detail["id"] = string(r.s1.id)
	detail["attributes"] = len(p.actions)
	detail["members"] = len(r.wire.members())
	r.number(r.s1, detail)
	return nil
}

// pattern is what a session of the application is like.
type pattern struct {
	answer
	release release.Release  // whose Java objects A takes
	n       int              // its number
	actions []session.Action // that made its attributes
}

// learn makes and changes a session on A, and reads what its messages say, or
// what its BackupManager answers: the context's name, the number and the
// attributes.
func (r *run) learn(ctx context.Context) (pattern, error) {
	a := r.nodes[0]
	s, p, err := a.open(ctx, "S0")
	if err != nil {
		return pattern{}, err
	}
	r.wire.update(func() { r.wire.copying = s.id.base() })
	if r.app.visits {
		s.n, _ = r.app.read(p.Body)
	}
	if err := sleep(ctx, r.Pause); err != nil {
		return pattern{}, err
	}
	if _, err := a.change(ctx, s, byCookie); err != nil {
		return pattern{}, err
	}
	seen, _ := r.wire.session(ctx, s.id.base(), travelTime, session.Created)
	if len(seen) > 0 {
		a.id, a.contexts = seen[0].sender, []string{seen[0].context}
		var actions []session.Action
		// The change may come a little later than the creation.
		r.wire.until(ctx, travelTime, func() bool {
			actions = r.wire.copies()
			return !r.app.counts() || slices.ContainsFunc(actions, func(a session.Action) bool { return isNumber(a.Value, s.n) })
		})
		return pattern{answer: answer{manager: deltaManager, context: seen[0].context}, n: s.n, actions: actions}, nil
	}
	r.suspects = suspects{from: itself, to: 0, session: s}
	all := r.wire.ofNode(a)
	if len(all) == 0 {
		return pattern{}, fmt.Errorf("%w: nothing is known of how A replicates: no heartbeat of it came", errLost)
	}
	switch q := r.wire.question(ctx, &all[0].Member, r.contextNames(a), s.id); q.manager {
	case deltaManager:
		return pattern{answer: q, n: s.n}, nil
	case backupManager:
		return pattern{answer: q, n: s.n, actions: q.attributes()}, nil
	}
	return pattern{}, fmt.Errorf("%w: a session made on A sent nothing to muster", errNotSent)
}

// errNotSent: a node that counts us as a member told us nothing of its session.
var errNotSent = errors.New("A does not replicate the application")

// own makes a session in muster's store and replicates it.
func (r *run) own(ctx context.Context, name string, n int, actions []session.Action, idle int32) (*life, error) {
	s := &life{name: name, id: newID(r.nodes[0].route), n: n}
	if err := r.wire.replica.Create(ctx, string(s.id)); err != nil {
		return nil, err
	}
	err := r.wire.replica.Request(ctx, string(s.id), func(e *session.Edit) {
		e.Set("muster", javaser.NewString(strconv.Itoa(max(n, 1))))
		for _, a := range actions {
			if a.Type == session.Attribute && !a.Remove {
				e.Set(a.Name, a.Value)
			}
		}
		if idle > 0 {
			e.SetMaxInactive(idle)
		}
	})
	return s, err
}

// guestServed: every Tomcat in turn serves it, and changes it.
func guestServed(ctx context.Context, r *run, detail map[string]any) error {
	for i := range r.nodes {
		if err := r.hand(ctx, r.s1, i-1, i, detail); err != nil {
			return err
		}
	}
	r.number(r.s1, detail)
	return nil
}

// guestHas: what the last Tomcat changed is in muster's store.
func guestHas(ctx context.Context, r *run, detail map[string]any) error {
	began := time.Now()
	var held session.Session
	if err := r.wire.replica.fetch(ctx, r.s1.id.base()); err != nil {
		return err
	}
	if err := r.until(ctx, travelTime, func() (here bool) {
		held, here = r.wire.ours(r.s1.id.base())
		return here && (!r.app.counts() || holdsNumber(&held, r.s1.n))
	}); err != nil {
		r.suspects = suspects{from: itself, to: len(r.nodes) - 1, session: r.s1}
		return fmt.Errorf("%w: muster's copy of it does not have the number %d", errBehind, r.s1.n)
	}
	detail["has_ms"] = time.Since(began).Milliseconds()
	detail["attributes"] = len(held.Attributes)
	r.number(r.s1, detail)
	return nil
}

// holdsNumber reports whether an attribute is n, as a number or as text.
func holdsNumber(s *session.Session, n int) bool {
	return slices.ContainsFunc(s.Attributes, func(a session.SessionAttribute) bool { return isNumber(a.Value, n) })
}

func isNumber(v javaser.Value, n int) bool {
	if text, ok := v.(*javaser.String); ok {
		return text.Text() == strconv.Itoa(n)
	}
	u, _ := javaser.Unbox(v)
	return u == int32(n) || u == int64(n)
}

func guestInvalidates(ctx context.Context, r *run, detail map[string]any) error {
	if err := sleep(ctx, r.Pause); err != nil { // its last change is on its way to the others, too
		return err
	}
	held, ok := r.wire.ours(r.s1.id.base())
	if !ok {
		return errors.New("muster has lost the session")
	}
	if err := r.wire.replica.Invalidate(ctx, held.ID, nil); err != nil {
		return err
	}
	for i := range r.nodes {
		if err := r.drops(ctx, i, r.s1); err != nil {
			return err
		}
	}
	detail["gone_on"] = len(r.nodes)
	return nil
}

// guestIdle is how long muster's S2 may be idle, in seconds.
const guestIdle = 2

func guestExpires(ctx context.Context, r *run, detail map[string]any) error {
	var err error
	if r.s2, err = r.own(ctx, "S2", 0, nil, guestIdle); err != nil {
		return err
	}
	base := r.s2.id.base()
	began := time.Now()
	if err := r.until(ctx, r.idle, func() bool { _, here := r.wire.ours(base); return !here }); err != nil {
		return fmt.Errorf("it was to be idle for %d s, and muster still has it after %s", guestIdle, r.idle)
	}
	detail["expired_ms"] = time.Since(began).Milliseconds()
	for i := range r.nodes {
		if err := r.drops(ctx, i, r.s2); err != nil {
			return err
		}
	}
	return nil
}

// copies is what changed in the session that is to be copied. It is called with
// the lock held.
func (w *wire) copies() (all []session.Action) {
	for _, data := range w.copied {
		if d, err := session.ParseDelta(data); err == nil {
			all = append(all, d.Actions...)
		}
	}
	return all
}
