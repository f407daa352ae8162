package smoke

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/tribes"
	"muster/tribes/session"
)

// The deeds of a node: what a request asks it to do.

func (n *node) do(ctx context.Context, r request) line {
	began := time.Now()
	var l line
	var err error
	switch r.Do {
	case doSend:
		err = n.send(ctx, r)
	case doFetch:
		l, err = n.manager.fetch(ctx, r.Alone)
	case doCreate:
		err = n.eachSession(r, func(id string) error { return n.create(ctx, id, r) })
	case doServe:
		err = n.eachSession(r, func(id string) error { return n.serve(ctx, id, r) })
	case doInvalidate:
		l, err = n.invalidate(ctx, r)
	case doHeard:
		l.Heard = n.heard()
	case doDigest:
		l = n.look(r)
	default:
		err = fmt.Errorf("no such request: %q", r.Do)
	}
	l.TookUS = time.Since(began).Microseconds()
	if err != nil {
		l.Error = err.Error()
	}
	return l
}

// send delivers a byte message with options 6: the ack says that the receiver
// has handed it on.
func (n *node) send(ctx context.Context, r request) error {
	for _, m := range n.Members() {
		if m.Member.ID.String() == r.To {
			_, err := n.Send(ctx, &m.Member, tribes.ByteMessage|tribes.UseAck|tribes.SynchronizedAck, []byte(r.Text))
			return err
		}
	}
	return fmt.Errorf("no member has the id %s", r.To)
}

func (n *node) eachSession(r request, f func(id string) error) error {
	for _, id := range ids(r.Set, r.Count) {
		if err := f(id); err != nil {
			return err
		}
	}
	return nil
}

func (n *node) create(ctx context.Context, id string, r request) error {
	if err := n.manager.Create(ctx, id); err != nil {
		return err
	}
	return n.manager.Request(ctx, id, func(e *session.Edit) {
		set(e, id, 1, r.Size)
		if r.MaxInactive > 0 {
			e.SetMaxInactive(r.MaxInactive)
		}
	})
}

// serve is a request that reads a session and counts on.
func (n *node) serve(ctx context.Context, id string, r request) error {
	var bad error
	err := n.manager.Request(ctx, id, func(e *session.Edit) {
		counter, ok := counterOf(e.Session())
		if !ok {
			bad = fmt.Errorf("session %q is here without its attributes", id)
			return
		}
		set(e, id, counter+1, r.Size)
	})
	return errors.Join(bad, err)
}

// invalidate ends each session; the answer tells what it held then.
func (n *node) invalidate(ctx context.Context, r request) (line, error) {
	l := line{Digests: map[string]string{}}
	err := n.eachSession(r, func(id string) error {
		return n.manager.Invalidate(ctx, id, func(s *session.Session) { l.Digests[id] = digestOf(s) })
	})
	return l, err
}

// look is what is here of the sessions of a set.
func (n *node) look(r request) line {
	l := line{Digests: map[string]string{}, Places: map[string]place{}}
	for _, id := range ids(r.Set, r.Count) {
		if s, ok := n.manager.View(id); ok {
			l.Digests[id] = digestOf(&s)
		}
		if p, ok := n.manager.place(id); ok {
			l.Places[id] = p
		}
	}
	return l
}

// heard is what this node hears of heartbeats, for a failure's why.
func (n *node) heard() *heard {
	st := n.Stats().Membership
	h := &heard{Own: st.Own, SendErrors: st.SendErrors, Members: map[string]string{}}
	for _, m := range n.Members() {
		why := ""
		if m.State == "unconfirmed" {
			why = "its receiver was not asked yet"
			if m.Err != nil {
				why = m.Err.Error()
			}
		}
		h.Members[m.Member.ID.String()] = why
	}
	return h
}
