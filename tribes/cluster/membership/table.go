package membership

import (
	"bytes"
	"net/netip"
	"time"

	"muster/tribes"
)

// The defaults are Tomcat's (McastService.setDefaults, TcpFailureDetector) where
// it has them.
const (
	DefaultFrequency = 500 * time.Millisecond
	DefaultDropTime  = 3 * time.Second
	// defaultLimit and defaultLimitBytes bound the table: members, and bytes of
	// their hosts, domains, commands and payloads.
	defaultLimit      = 16384
	defaultLimitBytes = 16 << 20

	// retryEvery is the channel's heartbeat, at which TcpFailureDetector asks
	// suspects and unconfirmed members again.
	retryEvery = 5 * time.Second
	// newcomerGap is the least time between two checks of one address because of
	// another id that claims it.
	newcomerGap = time.Second
	// scanEvery is how often the table looks which addresses are due.
	scanEvery = 100 * time.Millisecond
	// suspectFor is removeSuspectsTimeout. After it a Tomcat stops asking and
	// keeps the member for ever; the table gives it up.
	suspectFor = 300 * time.Second
)

// Config is what a Table goes by. Zero values mean the defaults.
type Config struct {
	Frequency  time.Duration // how often members are expected to be heard
	DropTime   time.Duration // silent for longer: no longer a member
	Limit      int
	LimitBytes int
	// Checked: a member is announced, or given up for silence, only after a TCP
	// check. Without it heartbeats alone decide.
	Checked bool
	// Refuse says why the receiver of a member, which source advertises, is not to be
	// asked: a heartbeat may name a host that has nothing to do with it. nil asks all.
	Refuse func(receiver, source netip.AddrPort) error
	// Own reports an address of this host: its receivers are asked as often as needed.
	// nil knows none.
	Own func(netip.Addr) bool
	// Notify is told of every change, in order. It must not call the Table.
	Notify func(Event)
	// Warn is told, once each, what a person should know beside the events.
	Warn func(string)
}

// Counts are what a Table counted.
type Counts struct {
	Heartbeats uint64 // taken, those of members that are refused included
	Refused    uint64 // of members for which the table had no room
	Goodbyes   uint64
	Added      uint64
	Gone       uint64
	// Unconfirmed: heard, never announced and silent again.
	Unconfirmed uint64
}

// Table holds the members. It is not safe for use by several goroutines.
type Table struct {
	cfg       Config
	local     *tribes.Member
	members   map[string]*entry
	addresses map[string]*address
	heard     chain // bySilence; suspects are not in it
	queues    [levels]queue
	allowed   allowance
	crowd     crowd
	states    [3]int
	bytes     int
	asOf      time.Time
	retried   time.Time
	counts    Counts
	key       []byte
	full      bool
	holding   bool // no member is asked yet: our own form is not known
}

// NewTable returns an empty table.
func NewTable(cfg Config) *Table {
	if cfg.Frequency <= 0 {
		cfg.Frequency = DefaultFrequency
	}
	if cfg.DropTime <= 0 {
		cfg.DropTime = DefaultDropTime
	}
	if cfg.Limit <= 0 {
		cfg.Limit = defaultLimit
	}
	if cfg.LimitBytes <= 0 {
		cfg.LimitBytes = defaultLimitBytes
	}
	if cfg.Notify == nil {
		cfg.Notify = func(Event) {}
	}
	if cfg.Warn == nil {
		cfg.Warn = func(string) {}
	}
	return &Table{
		cfg:       cfg,
		members:   map[string]*entry{},
		addresses: map[string]*address{},
		heard:     chain{which: bySilence},
		key:       make([]byte, 0, 160),
	}
}

// SetLocal names the member that we are: nobody asks it over TCP, nor members of
// another form. Those that are not confirmed are asked anew.
func (t *Table) SetLocal(m tribes.Member) {
	t.local = &m
	for _, a := range t.addresses {
		if a.states[candidate] > 0 {
			t.enqueue(a, proven)
		}
	}
}

// Hear takes a heartbeat that arrived at a time not before that of the last
// call. m may alias a buffer; what is kept is copied.
func (t *Table) Hear(m *tribes.Member, source netip.AddrPort, at time.Time) {
	t.advanceTo(at)
	t.counts.Heartbeats++
	t.key = appendKey(t.key[:0], m)
	e := t.members[string(t.key)]
	if m.Shutdown() {
		t.counts.Goodbyes++
		if e != nil {
			t.bytes += len(m.Command) - len(e.member.Command)
			e.member.Command = bytes.Clone(m.Command)
			t.giveUp(e, Shutdown, nil)
		}
		return
	}
	if e == nil {
		t.admit(m, source, at)
		return
	}
	silent := at.Sub(e.last)
	e.gaps.add(silent)
	e.last, e.source = at, source
	e.beats++
	t.update(e, m)
	if e.state == suspect {
		t.set(e, present)
		if e.told {
			e.told = false
			t.tell(Event{Kind: Alive, Reason: Heartbeat, Silent: silent}, e)
		}
	}
	t.heard.moveToBack(e)
	e.addr.entries.moveToBack(e)
	if e.state == candidate && e.beats == 2 {
		t.secondBeat(e)
	}
	if e.addr.count > 1 && e.beats >= 2 {
		t.succeed(e)
	}
}

// secondBeat treats an unconfirmed member as one that is not made up: its check
// comes sooner, and one that failed already is told.
func (t *Table) secondBeat(e *entry) {
	switch {
	case e.addr.queued():
		t.enqueue(e.addr, proven)
	case e.failed != nil && !e.told:
		e.told = true
		t.notify(Suspect, doubt(e.failed), e, e.failed)
	}
}

// admit makes an entry for a member that is heard for the first time.
func (t *Table) admit(m *tribes.Member, source netip.AddrPort, at time.Time) {
	if len(t.members) >= t.cfg.Limit || t.bytes+size(m) > t.cfg.LimitBytes {
		t.refuse()
		return
	}
	e := &entry{member: m.Clone(), source: source, first: at, last: at, beats: 1}
	e.addr = t.address(string(t.key[addressAt:]), m)
	t.members[string(t.key)] = e
	t.bytes += size(m)
	e.origin = source.Addr()
	e.addr.count++
	t.count(e, +1)
	e.addr.entries.pushBack(e)
	t.heard.pushBack(e)
	if !t.cfg.Checked {
		t.announce(e)
		return
	}
	e.addr.newcomer = true
	if at.Sub(e.addr.checked) >= newcomerGap {
		t.enqueue(e.addr, fresh)
	}
}

func (t *Table) refuse() {
	t.counts.Refused++
	if !t.full {
		t.full = true
		t.cfg.Warn(fullText(t.cfg))
	}
}

func (t *Table) address(key string, m *tribes.Member) *address {
	a := t.addresses[key]
	if a == nil {
		a = &address{key: key, entries: chain{which: byAddress}}
		a.port, a.valid = m.AddrPort()
		t.addresses[key] = a
	}
	return a
}

// update takes over what a known member says of itself now. A payload for
// which there is no room is left out; the member stays.
func (t *Table) update(e *entry, m *tribes.Member) {
	k := &e.member
	k.Alive, k.SecurePort, k.UDPPort, k.Generation = m.Alive, m.SecurePort, m.UDPPort, m.Generation
	if bytes.Equal(k.Payload, m.Payload) && bytes.Equal(k.Domain, m.Domain) && bytes.Equal(k.Command, m.Command) {
		return
	}
	more := size(m) - size(k)
	if t.bytes+more > t.cfg.LimitBytes {
		t.refuse()
		return
	}
	t.bytes += more
	k.Payload, k.Domain, k.Command = bytes.Clone(m.Payload), bytes.Clone(m.Domain), bytes.Clone(m.Command)
}

// set moves e between states and keeps the lists and counters that follow.
func (t *Table) set(e *entry, s state) {
	if e.state == suspect {
		t.heard.pushBack(e)
	}
	if s == suspect {
		t.heard.remove(e)
		e.since = t.asOf
	}
	t.count(e, -1)
	e.state = s
	t.count(e, +1)
}

// count keeps how many entries of an address, and of all, are in each state.
func (t *Table) count(e *entry, by int) {
	e.addr.states[e.state] += by
	t.states[e.state] += by
}

func (t *Table) announce(e *entry) {
	t.set(e, present)
	e.told, e.failed = false, nil
	t.counts.Added++
	t.notify(Added, Heartbeat, e, nil)
}

// giveUp removes e, and tells it if e was announced.
func (t *Table) giveUp(e *entry, why Reason, err error) {
	if why == Expired && (e.state == candidate || !t.cfg.Checked && e.beats == 1) {
		t.crowd.vanished(e.origin, t.asOf)
	}
	if e.state == candidate {
		t.counts.Unconfirmed++
	} else {
		t.counts.Gone++
		t.notify(Disappeared, why, e, err)
	}
	t.heard.remove(e)
	a := e.addr
	a.entries.remove(e)
	t.count(e, -1)
	if a.count--; a.count == 0 {
		t.dequeue(a)
		delete(t.addresses, a.key)
	}
	t.bytes -= size(&e.member)
	delete(t.members, string(appendKey(t.key[:0], &e.member)))
}

func (t *Table) notify(k Kind, why Reason, e *entry, err error) {
	t.tell(Event{Kind: k, Reason: why, Silent: t.asOf.Sub(e.last), Err: err}, e)
}

func (t *Table) tell(ev Event, e *entry) {
	ev.Time, ev.Member, ev.Source = t.asOf, e.member, e.source
	t.cfg.Notify(ev)
}

// SendFailed tells that a message to a member could not be delivered: a check
// decides whether it still is one. It reports whether m is in the table.
func (t *Table) SendFailed(m *tribes.Member) bool {
	e := t.members[string(appendKey(t.key[:0], m))]
	if e == nil || e.state == candidate {
		return false
	}
	e.forced = true
	t.enqueue(e.addr, urgent)
	return true
}
