package ping

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// maxResponders bounds the rows of an account; further ones are counted.
const maxResponders = 4096

// Answer is one answer as a Link read it.
type Answer struct {
	From      netip.Addr
	Responder uint64 // whose process answers; 0 for a kernel (ICMP)
	Order     uint32 // which of two probes it got first; 0: it does not tell
	Seq       uint32
	Unicast   bool          // answers a probe that was sent to the host itself
	At        int64         // when the kernel received it, Unix ns
	Held      time.Duration // how long the responder waited before it answered
	Size      int           // bytes of the answer, without the protocol's header
	Asked     int           // bytes it should have
	TTL       int           // of the answer as it arrived; -1 unknown
	Hops      int           // routers that the probe passed; -1 unknown
	Stray     Stray         // not Fine: only From holds
}

// Stray says why a datagram is no answer to us.
type Stray uint8

const (
	Fine    Stray = iota
	Foreign       // an answer to another pinger
	Invalid       // no answer at all
)

// Verdict is what the account made of an answer.
type Verdict uint8

const (
	Counted   Verdict = iota // the first answer to its probe
	Duplicate                // a further one
	Late                     // to a probe of the past
	Unasked                  // to a probe that was never sent
	Ignored                  // not for us, not readable, or of one responder too many
)

func (v Verdict) String() string {
	return [...]string{"counted", "duplicate", "late", "unasked", "ignored"}[v]
}

// Strays counts what arrived and belongs to no row.
type Strays struct {
	Foreign  uint64 `json:"foreign"`  // answers to others
	Invalid  uint64 `json:"invalid"`  // not readable
	Unasked  uint64 `json:"unasked"`  // answers to probes never sent
	Oversize uint64 `json:"oversize"` // answers with more bytes than asked for (they count in their row)
	Clock    uint64 `json:"clock"`    // answers whose time was wrong: a clock jumped, or a responder lies about its wait
	Ignored  uint64 `json:"ignored"`  // from more than maxResponders responders
}

// Row is the account of one responder.
type Row struct {
	Addr netip.Addr
	ID   uint64 // 0 for a kernel
	Series
	Unicast Series // by unicast, with Sent 0 where it was not asked
	TTL     int    // of the last answer as it arrived; -1 unknown
	Hops    int    // routers on the way to it; -1 unknown
	// HopsGuessed: the responder does not tell; its TTL lets us guess.
	HopsGuessed bool
}

// Tracker keeps the account. It is not safe for concurrent use.
type Tracker struct {
	start  time.Time // of the first probe, with its monotonic part
	group  ring
	hosts  map[netip.Addr]*ring
	rows   map[rowKey]*row
	strays Strays
	jumped uint32 // probes below were sent before the clock jumped

	arrivals uint32 // answers taken
}

type rowKey struct {
	addr netip.Addr
	id   uint64
}

type row struct {
	group, unicast series
	ttl, hops      int
	guessed        bool
}

// NewTracker begins an account at now.
func NewTracker(now time.Time) *Tracker {
	return &Tracker{start: now, hosts: map[netip.Addr]*ring{}, rows: map[rowKey]*row{}}
}

// Sent notes that probe seq went out at now, to the group, or to a host. Probes
// are numbered upwards; one that could not be sent is left out.
func (t *Tracker) Sent(seq uint32, host netip.Addr, now time.Time) {
	t.ring(host, true).put(seq, stamp{wall: now.UnixNano(), mono: int64(now.Sub(t.start))})
}

// Unsent takes back the latest Sent: the probe did not go out.
func (t *Tracker) Unsent(seq uint32, host netip.Addr) {
	if r := t.ring(host, false); r != nil {
		r.undo(seq)
	}
}

// Stamped adds the kernel's own time of a probe's leaving.
func (t *Tracker) Stamped(seq uint32, host netip.Addr, at int64) {
	if r := t.ring(host, false); r != nil {
		r.refine(seq, at)
	}
}

func (t *Tracker) ring(host netip.Addr, create bool) *ring {
	if !host.IsValid() {
		return &t.group
	}
	r := t.hosts[host]
	if r == nil && create {
		r = new(ring)
		t.hosts[host] = r
	}
	return r
}

// Jumped tells that the clock was set: times of probes sent before are measured
// by the clock that does not jump.
func (t *Tracker) Jumped() { t.jumped = t.group.next }

// Take enters an answer that was read at now. rtt is its round trip; it is
// meaningful for Counted and Duplicate.
func (t *Tracker) Take(a Answer, now time.Time) (v Verdict, rtt time.Duration) {
	switch a.Stray {
	case Foreign:
		t.strays.Foreign++
		return Ignored, 0
	case Invalid:
		t.strays.Invalid++
		return Ignored, 0
	}
	r := &t.group
	if a.Unicast {
		if r = t.hosts[a.From]; r == nil {
			t.strays.Unasked++
			return Unasked, 0
		}
	}
	s, known := r.get(a.Seq)
	if known == neverAsked {
		t.strays.Unasked++
		return Unasked, 0
	}
	w := t.row(a)
	if w == nil {
		t.strays.Ignored++
		return Ignored, 0
	}
	ser := &w.group
	if a.Unicast {
		ser = &w.unicast
	}
	if known == longAgo {
		ser.late++
		return Late, 0
	}
	if a.Size > a.Asked {
		t.strays.Oversize++
	}
	rtt, exact := t.rtt(a, s, int64(now.Sub(t.start)))
	t.arrivals++
	order := a.Order
	if order == 0 {
		order = t.arrivals
	}
	if !ser.answered(a.Seq, order, time.Duration(s.mono)+rtt) {
		return Duplicate, rtt
	}
	if exact {
		ser.time(rtt)
	}
	if a.TTL >= 0 {
		w.ttl = a.TTL
	}
	switch {
	case a.Hops >= 0:
		w.hops, w.guessed = a.Hops, false
	case a.TTL > 0 && (w.hops < 0 || w.guessed):
		w.hops, w.guessed = guessHops(a.TTL), true
	}
	return Counted, rtt
}

// clockSlack is how much longer than the time between sending and reading an
// answer may seem to have taken: kernel and process look at slightly different
// moments.
const clockSlack = time.Millisecond

// rtt is the answer's time; exact is false where the responder's word cannot be
// true. mono is now.
func (t *Tracker) rtt(a Answer, s stamp, mono int64) (rtt time.Duration, exact bool) {
	elapsed := time.Duration(mono - s.mono)
	whole := s.whole(a.At)
	if a.Seq < t.jumped || whole < 0 || whole > elapsed+clockSlack {
		t.strays.Clock++
		whole = elapsed
	}
	if a.Held > whole+clockSlack || a.Held < 0 {
		t.strays.Clock++
		return whole, false
	}
	// On this host itself a probe arrives before its leaving is stamped.
	return max(whole-a.Held, 0), true
}

func (t *Tracker) row(a Answer) *row {
	k := rowKey{a.From, a.Responder}
	w := t.rows[k]
	if w == nil && len(t.rows) < maxResponders {
		w = &row{ttl: -1, hops: -1}
		t.rows[k] = w
	}
	return w
}

// guessHops counts down from the nearest of the usual initial TTLs.
func guessHops(ttl int) int {
	for _, initial := range []int{32, 64, 128, 255} {
		if ttl <= initial {
			return initial - ttl
		}
	}
	return -1
}

// Sends is the number of probes that went to the group.
func (t *Tracker) Sends() uint64 { return t.group.sent }

// Strays are the counts of what belongs to no row.
func (t *Tracker) Strays() Strays { return t.strays }

// Len is the number of responders.
func (t *Tracker) Len() int { return len(t.rows) }

// Rows returns the account, by address. Probes sent before giveUp (by the
// monotonic clock) are lost when they were not answered; later ones are in
// flight.
func (t *Tracker) Rows(giveUp time.Time) []Row {
	limit := int64(giveUp.Sub(t.start))
	groupDue := t.group.due(limit)
	out := make([]Row, 0, len(t.rows))
	for k, w := range t.rows {
		r := Row{
			Addr: k.addr, ID: k.id, TTL: w.ttl, Hops: w.hops, HopsGuessed: w.guessed,
			Series: w.group.account(t.group.sent, groupDue),
		}
		if h := t.hosts[k.addr]; h != nil {
			r.Unicast = w.unicast.account(h.sent, h.due(limit))
		}
		out = append(out, r)
	}
	for addr, h := range t.hosts {
		if !slices.ContainsFunc(out, func(r Row) bool { return r.Addr == addr }) {
			out = append(out, Row{Addr: addr, TTL: -1, Hops: -1,
				Series:  (&series{}).account(t.group.sent, groupDue),
				Unicast: (&series{}).account(h.sent, h.due(limit))})
		}
	}
	slices.SortFunc(out, func(a, b Row) int {
		return cmp.Or(a.Addr.Compare(b.Addr), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// due is how many probes were sent before limit (monotonic ns).
func (r *ring) due(limit int64) uint64 {
	n := r.sent
	for seq := r.next; seq > 0 && r.next-seq < windowSize; seq-- {
		s := r.stamps[(seq-1)%windowSize]
		if s.wall == 0 {
			continue
		}
		if s.mono <= limit {
			break
		}
		n--
	}
	return n
}
