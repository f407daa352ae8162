package cluster

import (
	"context"

	"muster/tribes/cluster/membership"
	"muster/tribes/session"
)

// What a Replica does with sessions here, with the same methods as a
// BackupReplica: each tells the members, and returns when they were told.

// Create makes a session.
func (r *Replica) Create(ctx context.Context, id string) error {
	return r.tell(ctx)(r.Store.Create(id))
}

// Request serves a request to a session.
func (r *Replica) Request(ctx context.Context, id string, edit func(*session.Edit)) error {
	return r.tell(ctx)(r.Store.Request(id, edit))
}

// Invalidate ends a session everywhere. look is called with it before; it may be
// nil.
func (r *Replica) Invalidate(ctx context.Context, id string, look func(*session.Session)) error {
	if s, ok := r.View(id); ok && look != nil {
		look(&s)
	}
	return r.tell(ctx)(r.Store.Invalidate(id))
}

// tell replicates the message of a change; it takes the two values that the
// store's methods return.
func (r *Replica) tell(ctx context.Context) func(*session.Message, error) error {
	return func(m *session.Message, err error) error {
		if err != nil {
			return err
		}
		return r.Replicate(ctx, m)
	}
}

// View returns a copy of a session without touching it.
func (r *Replica) View(id string) (session.Session, bool) { return r.Store.View(id) }

// IDs are those of all sessions, in no order.
func (r *Replica) IDs() []string { return r.Store.IDs() }

// Event takes an event of the membership: a DeltaManager asks the channel who is
// there.
func (r *Replica) Event(membership.Event) {}

// Stop is nothing to a DeltaManager: what it holds the others hold too.
func (r *Replica) Stop(context.Context) error { return nil }
