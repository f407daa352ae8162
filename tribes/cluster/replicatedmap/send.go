package replicatedmap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"muster/tribes"
	"muster/tribes/session"
)

// message is a message of this map about key; an empty key is none.
func (m *Map) message(t session.MapType, key string) (*session.MapMessage, error) {
	msg := &session.MapMessage{Type: t, MapID: m.id}
	if !m.cfg.Release.IsZero() {
		msg.As(m.cfg.Release)
	}
	var err error
	if key != "" {
		msg.Key, err = session.AppendMapKey(nil, key)
	}
	return msg, err
}

// about is a message about key that says where it lives: at us, and at backups.
func (m *Map) about(t session.MapType, key string, backups []*peer) (*session.MapMessage, error) {
	msg, err := m.message(t, key)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	msg.Primary, msg.Nodes = m.object(m.self()), m.objects(backups)
	return msg, nil
}

// tell sends a message to peers, side by side, and joins what failed.
func (m *Map) tell(ctx context.Context, to []*peer, msg *session.MapMessage) error {
	if len(to) == 0 {
		return nil
	}
	b, err := msg.Append(nil)
	if err != nil {
		return err
	}
	announced := m.ch.Members()
	errs := make([]error, len(to))
	var wg sync.WaitGroup
	for i, p := range to {
		// A record that came in a message is not where we connect to: only who is a
		// member of the channel is sent anything.
		at := slices.IndexFunc(announced, func(o tribes.Member) bool { return o.Same(&p.Member) })
		if at < 0 {
			errs[i] = fmt.Errorf("%s to %s: no member of the channel", msg.Type, p.Name(p.TextForm()))
			continue
		}
		wg.Go(func() {
			if err := m.ch.Send(ctx, &announced[at], m.cfg.Options, b); err != nil {
				errs[i] = fmt.Errorf("%s to %s: %w", msg.Type, p.Name(p.TextForm()), err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// publish gives an entry a backup: the whole value goes to the next member in
// turn that takes it, and the rest is told where the entry lives
// (LazyReplicatedMap.publishEntryInfo). Without a member there is no backup.
func (m *Map) publish(ctx context.Context, key string) ([]*peer, error) {
	m.mu.Lock()
	members := slices.Clone(m.members)
	var first int
	if len(members) > 0 {
		first = m.nextBackup()
	}
	m.mu.Unlock()
	var errs []error
	for i := range members {
		backup := []*peer{members[(first+i)%len(members)]}
		msg, err := m.about(session.MapBackup, key, backup)
		if err != nil {
			return nil, err
		}
		if msg.Value, err = m.whole(key); err != nil {
			return nil, err
		}
		if err := m.tell(ctx, backup, msg); err != nil {
			errs = append(errs, err)
			continue
		}
		if err := m.tellProxies(ctx, key, backup); err != nil {
			m.log.Warn("not every member was told where an entry of the map lives", "err", err)
		}
		return backup, nil
	}
	return nil, errors.Join(errs...)
}

// tellProxies tells all members of the map but the backups where key lives.
func (m *Map) tellProxies(ctx context.Context, key string, backups []*peer) error {
	msg, err := m.about(session.MapProxy, key, backups)
	if err != nil {
		return err
	}
	m.mu.Lock()
	rest := slices.DeleteFunc(slices.Clone(m.members), func(p *peer) bool { return slices.Contains(backups, p) })
	m.mu.Unlock()
	return m.tell(ctx, rest, msg)
}

func (m *Map) whole(key string) ([]byte, error) {
	v, err := m.values.Whole(key)
	if err != nil {
		return nil, err
	}
	return session.AppendMapValue(nil, v)
}
