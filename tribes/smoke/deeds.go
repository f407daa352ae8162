package smoke

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/tribes"
	"muster/tribes/cluster"
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
		l, err = n.fetch(ctx)
	case doCreate:
		err = n.eachSession(r, func(id string) error { return n.create(ctx, id, r) })
	case doServe:
		err = n.eachSession(r, func(id string) error { return n.serve(ctx, id, r) })
	case doInvalidate:
		err = n.eachSession(r, func(id string) error { return n.replicate(ctx)(n.replica.Store.Invalidate(id)) })
	case doDigest:
		l.Digests = n.digests(r)
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

// fetch gets the state from the member that has been there for longest.
func (n *node) fetch(ctx context.Context) (line, error) {
	t, err := n.replica.Fetch(ctx, cluster.DefaultTransferTimeout)
	switch {
	case err != nil:
		return line{}, err
	case t.From == nil:
		return line{}, errors.New("there is no member to ask for the state")
	case !t.Received:
		return line{}, fmt.Errorf("the state did not come within %s", cluster.DefaultTransferTimeout)
	}
	return line{Sessions: t.Sessions, UniqueID: t.From.ID.String()}, nil
}

func (n *node) eachSession(r request, f func(id string) error) error {
	for _, id := range ids(r.Set, r.Count) {
		if err := f(id); err != nil {
			return err
		}
	}
	return nil
}

// replicate sends the message of a change to the members; it takes the two
// values that the store's methods return.
func (n *node) replicate(ctx context.Context) func(*session.Message, error) error {
	return func(m *session.Message, err error) error {
		if err != nil {
			return err
		}
		return n.replica.Replicate(ctx, m)
	}
}

func (n *node) create(ctx context.Context, id string, r request) error {
	replicate := n.replicate(ctx)
	if err := replicate(n.replica.Store.Create(id)); err != nil {
		return err
	}
	return replicate(n.replica.Store.Request(id, func(e *session.Edit) {
		set(e, id, 1, r.Size)
		if r.MaxInactive > 0 {
			e.SetMaxInactive(r.MaxInactive)
		}
	}))
}

// serve is a request that reads a session and counts on.
func (n *node) serve(ctx context.Context, id string, r request) error {
	var bad error
	err := n.replicate(ctx)(n.replica.Store.Request(id, func(e *session.Edit) {
		counter, ok := counterOf(e.Session())
		if !ok {
			bad = fmt.Errorf("session %q is here without its attributes", id)
			return
		}
		set(e, id, counter+1, r.Size)
	}))
	return errors.Join(bad, err)
}

func (n *node) digests(r request) map[string]string {
	out := map[string]string{}
	for _, id := range ids(r.Set, r.Count) {
		if s, ok := n.replica.Store.View(id); ok {
			out[id] = digestOf(&s)
		}
	}
	return out
}
