package smoke

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/tribes/channel"
	"muster/tribes/cluster"
	"muster/tribes/membership"
	"muster/tribes/replicatedmap"
	"muster/tribes/session"
)

// Manager is how the sessions are replicated.
type Manager string

const (
	// Delta: every session to every node, as a DeltaManager does.
	Delta Manager = "delta"
	// Backup: each session on one primary and one backup node, as a BackupManager
	// does; the others know where.
	Backup Manager = "backup"
)

// manager keeps the sessions of a node.
type manager interface {
	attach(n *cluster.Node) channel.Handler
	// run does what is due from time to time, until ctx ends.
	run(ctx context.Context)
	// event takes what the membership tells.
	event(e membership.Event)
	// stop says goodbye to the members.
	stop(ctx context.Context) error

	// fetch gets what a starting node gets. Alone: there may be nobody.
	fetch(ctx context.Context, alone bool) (line, error)
	create(ctx context.Context, id string) error
	request(ctx context.Context, id string, edit func(*session.Edit)) error
	// invalidate looks at a session and ends it everywhere.
	invalidate(ctx context.Context, id string, look func(*session.Session)) error
	// view is what is held here, place where it lives; neither touches it.
	view(id string) (session.Session, bool)
	place(id string) (place, bool)

	// isChange reports whether a message carries a change of a session.
	isChange(message []byte) bool
}

const (
	// sessionContext is the name of the context, as a cluster in an Engine has it.
	sessionContext = "localhost#/smoke"
	// stateBlock is sendAllSessionsSize.
	stateBlock = 1000
)

func newManager(cfg *nodeConfig) manager {
	store := session.NewStore(session.StoreConfig{Context: sessionContext})
	if cfg.Manager == Backup {
		return &backupManager{cluster.NewBackupReplica(store, replicatedmap.Config{Options: cfg.Options})}
	}
	d := &deltaManager{replica: &cluster.Replica{Store: store, Options: cfg.Options, Block: stateBlock}, timeout: cluster.DefaultTransferTimeout}
	if cfg.StateTimeoutMS > 0 {
		d.timeout = time.Duration(cfg.StateTimeoutMS) * time.Millisecond
	}
	return d
}

var errNobody = errors.New("there is no member to ask for the state")

// deltaManager is the node as DeltaManager.
type deltaManager struct {
	replica *cluster.Replica
	timeout time.Duration // of a state transfer
}

func (d *deltaManager) attach(n *cluster.Node) channel.Handler { return d.replica.Attach(n) }
func (d *deltaManager) run(ctx context.Context)                { d.replica.Run(ctx) }
func (d *deltaManager) event(membership.Event)                 {}
func (d *deltaManager) stop(context.Context) error             { return nil }

// fetch gets the state from the member that has been there for longest.
func (d *deltaManager) fetch(ctx context.Context, alone bool) (line, error) {
	t, err := d.replica.Fetch(ctx, d.timeout)
	switch {
	case err != nil:
		return line{}, err
	case t.From == nil && alone:
		return line{}, nil
	case t.From == nil:
		return line{}, errNobody
	case !t.Received:
		return line{}, fmt.Errorf("the state did not come within %s", d.timeout)
	}
	return line{Sessions: t.Sessions, UniqueID: t.From.ID.String()}, nil
}

func (d *deltaManager) create(ctx context.Context, id string) error {
	return d.replicate(ctx)(d.replica.Store.Create(id))
}

func (d *deltaManager) request(ctx context.Context, id string, edit func(*session.Edit)) error {
	return d.replicate(ctx)(d.replica.Store.Request(id, edit))
}

func (d *deltaManager) invalidate(ctx context.Context, id string, look func(*session.Session)) error {
	if s, ok := d.view(id); ok {
		look(&s)
	}
	return d.replicate(ctx)(d.replica.Store.Invalidate(id))
}

// replicate sends the message of a change to the members; it takes the two
// values that the store's methods return.
func (d *deltaManager) replicate(ctx context.Context) func(*session.Message, error) error {
	return func(m *session.Message, err error) error {
		if err != nil {
			return err
		}
		return d.replica.Replicate(ctx, m)
	}
}

func (d *deltaManager) view(id string) (session.Session, bool) { return d.replica.Store.View(id) }
func (d *deltaManager) place(string) (place, bool)             { return place{}, false }

func (d *deltaManager) isChange(message []byte) bool {
	m, err := session.ParseMessage(message)
	return err == nil && m.Event == session.SessionDelta
}

// backupManager is the node as BackupManager.
type backupManager struct{ replica *cluster.BackupReplica }

func (b *backupManager) attach(n *cluster.Node) channel.Handler { return b.replica.Attach(n) }
func (b *backupManager) run(ctx context.Context)                { b.replica.Run(ctx) }
func (b *backupManager) event(e membership.Event)               { b.replica.Event(e) }
func (b *backupManager) stop(ctx context.Context) error         { return b.replica.Stop(ctx) }

// fetch joins the map.
func (b *backupManager) fetch(ctx context.Context, alone bool) (line, error) {
	s, err := b.replica.Start(ctx)
	if err == nil && s.Members == 0 && !alone {
		err = errors.New("no member has the map")
	}
	return line{Sessions: s.Entries}, err
}

func (b *backupManager) create(ctx context.Context, id string) error {
	return b.replica.Create(ctx, id)
}

func (b *backupManager) request(ctx context.Context, id string, edit func(*session.Edit)) error {
	return b.replica.Request(ctx, id, edit)
}

func (b *backupManager) invalidate(ctx context.Context, id string, look func(*session.Session)) error {
	return b.replica.Invalidate(ctx, id, look)
}

func (b *backupManager) view(id string) (session.Session, bool) { return b.replica.Store.View(id) }

func (b *backupManager) place(id string) (place, bool) {
	e, ok := b.replica.Entry(id)
	if !ok {
		return place{}, false
	}
	p := place{Role: e.Role}
	if e.Primary != nil {
		p.Primary = e.Primary.ID.String()
	}
	for _, m := range e.Backups {
		p.Backups = append(p.Backups, m.ID.String())
	}
	return p, true
}

func (b *backupManager) isChange(message []byte) bool {
	m, err := session.ParseMapMessage(message)
	return err == nil && m.Diff
}
