package replicatedmap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"muster/tribes"
	"muster/tribes/session"
)

// peer is a member that messages of the map name.
type peer struct {
	tribes.Member
	alive time.Time // of a member of the map: it joined, or answered a ping
}

// identity is what makes two records one member (MemberImpl.equals).
type identity string

func identityOf(m *tribes.Member) identity {
	b := append([]byte(nil), m.Host...)
	b = binary.BigEndian.AppendUint32(b, uint32(m.Port))
	return identity(append(b, m.ID[:]...))
}

var errPeers = errors.New("the map names too many members")

// peerOf is the one peer for a record; the caller holds mu, and has made room.
func (m *Map) peerOf(r *tribes.Member) *peer {
	id := identityOf(r)
	p := m.known[id]
	if p == nil {
		p = &peer{Member: r.Clone()}
		m.known[id] = p
	}
	return p
}

// room makes room for n more peers; the caller holds mu.
func (m *Map) room(n int) error {
	if len(m.known)+n <= mostPeers {
		return nil
	}
	// Looking through all entries must be worth it, or seldom.
	if m.kept <= mostPeers/2 || time.Since(m.forgot) > time.Second {
		m.forgetPeers()
		m.kept, m.forgot = len(m.known), time.Now()
	}
	if len(m.known)+n > mostPeers {
		m.counts.Refused++
		return errPeers
	}
	return nil
}

// forgetPeers drops those that nothing names any more.
func (m *Map) forgetPeers() {
	m.known = map[identity]*peer{}
	keep := func(p *peer) {
		if p != nil {
			m.known[identityOf(&p.Member)] = p
		}
	}
	for _, p := range m.members {
		keep(p)
	}
	for _, p := range m.gone {
		keep(p)
	}
	for _, e := range m.entries {
		keep(e.primary)
		for _, p := range e.backups {
			keep(p)
		}
	}
}

// self is our own peer; the caller holds mu.
func (m *Map) self() *peer {
	local := m.ch.Local()
	id := identityOf(&local)
	p := m.known[id]
	if p == nil {
		p = &peer{Member: local.Clone()}
		m.known[id] = p
	}
	return p
}

// object is a peer as messages carry it; the caller holds mu.
func (m *Map) object(p *peer) *session.Member {
	if p == nil {
		return nil
	}
	return &session.Member{Member: p.Member, Class: m.class}
}

func (m *Map) objects(ps []*peer) []*session.Member {
	out := make([]*session.Member, len(ps))
	for i, p := range ps {
		out[i] = m.object(p)
	}
	return out
}

// Members are the members of the map, this node not among them.
func (m *Map) Members() []tribes.Member {
	m.mu.Lock()
	defer m.mu.Unlock()
	return records(m.members)
}

func records(ps []*peer) []tribes.Member {
	out := make([]tribes.Member, len(ps))
	for i, p := range ps {
		out[i] = p.Clone()
	}
	return out
}

// memberAdded takes a member into the map (mapMemberAdded): it may be chosen as
// a backup, and entries that have none get it. Only members of the channel count.
func (m *Map) memberAdded(r *tribes.Member) {
	local := m.ch.Local()
	if r.Same(&local) {
		return
	}
	announced := slices.ContainsFunc(m.ch.Members(), func(o tribes.Member) bool { return o.Same(r) })
	m.mu.Lock()
	defer m.mu.Unlock()
	if !announced {
		m.log.Debug(fmt.Sprintf("%s says that it has the map, and is no member of the channel yet", r.Name(r.TextForm())))
		return
	}
	if err := m.room(1); err != nil {
		m.log.Debug(err.Error())
		return
	}
	p := m.peerOf(r)
	p.alive = time.Now()
	if slices.Contains(m.members, p) {
		return
	}
	m.members = append(m.members, p)
	m.log.Debug(fmt.Sprintf("map member added: %s", r.Name(r.TextForm())))
	m.signal()
}

// MemberGone takes a member out of the map: it left the channel, or said
// MSG_STOP. Run relocates the entries that it was primary or backup of.
func (m *Map) MemberGone(r *tribes.Member) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.known[identityOf(r)]
	i := slices.Index(m.members, p)
	if p == nil || i < 0 {
		return
	}
	m.members = slices.Delete(m.members, i, i+1)
	m.gone = append(m.gone, p)
	m.log.Debug(fmt.Sprintf("map member gone: %s", r.Name(r.TextForm())))
	m.signal()
}

func (m *Map) signal() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// nextBackup is where the choice of a backup begins (getNextBackupIndex): each
// begins behind the one before. The caller holds mu.
func (m *Map) nextBackup() int {
	n := m.next
	m.next++
	if n >= len(m.members) {
		n, m.next = 0, 1
	}
	return n
}
