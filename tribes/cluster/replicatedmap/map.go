package replicatedmap

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"time"

	"muster/tribes"
	"muster/tribes/javaser"
	"muster/tribes/release"
	"muster/tribes/session"
)

// Channel carries the messages of a map.
type Channel interface {
	// Local is our own record.
	Local() tribes.Member
	// Members are the others, as far as they are announced.
	Members() []tribes.Member
	// Send delivers a message to a member.
	Send(ctx context.Context, to *tribes.Member, o tribes.Options, message []byte) error
	// Ask sends a request to members and returns their replies (T/group/RpcChannel
	// with ALL_REPLY, under the id of the map): when all have replied or said that
	// they have no such map, or after the timeout. Who has no such map is left out.
	// The error is about those that could not be asked, or did not reply.
	Ask(ctx context.Context, to []tribes.Member, o tribes.Options, timeout time.Duration, id []byte, message *session.MapMessage) ([]Reply, error)
}

// Reply is a member's reply to a request.
type Reply struct {
	From    tribes.Member
	Message *session.MapMessage // nil for null
}

// Values keeps what the entries hold. Its methods are called with the key
// locked, not with the map.
type Values interface {
	// Whole is the value as it is sent to a backup.
	Whole(key string) (javaser.Value, error)
	// Put takes a whole value from another node.
	Put(key string, v javaser.Value) error
	// Apply takes a change.
	Apply(key string, diff []byte) error
	// Accessed notes that another node has used the value.
	Accessed(key string)
	// MadePrimary tells that the value is used here from now on.
	MadePrimary(key string)
	// Drop forgets the value.
	Drop(key string)
}

// Config is what a Map goes by. Zero values mean the defaults.
type Config struct {
	// Name of the map: of a BackupManager the manager's name with "-map" behind it,
	// localhost#/app-map.
	Name string
	// Options of the messages, taken as they are: BackupManager's mapSendOptions are
	// 6, acked after processing.
	Options tribes.Options
	// RPCTimeout is how long replies are waited for (15 s), AccessTimeout those to a
	// ping, after which a member is none of the map any more (5 s). A ping goes out
	// every Heartbeat (5 s).
	RPCTimeout    time.Duration
	AccessTimeout time.Duration
	Heartbeat     time.Duration
	// MemberClass is the descriptor of MemberImpl, whose serialVersionUID depends on
	// the version: session.MemberImplClass. The class of another node's messages
	// takes its place. nil is that of 10.1.40 and later.
	MemberClass *javaser.Class
	// SessionClass is that of DeltaSession, which is computed too: the class of a
	// session that came takes its place. Release says both, and how messages are
	// written, where no object of another node was seen.
	SessionClass *javaser.Class
	Release      release.Release
	// Limit is how many entries others can make the map hold (1 << 20).
	Limit  int
	Logger *slog.Logger
}

// The defaults (H/session/BackupManager, T/group/GroupChannel).
const (
	defaultRPCTimeout    = 15 * time.Second
	defaultAccessTimeout = 5 * time.Second
	defaultHeartbeat     = 5 * time.Second

	defaultLimit = 1 << 20
	// longestKey bounds the keys that others may name; a session id has some forty
	// bytes.
	longestKey = 1 << 10
	// mostPeers is how many members the entries may name together.
	mostPeers       = 4096
	memberImpl10140 = 0x8476f37b32953667
)

// Map is a replicated map. It is safe for use by several goroutines.
type Map struct {
	cfg    Config
	id     []byte
	ch     Channel
	values Values
	log    *slog.Logger

	seed     maphash.Seed
	locks    [slots]sync.Mutex // of keys: one operation of this node on a key at a time
	received [slots]sync.Mutex // the same for what others tell

	mu      sync.Mutex // never held while something is sent
	state   State
	serves  bool // from Start to Stop
	entries map[string]*entry
	members []*peer // of the map, in the order in which they came
	next    int     // index of the next backup (currentNode)
	known   map[identity]*peer
	kept    int // of known, when those that nothing names were forgotten,
	forgot  time.Time
	gone    []*peer // whose entries are to be relocated
	class   *javaser.Class
	counts  Counts
	wake    chan struct{} // there is something to settle
}

// Counts are what a Map counted.
type Counts struct {
	Taken   uint64 // messages of others that took effect
	Invalid uint64 // messages that could not be read, or had no place here
	Refused uint64 // for the limits
	Claimed uint64 // entries that became ours because they were asked for here
	Moved   uint64 // entries that got another primary or backup because a member was gone
}

// Role is what a node is to an entry.
type Role string

const (
	Primary Role = "primary"
	Backup  Role = "backup"
	Proxy   Role = "proxy"
)

type entry struct {
	role    Role
	primary *peer // nil: gone
	backups []*peer
}

// ErrNoEntry: no node of the map has the entry, as far as this one knows.
var ErrNoEntry = errors.New("no such entry")

// New returns a map that nobody knows yet, and that serves nobody: see Start.
func New(ch Channel, values Values, cfg Config) *Map {
	if cfg.RPCTimeout <= 0 {
		cfg.RPCTimeout = defaultRPCTimeout
	}
	if cfg.AccessTimeout <= 0 {
		cfg.AccessTimeout = defaultAccessTimeout
	}
	if cfg.Heartbeat <= 0 {
		cfg.Heartbeat = defaultHeartbeat
	}
	if cfg.MemberClass == nil {
		uid := uint64(memberImpl10140)
		if uids, ok := cfg.Release.SerialUIDs(); ok {
			uid = uint64(uids.Member)
		}
		cfg.MemberClass = session.MemberImplClass(uid)
	}
	if cfg.Limit <= 0 {
		cfg.Limit = defaultLimit
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Map{
		cfg: cfg, id: latin1(cfg.Name), ch: ch, values: values, log: cfg.Logger, class: cfg.MemberClass,
		seed: maphash.MakeSeed(), state: StateNew, entries: map[string]*entry{}, known: map[identity]*peer{},
		wake: make(chan struct{}, 1),
	}
}

// ID is what the map is known by on the channel, as mapId and as rpcId.
func (m *Map) ID() []byte { return m.id }

// latin1 is s in ISO-8859-1, as String.getBytes has it: what it cannot write is
// a question mark.
func latin1(s string) []byte {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			r = '?'
		}
		b = append(b, byte(r))
	}
	return b
}

// lock takes the key for one operation.
func (m *Map) lock(key string) (unlock func()) {
	l := &m.locks[m.slot(key)]
	l.Lock()
	return l.Unlock
}

const slots = 64

func (m *Map) slot(key string) uint64 { return maphash.String(m.seed, key) % slots }

// Entry is where an entry lives, as this node knows it.
type Entry struct {
	Role    Role
	Primary *tribes.Member // nil: gone
	Backups []tribes.Member
}

// Entry returns where key lives.
func (m *Map) Entry(key string) (Entry, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.entries[key]
	if e == nil {
		return Entry{}, false
	}
	out := Entry{Role: e.role}
	if e.primary != nil {
		p := e.primary.Clone()
		out.Primary = &p
	}
	for _, b := range e.backups {
		out.Backups = append(out.Backups, b.Clone())
	}
	return out, true
}

// Keys are the keys of all entries, proxies included (keySetFull), in no order.
func (m *Map) Keys() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	keys := make([]string, 0, len(m.entries))
	for k := range m.entries {
		keys = append(keys, k)
	}
	return keys
}

// Len is how many entries there are, proxies included.
func (m *Map) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.entries)
}

// Counts returns what was counted so far.
func (m *Map) Counts() Counts {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts
}

// State is what the map is to others.
func (m *Map) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

// Serves reports whether this node takes part in the map: from Start to Stop.
// Before and after, its messages are for nobody here.
func (m *Map) Serves() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.serves
}

func (m *Map) setState(s State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = s
}

// setEntry makes or changes the entry of key; the caller holds mu.
func (m *Map) setEntry(key string, e entry) error {
	old := m.entries[key]
	switch {
	case old != nil:
		*old = e
		return nil
	case len(key) > longestKey:
		m.counts.Refused++
		return fmt.Errorf("a key of %d bytes: at most %d", len(key), longestKey)
	case len(m.entries) >= m.cfg.Limit:
		m.counts.Refused++
		return fmt.Errorf("the map is full: %d entries", m.cfg.Limit)
	}
	m.entries[key] = &e
	return nil
}

// State is what a map answers to a ping (AbstractReplicatedMap$State).
type State string

const (
	StateNew              State = "NEW"
	StateStateTransferred State = "STATETRANSFERRED"
	StateInitialized      State = "INITIALIZED"
	StateDestroyed        State = "DESTROYED"
)
