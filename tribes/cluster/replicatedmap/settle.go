package replicatedmap

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"muster/tribes/session"
)

// Run relocates entries when members come and go, and pings the members, until
// ctx ends.
func (m *Map) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { m.pings(ctx) })
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.wake:
			m.settle(ctx)
		}
	}
}

// settle goes through the entries after the members of the map have changed
// (mapMemberAdded, memberDisappeared).
func (m *Map) settle(ctx context.Context) {
	m.mu.Lock()
	gone := m.gone
	m.gone = nil
	m.mu.Unlock()
	for _, key := range m.Keys() {
		if ctx.Err() != nil {
			return
		}
		if err := m.settleEntry(ctx, key, gone); err != nil && ctx.Err() == nil {
			m.log.Warn("an entry of the map has no backup now", "err", err)
		}
	}
}

func (m *Map) settleEntry(ctx context.Context, key string, gone []*peer) error {
	unlock := m.lock(key)
	defer unlock()
	m.mu.Lock()
	e := m.entries[key]
	if e == nil {
		m.mu.Unlock()
		return nil
	}
	if slices.Contains(gone, e.primary) {
		e.primary = nil
	}
	lost := slices.ContainsFunc(e.backups, func(p *peer) bool { return slices.Contains(gone, p) })
	takeOver := e.role == Backup && e.primary == nil && len(e.backups) == 1 && e.backups[0] == m.self()
	alone := e.role == Primary && (lost || len(e.backups) == 0)
	orphan := e.role == Proxy && e.primary == nil && lost
	if alone && len(m.members) == 0 {
		e.backups, alone = nil, false
	}
	if orphan {
		delete(m.entries, key)
	}
	if alone && lost || takeOver {
		m.counts.Moved++
	}
	m.mu.Unlock()
	switch {
	case takeOver:
		err := m.republish(ctx, key)
		m.values.MadePrimary(key)
		return err
	case alone:
		return m.republish(ctx, key)
	}
	return nil
}

// pings asks all members of the channel from time to time whether they have the
// map, and takes out those that do not answer (heartbeat).
func (m *Map) pings(ctx context.Context) {
	tick := time.NewTicker(m.cfg.Heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if m.State() == StateInitialized {
				m.Ping(ctx)
			}
		}
	}
}

// Ping asks all members of the channel whether they have the map, and takes out
// of it those that have not answered for longer than AccessTimeout.
func (m *Map) Ping(ctx context.Context) {
	msg, err := m.about(session.MapPing, "", nil)
	if err != nil {
		m.log.Warn(err.Error())
		return
	}
	msg.Nodes = nil
	asked := time.Now()
	for _, r := range m.askMembers(ctx, m.ch.Members(), msg) {
		if r.Message == nil {
			continue
		}
		m.learn(r.Message)
		state, err := session.ParseMapState(r.Message.Value)
		switch {
		case err != nil:
			m.log.Debug(fmt.Sprintf("the reply of %s to a ping: %v", r.From.Name(r.From.TextForm()), err))
		case State(state) == StateInitialized:
			m.memberAdded(&r.From)
		case State(state) == StateStateTransferred:
			m.mu.Lock()
			if p := m.known[identityOf(&r.From)]; p != nil {
				p.alive = time.Now()
			}
			m.mu.Unlock()
		}
	}
	if ctx.Err() != nil {
		return
	}
	m.mu.Lock()
	silent := slices.DeleteFunc(slices.Clone(m.members), func(p *peer) bool {
		return !p.alive.Before(asked) || time.Since(p.alive) <= m.cfg.AccessTimeout
	})
	m.mu.Unlock()
	for _, p := range silent {
		m.log.Warn("a member of the map did not answer a ping", "member", p.Name(p.TextForm()))
		m.MemberGone(&p.Member)
	}
}
