package replication

import (
	"bytes"
	"net/netip"
	"time"

	"muster/tribes"
	"muster/tribes/decode"
	"muster/tribes/session"
)

// Seen is a message of the channel as somebody saw it.
type Seen struct {
	Time time.Time
	// To is the receiver that it was sent to; the zero AddrPort is our own.
	To      netip.AddrPort
	Data    *tribes.ChannelData
	Content *decode.Content
}

// Config is what a View goes by. Zero values mean the defaults.
type Config struct {
	// Sessions is how many are held; further ones are told, and not held.
	Sessions int
	// Bytes bounds the texts of all sessions together: ids and the names and
	// classes of attributes.
	Bytes int
	// DropTime is how long a member may be silent.
	DropTime time.Duration
}

const (
	defaultSessions = 200_000
	defaultBytes    = 128 << 20
	defaultDropTime = 3 * time.Second

	maxContexts   = 256
	maxNodes      = 1024
	maxHolders    = 32 // of one session
	maxAttributes = 1024
)

// Counts are what a View counted.
type Counts struct {
	Messages   uint64 // about sessions, each once however many got it
	Copies     uint64 // of them for further receivers
	Unreadable uint64
	Sealed     uint64 // that no key opened
	Dropped    uint64 // sessions, contexts and nodes for which there was no room
	Pings      uint64 // of replicated maps
	Acks       uint64
	FailAcks   uint64
}

// View is what is known of the sessions of a cluster. It is for one goroutine.
type View struct {
	cfg      Config
	Counts   Counts
	contexts map[string]*Context
	order    []*Context // as they came
	nodes    map[string]*Node
	began    time.Time
	now      time.Time
	sessions int
	bytes    int

	recent *memory[[16]byte, told]      // messages that were told, by id
	gone   *memory[string, time.Time]   // sessions that are no more, and since when
	asked  *memory[string, time.Time]   // when answers were asked for
	open   *memory[question, time.Time] // what waits for an answer, and since when
	out    []Event
	broken struct { // the latest message that could not be read
		node string
		err  error
	}
}

// New returns a View that has seen nothing.
func New(cfg Config) *View {
	if cfg.Sessions <= 0 {
		cfg.Sessions = defaultSessions
	}
	if cfg.Bytes <= 0 {
		cfg.Bytes = defaultBytes
	}
	if cfg.DropTime <= 0 {
		cfg.DropTime = defaultDropTime
	}
	return &View{
		cfg: cfg, contexts: map[string]*Context{}, nodes: map[string]*Node{},
		recent: newMemory[[16]byte, told](maxRecent), gone: newMemory[string, time.Time](maxGone), asked: newMemory[string, time.Time](maxAsked),
		open: newMemory[question, time.Time](maxAsked),
	}
}

// address names a member by its receiver.
func address(m *tribes.Member) string {
	if ap, ok := m.AddrPort(); ok {
		return ap.String()
	}
	return m.Name(m.TextForm())
}

// Message takes a message, and returns what it tells. The events and what they
// point to are valid until the next call, and no longer than the message.
func (v *View) Message(s Seen) []Event {
	v.tick(s.Time)
	v.out = v.out[:0]
	switch s.Content.Kind {
	case decode.Session, decode.Map, decode.RPC:
	case decode.Encrypted:
		v.Counts.Sealed++
		return nil
	default:
		if s.Content.Err != nil && aboutSessions(s.Content.Message) {
			v.unreadable(&s, s.Content.Err)
		}
		return v.out
	}
	if s.Content.Err != nil {
		v.unreadable(&s, s.Content.Err)
		return v.out
	}
	from := v.node(address(&s.Data.Address))
	from.ID = s.Data.Address.ID
	from.Told.Form = s.Data.Address.Generation
	session.Tells(s.Data.Options, s.Content.Message, &from.Told)
	to := ""
	if s.To.IsValid() {
		to = s.To.String()
		v.node(to)
	}
	m := message{Seen: s, from: from, to: to}
	if t, ok := v.recent.get(messageID(s.Data)); ok {
		v.Counts.Copies++
		v.copied(t, &m)
		return v.out
	}
	switch {
	case s.Content.Session != nil && s.Content.Session.Message != nil:
		v.session(&m)
	case s.Content.Map != nil:
		v.mapMessage(&m, s.Content.Map, nil)
	case s.Content.RPC != nil:
		v.rpc(&m)
	}
	return v.out
}

// aboutSessions reports whether a message that could not be read calls itself
// one about sessions.
func aboutSessions(b []byte) bool {
	head := b[:min(len(b), 128)]
	return session.IsMessage(head) || bytes.Contains(head, []byte("RpcMessage")) || bytes.Contains(head, []byte("MapMessage"))
}

// message is one that is being taken.
type message struct {
	Seen
	from *Node
	to   string
}

// event begins one about m. What it came with counts for its sender.
func (v *View) event(m *message, k Kind, mgr Manager, context string) *Event {
	sent := time.UnixMilli(m.Data.Timestamp)
	e := Event{
		Kind: k, Time: m.Time, Manager: mgr, Context: context, Node: m.from.Address, To: m.to,
		Options: m.Data.Options, Bytes: len(m.Data.Message), Latency: m.Time.Sub(sent), Timed: m.Data.Timestamp > 0,
	}
	v.out = append(v.out, e)
	return &v.out[len(v.out)-1]
}

func (v *View) unreadable(s *Seen, err error) {
	v.Counts.Unreadable++
	v.broken.node, v.broken.err = address(&s.Data.Address), err
	to := ""
	if s.To.IsValid() {
		to = s.To.String()
	}
	v.out = append(v.out, Event{
		Kind: Unreadable, Time: s.Time, Node: address(&s.Data.Address), To: to,
		Options: s.Data.Options, Bytes: len(s.Data.Message), Err: err,
	})
}

func (v *View) tick(at time.Time) {
	if v.began.IsZero() {
		v.began = at
	}
	if at.After(v.now) {
		v.now = at
	}
}
