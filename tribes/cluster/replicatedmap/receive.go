package replicatedmap

import (
	"bytes"
	"errors"
	"fmt"

	"muster/tribes"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

// HandleMessage takes a message of another node that waits for no reply
// (AbstractReplicatedMap.messageReceived). msg may alias a buffer; what is kept
// is copied.
func (m *Map) HandleMessage(msg *session.MapMessage) error {
	err := m.take(msg)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.counts.Invalid++
		return fmt.Errorf("%s of the map %q: %w", msg.Type, m.cfg.Name, err)
	}
	m.counts.Taken++
	return nil
}

func (m *Map) take(msg *session.MapMessage) error {
	m.learn(msg)
	switch msg.Type {
	case session.MapStart, session.MapInit, session.MapStop:
		if msg.Primary == nil {
			return errNoPrimary
		}
		if msg.Type == session.MapStop {
			m.MemberGone(&msg.Primary.Member)
		} else {
			m.memberAdded(&msg.Primary.Member)
		}
		return nil
	case session.MapProxy, session.MapRemove, session.MapBackup, session.MapAccess, session.MapNotifyMember:
	default:
		return fmt.Errorf("it has no place in a map that keeps one backup")
	}
	key, err := session.ParseMapKey(msg.Key)
	if err != nil {
		return err
	}
	defer m.lockEntry(key)()
	switch msg.Type {
	case session.MapRemove:
		m.mu.Lock()
		delete(m.entries, key)
		m.mu.Unlock()
		m.values.Drop(key)
		return nil
	case session.MapProxy:
		if err := m.place(key, Proxy, msg, true); err != nil {
			return err
		}
		m.values.Drop(key)
		return nil
	case session.MapBackup:
		return m.backup(key, msg)
	}
	// An entry that was used elsewhere, or has another primary now.
	if err := m.place(key, "", msg, false); err != nil {
		return err
	}
	m.values.Accessed(key)
	return nil
}

var errNoPrimary = fmt.Errorf("it names no primary node")

// lockEntry keeps what comes from others apart from each other. It must not wait
// for an operation of this node, which may wait for the sender: so it has locks
// of its own.
func (m *Map) lockEntry(key string) (unlock func()) {
	l := &m.received[m.slot(key)]
	l.Lock()
	return l.Unlock
}

// backup takes the copy of an entry, or a change of it.
func (m *Map) backup(key string, msg *session.MapMessage) error {
	if msg.Diff {
		if err := m.values.Apply(key, bytes.Clone(msg.DiffValue)); err != nil {
			return err
		}
		return m.place(key, Backup, msg, true)
	}
	if len(msg.Value) > 0 {
		v, err := session.ParseMapValue(bytes.Clone(msg.Value))
		if err != nil {
			return err
		}
		if err := m.values.Put(key, v); err != nil {
			return err
		}
	}
	if err := m.place(key, Backup, msg, true); err != nil {
		m.values.Drop(key)
		return err
	}
	return nil
}

// place notes where msg says that an entry lives, and what this node is to it
// (an empty role leaves that). An entry that is not here is made, or left.
func (m *Map) place(key string, role Role, msg *session.MapMessage, create bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := entry{role: role}
	if old := m.entries[key]; old == nil && !create {
		return ErrNoEntry
	} else if old != nil && role == "" {
		e.role = old.role
	}
	if len(msg.Nodes) > mostBackups {
		return fmt.Errorf("%d backup nodes", len(msg.Nodes))
	}
	if err := m.room(1 + len(msg.Nodes)); err != nil {
		return err
	}
	if msg.Primary != nil {
		e.primary = m.peerOf(&msg.Primary.Member)
	}
	for _, n := range msg.Nodes {
		if n != nil {
			e.backups = append(e.backups, m.peerOf(&n.Member))
		}
	}
	return m.setEntry(key, e)
}

// mostBackups bounds what one entry may name; a LazyReplicatedMap names one.
const mostBackups = 64

// learn takes over the class of MemberImpl that another node writes: its
// serialVersionUID differs from version to version, and a Tomcat reads no other
// than its own.
func (m *Map) learn(msg *session.MapMessage) {
	members := append([]*session.Member{msg.Primary}, msg.Nodes...)
	for _, r := range members {
		if r != nil && sameForm(r.Class, m.cfg.MemberClass) {
			m.mu.Lock()
			m.class = r.Class
			m.mu.Unlock()
			return
		}
	}
}

// sameForm: a and b differ in their serialVersionUID at most.
func sameForm(a, b *javaser.Class) bool {
	return a != nil && a.Name == b.Name && a.Flags == b.Flags && len(a.Fields)+len(a.Annotations) == 0 && a.Super == nil
}

// Answer is the reply to a request of another node's map; nil is null
// (AbstractReplicatedMap.replyRequest).
func (m *Map) Answer(req *session.MapMessage, from *tribes.Member) (*session.MapMessage, error) {
	m.learn(req)
	reply := *req
	switch req.Type {
	case session.MapInit, session.MapStart, session.MapPing:
		if req.Type == session.MapStart {
			m.memberAdded(from)
		}
		m.mu.Lock()
		reply.Primary = m.object(m.self())
		state := m.state
		m.mu.Unlock()
		m.log.Debug(fmt.Sprintf("answered %s of %s", req.Type, from.Name(from.TextForm())))
		if req.Type == session.MapPing {
			var err error
			if reply.Value, err = session.AppendMapState(nil, string(state)); err != nil {
				return nil, err
			}
		}
		return &reply, nil
	case session.MapRetrieveBackup:
		key, err := session.ParseMapKey(req.Key)
		if err != nil {
			return nil, err
		}
		defer m.lockEntry(key)()
		if _, ok := m.Entry(key); !ok {
			return nil, nil
		}
		reply.Value, err = m.whole(key)
		if errors.Is(err, session.ErrNoSession) { // a proxy
			return nil, nil
		}
		return &reply, err
	case session.MapState:
		list, err := m.proxies()
		if err != nil {
			return nil, err
		}
		reply.Value, err = session.AppendMapList(nil, list)
		return &reply, err
	}
	return nil, nil
}

// proxies are messages that tell where all entries live.
func (m *Map) proxies() ([]*session.MapMessage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	objects := map[*peer]*session.Member{nil: nil}
	object := func(p *peer) *session.Member {
		if _, ok := objects[p]; !ok {
			objects[p] = m.object(p)
		}
		return objects[p]
	}
	list := make([]*session.MapMessage, 0, len(m.entries))
	for key, e := range m.entries {
		k, err := session.AppendMapKey(nil, key)
		if err != nil {
			return nil, err
		}
		msg := &session.MapMessage{Type: session.MapProxy, MapID: m.id, Key: k, Primary: object(e.primary), Nodes: []*session.Member{}}
		if !m.cfg.Release.IsZero() {
			msg.As(m.cfg.Release)
		}
		for _, b := range e.backups {
			msg.Nodes = append(msg.Nodes, object(b))
		}
		list = append(list, msg)
	}
	return list, nil
}
