package replication

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"muster/tribes"
	"muster/tribes/session"
)

// Context is what is known of the sessions of one manager.
type Context struct {
	Name    string
	Manager Manager
	// What happened, by kind.
	Created, Changed, Accessed, Expired, Renamed, Moved uint64
	// Bytes are those of the messages about its sessions.
	Bytes uint64
	// Quick are sessions whose creation and first change came so close together
	// that they are one request's; Risked, of those, the ones that set attributes
	// with options that let a receiving Tomcat take the two in the wrong order;
	// Overtaken are sessions whose change came before their creation.
	Quick, Risked, Overtaken uint64
	// RiskOptions are those of the last one at risk, OvertakenID the last session
	// that was overtaken.
	RiskOptions tribes.Options
	OvertakenID string

	sessions map[string]*Session
	// nodes tells of those that spoke of the context whether they have it.
	nodes map[string]bool
}

// told notes what a node's message says of whether it has the context. Who asks for sessions or sends
// any has it; that a list is at its end also says who never had one, a guest for example.
func (c *Context) told(node string, e session.Event) {
	if e == session.TransferComplete {
		return
	}
	if _, known := c.nodes[node]; known || len(c.nodes) < maxNodes {
		c.nodes[node] = e != session.NoContextManager
	}
}

// Session is one session as far as messages told of it.
type Session struct {
	Context string
	ID      string
	// Node serves it: the last that told of a request to it.
	Node string
	// Since is when it was first seen. Whole: it was seen from its creation on, or
	// came as a whole, so that Attributes are all it has.
	Since, Last time.Time
	Whole       bool
	Changes     uint64
	// DeltaBytes are those of all changes, Largest of the largest of them.
	DeltaBytes uint64
	Largest    int
	Attributes map[string]Held
	// Bytes are those of its attributes, each as a Java stream of its own.
	Bytes int

	holders []holder
	listed  bool      // only a list of sessions named it yet
	born    time.Time // no later than this; its node's clock may have said so
	made    time.Time // its creation was seen
	maker   string
	orphan  time.Time // its first change, where that came without a creation
	weight  int
}

// Held is an attribute as a session has it.
type Held struct {
	Class string
	Bytes int
}

// holder is a node that has the session, by what it said or was sent.
type holder struct {
	node string
	// proxy: it knows where the session is, and does not have it.
	proxy bool
	// unacked: whether it has it hangs on an ack that has not come.
	unacked bool
	// listed is when the list began in which it named the session last, with so
	// many attributes.
	listed     time.Time
	attributes int
}

// Contexts are all that are known, as they came.
func (v *View) Contexts() []*Context { return v.order }

// Len is how many sessions are known now.
func (v *View) Len() int { return v.sessions }

// Len is how many sessions the context has.
func (c *Context) Len() int { return len(c.sessions) }

// Sessions are those that are known now, the oldest first.
func (c *Context) Sessions() []*Session {
	out := make([]*Session, 0, len(c.sessions))
	for _, s := range c.sessions {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *Session) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// Find returns a session, nil where it is not known.
func (c *Context) Find(id string) *Session { return c.sessions[id] }

// Holders are the nodes that have the session as far as the messages tell, the
// one that serves it first. Those that left are not among them.
func (v *View) Holders(s *Session) []string {
	var out []string
	for _, h := range s.holders {
		if n := v.nodes[h.node]; !h.proxy && !h.unacked && (n == nil || !n.Gone) {
			out = append(out, h.node)
		}
	}
	slices.SortStableFunc(out, func(a, b string) int {
		switch {
		case a == s.Node && b != s.Node:
			return -1
		case b == s.Node && a != s.Node:
			return 1
		}
		return 0
	})
	return out
}

// context returns the one of that name; nil where there is no room.
func (v *View) context(name string, m Manager) *Context {
	c := v.contexts[name]
	if c == nil {
		if len(v.contexts) >= maxContexts {
			v.Counts.Dropped++
			return nil
		}
		c = &Context{Name: name, sessions: map[string]*Session{}, nodes: map[string]bool{}}
		v.contexts[name] = c
		v.order = append(v.order, c)
	}
	c.Manager = m
	return c
}

// add makes a session; nil where there is no room. An older one of its id is
// forgotten.
func (v *View) add(c *Context, id, node string, at time.Time) *Session {
	if old := c.sessions[id]; old != nil {
		v.remove(c, old)
	}
	weight := len(id)
	if v.sessions >= v.cfg.Sessions || v.bytes+weight > v.cfg.Bytes {
		v.Counts.Dropped++
		return nil
	}
	s := &Session{Context: c.Name, ID: id, Node: node, Since: at, Last: at, born: at, Attributes: map[string]Held{}, weight: weight}
	c.sessions[id] = s
	v.sessions++
	v.bytes += weight
	return s
}

func (v *View) remove(c *Context, s *Session) {
	if c.sessions[s.ID] == s {
		delete(c.sessions, s.ID)
		v.sessions--
		v.bytes -= s.weight
	}
}

// hold notes what a session has of an attribute now.
func (v *View) hold(s *Session, a *Attribute) {
	old, had := s.Attributes[a.Name]
	s.Bytes -= old.Bytes
	if a.Action == "remove" {
		if had {
			v.weigh(s, -len(a.Name)-len(old.Class))
			delete(s.Attributes, a.Name)
		}
		return
	}
	more := len(a.Class) - len(old.Class)
	if !had {
		more += len(a.Name)
	}
	if !had && len(s.Attributes) >= maxAttributes || v.bytes+more > v.cfg.Bytes {
		s.Bytes += old.Bytes
		v.Counts.Dropped++
		return
	}
	v.weigh(s, more)
	s.Attributes[a.Name] = Held{Class: a.Class, Bytes: a.Bytes}
	s.Bytes += a.Bytes
}

func (v *View) weigh(s *Session, by int) {
	s.weight += by
	v.bytes += by
}

func (s *Session) find(node string) *holder {
	for i := range s.holders {
		if s.holders[i].node == node {
			return &s.holders[i]
		}
	}
	return nil
}

// Names are those of its attributes, in order.
func (s *Session) Names() []string {
	return slices.Sorted(maps.Keys(s.Attributes))
}

// holder returns what is known of a node's copy, new where it is the first word
// about it; nil where there is no room.
func (s *Session) holder(node string) *holder {
	if node == "" {
		return nil
	}
	if h := s.find(node); h != nil {
		return h
	}
	if len(s.holders) >= maxHolders {
		return nil
	}
	s.holders = append(s.holders, holder{node: node})
	return &s.holders[len(s.holders)-1]
}
