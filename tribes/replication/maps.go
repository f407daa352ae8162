package replication

import (
	"encoding/hex"
	"slices"
	"strings"

	"muster/tribes/decode"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

// mapSuffix ends the name of BackupManager's maps (H/session/BackupManager).
const mapSuffix = "-map"

// mapContext is the context of a map; of another map than BackupManager's it is
// the whole name.
func mapContext(id []byte) string {
	var b strings.Builder
	for _, c := range id { // ISO-8859-1
		b.WriteRune(rune(c))
	}
	return strings.TrimSuffix(b.String(), mapSuffix)
}

// rpc takes a request or an answer of a replicated map.
func (v *View) rpc(m *message) {
	r, inner := m.Content.RPC, m.Content.Inner
	if inner == nil || inner.Map == nil {
		return // nobody serves it there, or it is not of a map
	}
	v.mapMessage(m, inner.Map, r)
}

// mapMessage takes a message of a replicated map; r is the RPC that it came in,
// nil for none.
func (v *View) mapMessage(m *message, c *decode.MapContent, r *session.RPC) {
	if c.Type == session.MapPing {
		v.Counts.Pings++
		if ctx := v.context(mapContext(c.MapID), Backup); ctx != nil {
			m.from.takesPart(ctx, true)
		}
		return
	}
	v.Counts.Messages++
	ctx := v.context(mapContext(c.MapID), Backup)
	if ctx == nil {
		return
	}
	ctx.Bytes += uint64(len(m.Data.Message))
	m.from.takesPart(ctx, c.Type != session.MapStop)
	id := keyText(c.KeyValue)
	switch c.Type {
	case session.MapBackup, session.MapCopy:
		v.spoke(m)
		v.backup(m, ctx, c, id)
	case session.MapProxy, session.MapNotifyMember, session.MapAccess:
		v.spoke(m)
		v.proxy(m, ctx, c, id)
	case session.MapRemove:
		v.spoke(m)
		e := v.event(m, Expired, Backup, ctx.Name)
		e.SessionID, e.Unknown = id, ctx.sessions[id] == nil
		v.expired(ctx, id, m.Time)
	default:
		v.mapState(m, ctx, c, r, id)
	}
	v.placed(m, ctx, id)
}

// takesPart notes whether a node is a member of the context's map.
func (n *Node) takesPart(ctx *Context, is bool) {
	if n.mapped == nil {
		n.mapped = map[string]bool{}
	}
	n.mapped[ctx.Name] = is
}

// mapState takes the RPCs: nodes that come, and what they ask each other.
func (v *View) mapState(m *message, ctx *Context, c *decode.MapContent, r *session.RPC, id string) {
	reply := r != nil && r.Reply
	var e *Event
	switch {
	case c.Type == session.MapStart && !reply:
		e = v.event(m, MapStarted, Backup, ctx.Name)
	case c.Type == session.MapStop:
		e = v.event(m, MapStopped, Backup, ctx.Name)
	case c.Type == session.MapRetrieveBackup:
		e = v.event(m, Fetched, Backup, ctx.Name)
		e.SessionID = id
	case c.Type == session.MapState || c.Type == session.MapStateCopy:
		k := StateAsked
		if reply {
			k = StateSent
		}
		e = v.event(m, k, Backup, ctx.Name)
		if reply {
			e.Sessions = v.mapList(ctx, c, m)
		}
	}
	if r == nil {
		return
	}
	if !reply {
		v.asked.put(hex.EncodeToString(r.UUID), m.Time)
	} else if e != nil {
		at, ok := v.asked.get(hex.EncodeToString(r.UUID))
		e.Latency, e.Timed = m.Time.Sub(at), ok
	}
}

// place is where a message of a map says that a session lives.
type place struct {
	session *Session // nil where there is no room for it
	fresh   bool     // it was not known before
	primary string
	nodes   []string // that hold a backup
}

func (v *View) place(m *message, ctx *Context, c *decode.MapContent, id string) place {
	p := place{session: ctx.sessions[id], primary: m.from.Address, nodes: members(c.Nodes)}
	if c.Primary != nil {
		p.primary = address(&c.Primary.Member)
	}
	if p.session != nil {
		v.served(m, ctx, p.session, p.primary)
		return p
	}
	p.session, p.fresh = v.add(ctx, id, p.primary, m.Time), true
	return p
}

// backup takes a copy of a session for a backup node, or what changed in it.
func (v *View) backup(m *message, ctx *Context, c *decode.MapContent, id string) {
	p := v.place(m, ctx, c, id)
	k := Changed
	if c.Delta == nil && p.fresh && c.Type == session.MapBackup {
		k = Created
		ctx.Created++
	} else {
		ctx.Changed++
	}
	e := v.event(m, k, Backup, ctx.Name)
	e.SessionID, e.Nodes, e.Unknown = id, p.nodes, p.fresh && k == Changed
	switch {
	case c.Delta != nil:
		e.Attributes = actions(c.Delta)
	case c.Session != nil:
		e.Attributes = attributes(c.Session)
	}
	if p.session == nil {
		return
	}
	switch {
	case c.Delta != nil:
		v.changed(m, ctx, p.session, e.Attributes, len(c.DiffValue))
	case c.Session != nil:
		v.whole(p.session, c.Session)
	}
	v.live(p.session, p.primary, p.nodes)
}

// proxy takes word of where a session lives.
func (v *View) proxy(m *message, ctx *Context, c *decode.MapContent, id string) {
	p := v.place(m, ctx, c, id)
	k := Placed
	if c.Type == session.MapAccess {
		k = Accessed
		ctx.Accessed++
	}
	e := v.event(m, k, Backup, ctx.Name)
	e.SessionID, e.Nodes, e.Unknown = id, p.nodes, p.fresh
	if p.session == nil {
		return
	}
	v.live(p.session, p.primary, p.nodes)
	if h := p.session.holder(m.to); h != nil && !slices.Contains(p.nodes, m.to) && m.to != p.primary {
		h.proxy = true
	}
}

// live notes who has a session of a replicated map.
func (v *View) live(s *Session, primary string, nodes []string) {
	for i := range s.holders {
		s.holders[i].proxy = true
	}
	for _, n := range append([]string{primary}, nodes...) {
		if h := s.holder(n); h != nil {
			h.proxy, h.unacked = false, false
		}
	}
}

// mapList takes the answer to a STATE: a message of where each entry lives.
func (v *View) mapList(ctx *Context, c *decode.MapContent, m *message) int {
	all, err := session.ParseMapList(c.Value)
	if err != nil {
		return 0
	}
	for _, mm := range all {
		v.mapEntry(ctx, mm, m)
	}
	return len(all)
}

func (v *View) mapEntry(ctx *Context, mm *session.MapMessage, m *message) {
	key, _, err := javaser.ParseFirst(mm.Key, javaser.Limits{})
	if err != nil {
		return
	}
	primary := ""
	if mm.Primary != nil {
		primary = address(&mm.Primary.Member)
	}
	id := keyText(key)
	s := ctx.sessions[id]
	if s == nil {
		if s = v.add(ctx, id, primary, m.Time); s == nil {
			return
		}
	}
	v.live(s, primary, members(mm.Nodes))
}

func members(all []*session.Member) []string {
	var out []string
	for _, n := range all {
		if n != nil && len(out) < maxHolders {
			out = append(out, address(&n.Member))
		}
	}
	return out
}

// keyText is a map's key as text: a session id, or the class of another key.
func keyText(v javaser.Value) string {
	if s, ok := v.(*javaser.String); ok {
		return s.Text()
	}
	if v == nil {
		return ""
	}
	return javaser.ClassName(v)
}
