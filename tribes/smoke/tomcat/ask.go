package tomcat

import (
	"context"
	"slices"
	"time"

	"muster/tribes"
	"muster/tribes/cluster"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

// The questions that a guest may ask a Tomcat. None of them makes it a holder of
// anything: a request for the state is answered to any member, a ping of a map
// and a look at one of its entries too.

// manager is what keeps an application's sessions on a node, by its answers.
type manager string

const (
	deltaManager  manager = "DeltaManager"
	backupManager manager = "BackupManager"
	noManager     manager = "none" // that takes part in the cluster
	silentManager manager = ""     // no answer
)

// answer is what a node says about an application and a session of it.
type answer struct {
	manager manager
	context string // under which it answered
	holds   bool   // it has the session
	// Of a BackupManager: the session, its class, and that of MemberImpl, of its
	// version.
	session      *session.Session
	sessionClass *javaser.Class
	memberClass  *javaser.Class
}

// answerTime is how long a Tomcat may take to answer: it pauses 100 ms before
// the end of a state.
const answerTime = 2 * time.Second

// question asks a member which manager keeps the application, and whether that
// has the session.
func (w *wire) question(ctx context.Context, to *tribes.Member, contexts []string, id sessionID) answer {
	var a answer
	w.update(func() { w.sought = id.base() })
	defer w.update(func() { w.sought = "" })
	for _, name := range contexts {
		found := w.askState(ctx, to, name, &a)
		if found {
			return a
		}
		if a.manager == silentManager && w.askMap(ctx, to, name, id, &a) {
			return a
		}
	}
	return a
}

// askState asks for all sessions of a context, as a starting node does.
func (w *wire) askState(ctx context.Context, to *tribes.Member, name string, a *answer) bool {
	m, err := session.NewGetAllSessions(w.node.SessionForm(to), name, time.Now().UnixMilli()).Append(nil)
	if err != nil {
		return false
	}
	from := w.sighted()
	if _, err := w.node.Send(ctx, to, tribes.UseAck, m); err != nil {
		return false
	}
	ended := false
	w.until(ctx, answerTime, func() bool {
		for _, s := range w.sightings[min(from, len(w.sightings)):] {
			if s.sender != to.ID || s.context != name {
				continue
			}
			switch s.event {
			case session.AllSessionData:
				a.holds = a.holds || s.holds
			case session.TransferComplete:
				a.manager, a.context, ended = deltaManager, name, true
			case session.NoContextManager:
				a.manager, ended = noManager, true
			}
		}
		return ended
	})
	return a.manager == deltaManager
}

// sighted is how many messages were seen. Old ones are let go only by thousands
// of newer ones, which a question does not wait for.
func (w *wire) sighted() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.sightings)
}

// askMap asks for the replicated map of a context.
func (w *wire) askMap(ctx context.Context, to *tribes.Member, name string, id sessionID, a *answer) bool {
	reply := w.call(ctx, to, &session.MapMessage{Type: session.MapPing, MapID: []byte(name + "-map")})
	if reply == nil {
		return false
	}
	if reply.None {
		a.manager = noManager
		return false
	}
	a.manager, a.context = backupManager, name
	if m, err := session.MapMessageOf(reply.Message); err == nil {
		a.learn(m)
	}
	key, err := javaser.AppendMerged(nil, javaser.NewString(string(id)))
	if err != nil {
		return true
	}
	reply = w.call(ctx, to, &session.MapMessage{Type: session.MapRetrieveBackup, MapID: []byte(name + "-map"), Key: key})
	if reply != nil && reply.Message != nil {
		m, err := session.MapMessageOf(reply.Message)
		a.holds = err == nil && len(m.Value) > 0
		if a.holds {
			a.learn(m)
			a.session, a.sessionClass = sessionIn(m.Value)
		}
	}
	return true
}

// learn takes the class of a member from a message of the map that names one.
func (a *answer) learn(m *session.MapMessage) {
	for _, named := range append([]*session.Member{m.Primary}, m.Nodes...) {
		if named != nil {
			a.memberClass = named.Class
		}
	}
}

// sessionIn is the session that a value of a map is, and its class; nil for
// another value.
func sessionIn(value []byte) (*session.Session, *javaser.Class) {
	v, err := session.ParseMapValue(value)
	if err != nil {
		return nil, nil
	}
	read, err := session.Read(v)
	s, ok := read.(session.Session)
	o, object := v.(*javaser.Object)
	if err != nil || !ok || !object {
		return nil, nil
	}
	return &s, o.Class
}

// call asks a member's map and waits for the reply; nil without one.
func (w *wire) call(ctx context.Context, to *tribes.Member, m *session.MapMessage) *cluster.Reply {
	m.As(w.node.ReleaseOf(to))
	o, err := m.Object()
	if err != nil {
		return nil
	}
	replies, err := w.node.Call(ctx, []tribes.Member{*to}, cluster.Request{
		ID: m.MapID, Message: o, Options: tribes.UseAck, Collect: cluster.AllReply, Timeout: answerTime,
	})
	if err != nil || len(replies) == 0 {
		return nil
	}
	return &replies[0]
}

// contextNames are what the Tomcats may call the application: what was seen
// first, then what an Engine's and a Host's cluster make of its path.
func (r *run) contextNames(t *node) []string {
	var all []string
	for _, other := range r.nodes {
		all = append(all, other.contexts...)
	}
	all = append(all, "localhost#"+t.context, t.http.url.Hostname()+"#"+t.context, t.context)
	var out []string
	for _, name := range all {
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
