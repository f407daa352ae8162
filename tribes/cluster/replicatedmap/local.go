package replicatedmap

import (
	"context"
	"fmt"
	"slices"

	"muster/tribes"
	"muster/tribes/session"
)

// What is done with entries on this node. The caller holds the lock of the key,
// and the Values have what the entry is to hold.

// put makes an entry of which this node is the primary, in place of one that may
// be there.
func (m *Map) put(ctx context.Context, key string) error {
	m.mu.Lock()
	old := m.entries[key] != nil
	m.mu.Unlock()
	if old {
		if err := m.tellRemoved(ctx, key); err != nil {
			m.log.Warn("not every member was told that an entry is replaced", "err", err)
		}
	}
	m.mu.Lock()
	err := m.setEntry(key, entry{role: Primary, primary: m.self()})
	m.mu.Unlock()
	if err != nil {
		return err
	}
	return m.republish(ctx, key)
}

// republish makes this node the primary and gives the entry a backup.
func (m *Map) republish(ctx context.Context, key string) error {
	backups, err := m.publish(ctx, key)
	m.own(key, backups)
	return err
}

// own makes this node the primary of an entry with these backups.
func (m *Map) own(key string, backups []*peer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.entries[key]; e != nil {
		*e = entry{role: Primary, primary: m.self(), backups: backups}
	}
}

// remove takes an entry away, here and everywhere. It reports whether there was
// one.
func (m *Map) remove(ctx context.Context, key string) (bool, error) {
	m.mu.Lock()
	_, ok := m.entries[key]
	delete(m.entries, key)
	m.mu.Unlock()
	if !ok {
		return false, nil
	}
	m.values.Drop(key)
	return true, m.tellRemoved(ctx, key)
}

func (m *Map) tellRemoved(ctx context.Context, key string) error {
	msg, err := m.message(session.MapRemove, key)
	if err != nil {
		return err
	}
	m.mu.Lock()
	all := slices.Clone(m.members)
	m.mu.Unlock()
	return m.tell(ctx, all, msg)
}

// claim makes this node the primary of an entry (AbstractReplicatedMap.get).
func (m *Map) claim(ctx context.Context, key string) error {
	m.mu.Lock()
	e := m.entries[key]
	if e == nil {
		m.mu.Unlock()
		return ErrNoEntry
	}
	role, backups := e.role, slices.Clone(e.backups)
	m.mu.Unlock()
	switch role {
	case Primary:
		return nil
	case Backup:
		var err error
		if backups, err = m.publish(ctx, key); err != nil {
			return err
		}
	case Proxy:
		if err := m.retrieve(ctx, key, backups); err != nil {
			return err
		}
	}
	m.own(key, backups)
	m.values.MadePrimary(key)
	m.mu.Lock()
	m.counts.Claimed++
	m.mu.Unlock()
	return nil
}

// retrieve fetches the value of an entry from its backup, which stays that, and
// tells all members who has it now. The old primary becomes a proxy by that.
func (m *Map) retrieve(ctx context.Context, key string, backups []*peer) error {
	ask, err := m.message(session.MapRetrieveBackup, key)
	if err != nil {
		return err
	}
	var value []byte
	for _, r := range m.ask(ctx, backups, ask) {
		if r.Message != nil && len(r.Message.Value) > 0 {
			value = r.Message.Value
			break
		}
	}
	if value == nil {
		return fmt.Errorf("%s is a proxy here, and its backup %s did not give its value", key, names(backups))
	}
	v, err := session.ParseMapValue(value)
	if err != nil {
		return fmt.Errorf("the value of %s: %w", key, err)
	}
	if err := m.values.Put(key, v); err != nil {
		return err
	}
	notify, err := m.about(session.MapNotifyMember, key, backups)
	if err != nil {
		return err
	}
	if err := m.tell(ctx, backups, notify); err != nil {
		return err
	}
	return m.tellProxies(ctx, key, backups)
}

// ask asks peers that are members of the channel.
func (m *Map) ask(ctx context.Context, to []*peer, msg *session.MapMessage) []Reply {
	var members []tribes.Member
	for _, o := range m.ch.Members() {
		if slices.ContainsFunc(to, func(p *peer) bool { return o.Same(&p.Member) }) {
			members = append(members, o)
		}
	}
	return m.askMembers(ctx, members, msg)
}

func (m *Map) askMembers(ctx context.Context, members []tribes.Member, msg *session.MapMessage) []Reply {
	if len(members) == 0 {
		return nil
	}
	timeout := m.cfg.RPCTimeout
	if msg.Type == session.MapPing {
		timeout = m.cfg.AccessTimeout
	}
	replies, err := m.ch.Ask(ctx, members, m.cfg.Options, timeout, m.id, msg)
	if err != nil && ctx.Err() == nil {
		m.log.Debug(fmt.Sprintf("%s of the map %q: %v", msg.Type, m.cfg.Name, err))
	}
	return replies
}

// replicate sends a change of an entry of which this node is the primary to its
// backups, or, without one, that it was used.
func (m *Map) replicate(ctx context.Context, key string, diff []byte) error {
	m.mu.Lock()
	e := m.entries[key]
	if e == nil || e.role != Primary || len(e.backups) == 0 {
		m.mu.Unlock()
		return nil
	}
	backups := slices.Clone(e.backups)
	m.mu.Unlock()
	t := session.MapAccess
	if diff != nil {
		t = session.MapBackup
	}
	msg, err := m.about(t, key, backups)
	if err != nil {
		return err
	}
	msg.Diff, msg.DiffValue = diff != nil, diff
	return m.tell(ctx, backups, msg)
}

func names(ps []*peer) string {
	out := ""
	for i, p := range ps {
		if i > 0 {
			out += ", "
		}
		out += p.Name(p.TextForm())
	}
	if out == "" {
		return "(none)"
	}
	return out
}
