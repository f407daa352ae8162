package smoke

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/tribes/cluster"
	"muster/tribes/cluster/channel"
	"muster/tribes/cluster/membership"
	"muster/tribes/cluster/replicatedmap"
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

// replica keeps the sessions of a node: a cluster.Replica or a
// cluster.BackupReplica.
type replica interface {
	Attach(n *cluster.Node) channel.Handler
	Run(ctx context.Context)
	Event(e membership.Event)
	Stop(ctx context.Context) error

	Create(ctx context.Context, id string) error
	Request(ctx context.Context, id string, edit func(*session.Edit)) error
	Invalidate(ctx context.Context, id string, look func(*session.Session)) error
	View(id string) (session.Session, bool)
}

// manager is a replica with what the steps ask of it beside that.
type manager interface {
	replica
	// fetch gets what a starting node gets. Alone: there may be nobody.
	fetch(ctx context.Context, alone bool) (line, error)
	// place is where a session lives; it does not touch it.
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
	d := &deltaManager{Replica: &cluster.Replica{Store: store, Options: cfg.Options, Block: stateBlock}, timeout: cluster.DefaultTransferTimeout}
	if cfg.StateTimeoutMS > 0 {
		d.timeout = time.Duration(cfg.StateTimeoutMS) * time.Millisecond
	}
	return d
}

var errNobody = errors.New("there is no member to ask for the state")

// deltaManager is the node as DeltaManager.
type deltaManager struct {
	*cluster.Replica
	timeout time.Duration // of a state transfer
}

// fetch gets the state from the member that has been there for longest.
func (d *deltaManager) fetch(ctx context.Context, alone bool) (line, error) {
	t, err := d.Fetch(ctx, d.timeout)
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

func (d *deltaManager) place(string) (place, bool) { return place{}, false }

func (d *deltaManager) isChange(message []byte) bool {
	m, err := session.ParseMessage(message)
	return err == nil && m.Event == session.SessionDelta
}

// backupManager is the node as BackupManager.
type backupManager struct{ *cluster.BackupReplica }

// fetch joins the map.
func (b *backupManager) fetch(ctx context.Context, alone bool) (line, error) {
	s, err := b.Start(ctx)
	if err == nil && s.Members == 0 && !alone {
		err = errors.New("no member has the map")
	}
	return line{Sessions: s.Entries}, err
}

func (b *backupManager) place(id string) (place, bool) {
	e, ok := b.Entry(id)
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
