package replicatedmap

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/tribes/session"
)

// Started tells what a start found.
type Started struct {
	Members int // of the map, this node not among them
	Entries int // that they have
	// From is the name of the member that told where the entries live; empty where
	// there is none.
	From string
	Took time.Duration
}

// Start joins the map as a starting BackupManager does: MSG_INIT finds its
// members, MSG_STATE asks one of them where the entries live, MSG_START makes
// this node a member that may be chosen as a backup. Where nobody has the map
// this node is its first member. Messages of the map must be handed in from then on.
func (m *Map) Start(ctx context.Context) (Started, error) {
	began := time.Now()
	s := Started{}
	m.mu.Lock()
	m.serves = m.state == StateNew
	serves := m.serves
	m.mu.Unlock()
	if !serves {
		return s, errStarted
	}
	if err := m.announce(ctx, session.MapInit); err != nil {
		return s, err
	}
	from, err := m.fetchState(ctx)
	if err != nil {
		return s, err
	}
	s.From = from
	m.setState(StateStateTransferred)
	if err := m.announce(ctx, session.MapStart); err != nil {
		return s, err
	}
	m.setState(StateInitialized)
	s.Members, s.Entries, s.Took = len(m.Members()), m.Len(), time.Since(began)
	return s, ctx.Err()
}

// announce asks all members of the channel; who replies is a member of the map.
func (m *Map) announce(ctx context.Context, t session.MapType) error {
	msg, err := m.about(t, "", nil)
	if err != nil {
		return err
	}
	msg.Nodes = nil
	for _, r := range m.askMembers(ctx, m.ch.Members(), msg) {
		if r.Message == nil {
			continue
		}
		m.learn(r.Message)
		m.memberAdded(&r.From)
	}
	return ctx.Err()
}

// fetchState takes over where the entries live, from the first member of the map.
func (m *Map) fetchState(ctx context.Context) (from string, err error) {
	m.mu.Lock()
	var first []*peer
	if len(m.members) > 0 {
		first = m.members[:1:1]
	}
	m.mu.Unlock()
	if first == nil {
		return "", nil
	}
	ask, err := m.message(session.MapState, "")
	if err != nil {
		return "", err
	}
	name := first[0].Name(first[0].TextForm())
	for _, r := range m.ask(ctx, first, ask) {
		if r.Message == nil {
			continue
		}
		list, err := session.ParseMapList(r.Message.Value)
		if err != nil {
			return "", fmt.Errorf("the state from %s: %w", name, err)
		}
		for _, msg := range list {
			if err := m.HandleMessage(msg); err != nil {
				m.log.Debug(fmt.Sprintf("the state from %s: %v", name, err))
			}
		}
		return name, nil
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	return "", fmt.Errorf("%s, asked where the entries live, did not answer", name)
}

// Stop leaves the map (breakdown): what this node was the primary or a backup of
// others take over. Messages that come later are for nobody.
func (m *Map) Stop(ctx context.Context) error {
	m.mu.Lock()
	was := m.state
	m.state, m.serves = StateDestroyed, false
	members := m.members
	m.mu.Unlock()
	if was == StateDestroyed || was == StateNew && len(members) == 0 {
		return nil
	}
	msg, err := m.about(session.MapStop, "", nil)
	if err == nil {
		msg.Nodes = nil
		err = m.tell(ctx, members, msg)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.members, m.gone = nil, nil
	return err
}

// A map begins once.
var errStarted = errors.New("the map was started before")

var errStopped = errors.New("the map is stopped")
