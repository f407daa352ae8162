package tomcat

import (
	"context"
	"errors"
	"fmt"

	"muster/tribes"
	"muster/tribes/cluster"
	"muster/tribes/cluster/channel"
	"muster/tribes/cluster/membership"
	"muster/tribes/cluster/replicatedmap"
	"muster/tribes/session"
)

// replica holds muster's own session, in the way of the application's manager.
type replica interface {
	Attach(n *cluster.Node) channel.Handler
	Run(ctx context.Context)
	Event(e membership.Event)
	Stop(ctx context.Context) error

	Create(ctx context.Context, id string) error
	Request(ctx context.Context, id string, edit func(*session.Edit)) error
	Invalidate(ctx context.Context, id string, look func(*session.Session)) error
	View(id string) (session.Session, bool)
	IDs() []string

	// fetch makes View have the session of this base as it is now.
	fetch(ctx context.Context, base string) error
}

// Messages are acked after processing: the session is there when we know that it
// is sent.
const replicaOptions = tribes.UseAck | tribes.SynchronizedAck

// deltaReplica has every session as the others have it.
type deltaReplica struct{ *cluster.Replica }

func (deltaReplica) fetch(context.Context, string) error { return nil }

// backupReplica is a member of the application's replicated map. While it is,
// the Tomcats may choose it as the backup of any session, as they choose each
// other: it holds those until it leaves, and says that it does.
type backupReplica struct{ *cluster.BackupReplica }

// fetch serves a request to it, which a proxy gets from the backup for.
func (b backupReplica) fetch(ctx context.Context, base string) error {
	for _, id := range b.IDs() {
		if sessionID(id).base() == base {
			return b.Request(ctx, id, nil)
		}
	}
	return fmt.Errorf("%w: nobody told muster of session %s", errBehind, base)
}

// replicate makes muster hold sessions as the application's manager does: from
// now on the replica takes what comes.
func (w *wire) replicate(ctx context.Context, p pattern) error {
	store := session.NewStore(session.StoreConfig{Context: p.context, Release: p.release, Like: p.session})
	var r replica
	switch p.manager {
	case backupManager:
		r = backupReplica{cluster.NewBackupReplica(store, replicatedmap.Config{
			Options: replicaOptions, Release: p.release, MemberClass: p.memberClass, SessionClass: p.sessionClass,
		})}
	default:
		r = deltaReplica{&cluster.Replica{Store: store, Options: replicaOptions}}
	}
	handler := r.Attach(w.node)
	w.update(func() { w.handler, w.replica = handler, r })
	w.running.Go(func() { r.Run(w.ctx) })
	b, ok := r.(backupReplica)
	if !ok {
		return nil
	}
	started, err := b.Start(ctx)
	if err == nil && started.Members == 0 {
		err = errors.New("no Tomcat took muster as a member of the map of its sessions")
	}
	return err
}

// ours is muster's copy of a session, under whatever route it is now. Of one that
// it only knows to be elsewhere there is no more than the id.
func (w *wire) ours(base string) (session.Session, bool) {
	for _, id := range w.replica.IDs() {
		if sessionID(id).base() == base {
			s, _ := w.replica.View(id)
			s.ID = id
			return s, true
		}
	}
	return session.Session{}, false
}

// attributes are those of the session that a BackupManager told, as the actions
// that make them.
func (a *answer) attributes() (all []session.Action) {
	if a.session == nil {
		return nil
	}
	for _, at := range a.session.Attributes {
		all = append(all, session.Action{Type: session.Attribute, Name: at.Name, Value: at.Value})
	}
	return all
}
