package tomcat

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/session"
)

// suspects are what a step that failed speaks for: node to does not serve what
// node from has.
type suspects struct {
	from, to int
	session  *life
	members  bool // it is a matter of who hears whom
}

// itself is muster among the nodes: it holds the session that others serve.
const itself = -1

// Facts are what is known at the end of a run, as plain data: Judge decides by
// them alone.
type Facts struct {
	Nodes []NodeFacts
	// Joined: muster is a guest of the cluster, in Group on Interface.
	Joined    bool
	Group     string
	Interface string
	Key       bool // a key was given, so that sealed messages are of another one

	// Failed: a node did not serve what another one has. From and To are they.
	Failed   bool
	From, To int  // From is below 0 where it is muster
	Lost     bool // To does not know the session at all
	Behind   bool // it has an older state of it
	Routes   bool // what failed is the comparison of the jvmRoutes
	Error    string
	// Overtaken are changes that did not arrive, though the next one did.
	Overtaken int
}

// NodeFacts are those of one Tomcat.
type NodeFacts struct {
	Name, URL string
	Down      bool
	Heard     bool   // a heartbeat of it came
	Receiver  string // that it announces
	Reached   bool   // we got through to it
	ReachErr  string
	Domain    string
	CountsUs  bool   // it has asked our receiver, or sent us something
	Open      string // an address at which something speaks Tribes, where it is not heard
	// Examined: a session was made on the node for this. Seen are the messages about it that
	// could be read, Sent all that came from the node meanwhile; Sealed: they are
	// encrypted.
	Examined   bool
	Seen, Sent int
	Sealed     bool
	Manager    manager
	Asked      bool // for it; without the key it would not understand us
	Holds      bool // the session is in its manager
	Context    string
	Route      string
	Cookie     string
	Clock      clock
}

// facts collects them; after a failure the wire is asked.
func (r *run) facts(ctx context.Context) Facts {
	f := Facts{Joined: r.wire != nil, From: r.suspects.from, To: r.suspects.to, Overtaken: r.overtaken}
	if r.report.Failed != nil {
		err := r.report.Failed.Err
		f.Error = err.Error()
		f.Lost, f.Behind, f.Routes = errors.Is(err, errLost), errors.Is(err, errBehind), errors.Is(err, errRoutes)
		f.Failed = f.Lost || f.Behind || f.Routes || r.suspects.members
	}
	if r.wire != nil {
		f.Group, f.Interface = r.Cluster.Group.String(), r.wire.node.Interface.Name
		f.Key = r.wire.key
	}
	for _, t := range r.nodes {
		n := NodeFacts{Name: t.name, URL: t.http.url.Redacted(), Down: t.down, Route: t.route, Clock: t.clock}
		if t.cookie != nil {
			n.Cookie = t.cookie.Name
		}
		if r.wire != nil {
			r.onWire(ctx, t, &n, f.Failed && !f.Routes)
		}
		f.Nodes = append(f.Nodes, n)
	}
	return f
}

// onWire fills in what the wire shows of a node; ask: by asking it, too.
func (r *run) onWire(ctx context.Context, t *node, n *NodeFacts, ask bool) {
	if all := r.wire.ofNode(t); len(all) > 0 {
		m := all[0]
		ap, _ := m.Member.AddrPort()
		n.Heard, n.Receiver, n.Domain = true, ap.String(), string(m.Member.Domain)
		n.Reached = m.Err == nil && m.State != "unconfirmed"
		if m.Err != nil {
			n.ReachErr = m.Err.Error()
		}
		if ask && !t.down {
			r.examine(ctx, t, n, &m.Member)
		}
	} else if ask && !t.down {
		n.Open = r.knock(ctx, t)
	}
	r.wire.mu.Lock()
	n.CountsUs = r.wire.countedBy(t)
	r.wire.mu.Unlock()
}

// examine reads what the wire shows at this moment: the receiver's answer, what a
// new session on the node sends, and what the node says about the application.
func (r *run) examine(ctx context.Context, t *node, n *NodeFacts, m *tribes.Member) {
	ap, ok := m.AddrPort()
	if !ok {
		return
	}
	x := channel.Probe(ctx, ap, channel.ProbeConfig{Member: r.wire.node.Local(), ReadTest: true, ReadTimeout: answerTime})
	n.Reached, n.ReachErr = x.OK(), ""
	if !x.OK() {
		n.ReachErr = x.Error()
		return
	}
	before, _ := r.wire.sent(m.ID)
	if s, err := r.begin(ctx, t, "a new one"); err == nil {
		seen, _ := r.wire.session(ctx, s.id.base(), answerTime, session.Created)
		if n.Seen = len(seen); n.Seen > 0 {
			t.id, t.contexts = seen[0].sender, []string{seen[0].context}
		}
		after, sealed := r.wire.sent(m.ID)
		n.Examined, n.Sent, n.Sealed = true, after-before, sealed > 0
	}
	if n.Sealed && !r.wire.key {
		return
	}
	var id sessionID
	if s := r.suspects.session; s != nil {
		id = s.id
	}
	a := r.wire.question(ctx, m, r.contextNames(t), id)
	n.Asked, n.Manager, n.Holds, n.Context = true, a.manager, a.holds, a.context
}

// sent are the numbers of messages of a member, and of those that are encrypted.
func (w *wire) sent(id tribes.UniqueID) (all, sealed int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.senders[id]; s != nil {
		return s.sent, s.sealed
	}
	return 0, 0
}

// knock looks whether something speaks Tribes on the usual port of a node that is
// not heard.
func (r *run) knock(ctx context.Context, t *node) string {
	for _, a := range t.addrs {
		at := netip.AddrPortFrom(a, channel.DefaultPort)
		if x := channel.Probe(ctx, at, channel.ProbeConfig{ReadTest: true, ReadTimeout: time.Second}); x.OK() {
			return at.String()
		}
	}
	return ""
}
