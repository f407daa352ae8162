package analysis

import (
	"net/netip"
	"slices"
	"time"

	"muster/sniff/capture"
	"muster/sniff/frame"
	"muster/tribes"
)

// Member is one incarnation of a member: a host, port and unique id.
type Member struct {
	Record tribes.Member // its latest heartbeat, or what its messages say
	// First and Last are the times of its heartbeats; zero where it sent none.
	First, Last int64
	Beats       Beats
	// Goodbye is when it said that it leaves, 0 for never.
	Goodbye int64
	// Malformed heartbeats are counted elsewhere: they name nobody.

	Sources    set[netip.Addr]     // where its heartbeats come from
	Groups     set[netip.AddrPort] // where they go to
	VLANs      set[uint16]
	Interfaces set[int]
	TTLs       set[uint8]
	MACs       set[frame.MAC]
	Domains    set[string]

	// Fragments is in how many pieces its largest heartbeat came, 0 where all came whole;
	// Size is that of the datagram, with the UDP header.
	Fragments, Size int

	lastInterface int

	packet uint64 // of its latest heartbeat
	// offset is by how much, in ns, the capture's clock is ahead of its alive times.
	offset int64
	// Steps counts where its clock was set; LargestStep is in ms. Recovered: its
	// alive time is the epoch's, as after a recovery of its membership.
	Steps       uint64
	LargestStep int64
	Recovered   bool

	// Gaps are the silences longer than the drop time, the latest few.
	Gaps []Silence

	Talk Talk // what it says over TCP

	// Turns counts how often the source changed together with the line of alive
	// times.
	Turns  uint64
	latest origin

	// slow counts heartbeats in a row in which the alive time grew much less than time passed: a guest announces a
	// small one, so that nobody asks it, and it is no clock.
	slow int

	turn bool // the heartbeat before came out of turn
	host *host
	last envelope
}

// envelope is what is around a heartbeat. It is the same from one to the next, as
// a rule, and then says nothing new.
type envelope struct {
	src  netip.Addr
	dst  netip.AddrPort
	mac  frame.MAC
	itf  int
	vlan uint16
	ttl  uint8
}

// Silence is a time without heartbeats of a member, with what its host did
// meanwhile.
type Silence struct {
	From, To int64
	// Answered: its host answered over TCP. Active: its process itself opened
	// connections or sent data. Unreached is how often others tried to reach it
	// while nothing at all came from it.
	Answered, Active bool
	Unreached        uint64
	quiet            uint8 // the time without any packet that it is, from 1
	sent             int64 // by how much the alive time grew in it, ms
}

// Heard reports whether heartbeats of the member were seen.
func (m *Member) Heard() bool { return m.Beats.count > 0 }

// Hosts are the addresses that its heartbeats came from.
func (m *Member) Hosts() []netip.Addr { return slices.Clone(m.Sources.list) }

// Lost is how many of m's heartbeats are missing between those that came, and in
// how many places. What is missing in a hole of the capture was not lost.
func (a *Analysis) Lost(m *Member) (lost, places uint64) { return m.Beats.losses(a.hole) }

// Longest is the longest time between two heartbeats of m that came, without those in which the capture
// has a hole.
func (a *Analysis) Longest(m *Member) time.Duration {
	if m.slow > 1 {
		return m.Beats.apart()
	}
	return m.Beats.longest(a.hole)
}

// Heard is the number of members whose heartbeats were seen.
func (a *Analysis) Heard() int {
	n := 0
	for _, m := range a.Members {
		if m.Heard() {
			n++
		}
	}
	return n
}

// Beat says what a heartbeat was.
type Beat struct {
	Row *Member // nil where the table is full
	// Same: all around it is as in the one before.
	Same bool
	// Copy: this very heartbeat was counted before.
	Copy bool
}

// Heartbeat counts one heartbeat. m is the row of its sender, nil where that must
// be looked up; a caller who knows it also knows that the record is the one
// before but for the alive time.
func (a *Analysis) Heartbeat(p *capture.Packet, f *frame.Frame, r *tribes.Member, m *Member) Beat {
	unchanged := m != nil
	if m == nil {
		if m = a.member(r); m == nil {
			return Beat{}
		}
	}
	if m.Beats.known(r.Alive, p.Nanos) {
		return Beat{Row: m, Same: true, Copy: true}
	}
	now := a.beat(p, f, r, m, !unchanged && m.changed(r))
	if m.First == 0 {
		m.First = now
	}
	m.Last = max(m.Last, now)
	m.lastInterface = p.Interface
	env := envelope{f.Src, f.Destination(), f.SrcMAC, p.Interface, f.VLAN(), f.TTL}
	if unchanged && env == m.last && m.host != nil && m.host.macs[m.host.latest] == f.SrcMAC {
		m.Record.Alive = r.Alive
		m.host.heard(now)
		return Beat{Row: m, Same: true}
	}
	m.last = env
	m.notice(p, f, r)
	if r.Shutdown() {
		m.Goodbye = now
	}
	m.host = a.sent(f, now, false)
	return Beat{Row: m}
}

// link is where its heartbeats were captured last.
func (m *Member) link() Link { return Link{m.last.itf, m.last.vlan} }

// changed reports whether the record is another one than the last: Tomcat then
// sends a heartbeat out of turn.
func (m *Member) changed(r *tribes.Member) bool {
	return string(r.Payload) != string(m.Record.Payload) || string(r.Domain) != string(m.Record.Domain) || string(r.Command) != string(m.Record.Command)
}

// beat puts a heartbeat on the sender's scale and returns when it was captured, on
// the corrected clock.
func (a *Analysis) beat(p *capture.Packet, f *frame.Frame, r *tribes.Member, m *Member, changed bool) int64 {
	now := p.Nanos
	b := mark{alive: r.Alive, at: now}
	last := m.Beats.newest()
	if last == nil || r.Alive > epochAlive || last.alive > epochAlive {
		m.Recovered = m.Recovered || r.Alive > epochAlive
		b.set, b.broken = true, true
		m.offset, m.packet = now-r.Alive*1e6, p.Number
		m.Beats.add(b)
		return now
	}
	sent := (r.Alive - last.alive) * 1e6
	gap := now - last.at
	shift := a.shift
	switch {
	case gap > 0 && gap < jump && sent*4 < gap:
		m.slow++
	case sent*2 > gap:
		m.slow = 0
	}
	if m.slow > 1 {
		m.offset, b.set = now-r.Alive*1e6, true
	} else {
		b.set = a.clock(p, m, now-r.Alive*1e6, sent)
	}
	m.packet = p.Number
	starting := last.alive < starts
	b.broken = b.set || changed || m.turn || starting
	m.turn = changed
	if now += a.shift - shift; now != p.Nanos {
		b.at, gap = now, now-last.at
	}
	if gap > quietFrom {
		b.quiet = a.quiet(last.at, now, sent, &m.Beats)
	}
	if long := min(a.drop, pauseFrom); !starting && (min(gap, sent) > long || sent == 0 && gap > long) {
		s := a.silence(f.Src, last.at, now)
		b.broken = b.broken || s.Paused() // they were never sent
		if b.quiet == 0 || !s.Answered {
			s.quiet, s.sent = b.quiet, sent/1e6
			m.Gaps = append(m.Gaps, s)
			if len(m.Gaps) > maxAliases {
				m.Gaps = m.Gaps[1:]
			}
		}
	}
	m.Beats.add(b)
	return now
}

// member returns the row of r, nil where the table is full.
func (a *Analysis) member(r *tribes.Member) *Member {
	k := keyOf(r)
	m := a.Members[k]
	if m == nil {
		if len(a.Members) >= maxMembers {
			a.Overflow++
			return nil
		}
		m = &Member{Record: r.Clone()}
		a.Members[k] = m
	}
	return m
}

// notice keeps what a heartbeat says that the ones before did not.
func (m *Member) notice(p *capture.Packet, f *frame.Frame, r *tribes.Member) {
	if len(r.Payload) != len(m.Record.Payload) || len(r.Command) != len(m.Record.Command) || len(r.Domain) != len(m.Record.Domain) ||
		string(r.Domain) != string(m.Record.Domain) || string(r.Payload) != string(m.Record.Payload) ||
		string(r.Command) != string(m.Record.Command) || r.Generation != m.Record.Generation {
		m.Record = r.Clone()
	} else {
		m.Record.Alive = r.Alive
		m.Record.SecurePort, m.Record.UDPPort = r.SecurePort, r.UDPPort
	}
	m.from(f.Src, p.Nanos-r.Alive*1e6)
	m.Groups.add(f.Destination(), maxAliases)
	m.Interfaces.add(p.Interface, maxAliases)
	m.TTLs.add(f.TTL, maxAliases)
	m.VLANs.add(f.VLAN(), maxAliases)
	if f.HasMAC {
		m.MACs.add(f.SrcMAC, maxAliases)
	}
	if m.Beats.count == 1 || len(m.Domains.list) == 0 || m.Domains.list[len(m.Domains.list)-1] != string(r.Domain) {
		m.Domains.add(string(r.Domain), maxAliases)
	}
}

// epochAlive is more than any process has lived, in ms: thirty years.
const epochAlive = 30 * 365 * 24 * 3600 * 1000

// pauseFrom is how long, in ns, a silence must be to be looked at even where the drop time forgives it: whether
// heartbeats were lost in it or not sent.
const pauseFrom = 3 * second

// starts is the alive time in ms below which a heartbeat is a process's first: it then
// waits for members, connects and asks for sessions before it sends in turn.
const starts = 1000

// clock compares the sender's clock with the capture's: offset is by how much the
// latter is ahead, sent the step of the sender's in ns. It reports whether the
// sender's clock was set.
func (a *Analysis) clock(p *capture.Packet, m *Member, offset, sent int64) (set bool) {
	by := offset - m.offset
	if max(by, -by) <= jump {
		m.offset += by / 16
		if a.asking != nil {
			a.regular(m)
		}
		return false
	}
	gap := sent + by
	switch {
	case m.Beats.filled <= enough:
		if a.agrees(by) {
			return false // it was the capture's
		}
		a.suspect(p, m, by, offset)
	case m.Beats.regular(sent) && (gap > sent || gap < 0):
		a.jumped(p, m, by, offset)
		return false
	default:
		m.Steps++
		if by := -by / 1e6; max(by, -by) > max(m.LargestStep, -m.LargestStep) {
			m.LargestStep = by
		}
	}
	m.offset = offset
	return true
}

// Malformed is a datagram that begins as a heartbeat and is none, or one that
// came to the place of heartbeats and begins otherwise.
type Malformed struct {
	Packet              uint64
	Source, Destination netip.AddrPort
	First               []byte // its first bytes
	Reason              string
}

// maxMalformed is how many of them are kept.
const maxMalformed = 16

// MalformedHeartbeat notes a datagram that Tomcat cannot read.
func (a *Analysis) MalformedHeartbeat(p *capture.Packet, f *frame.Frame, reason string) {
	a.MalformedTotal++
	if len(a.Malformed) >= maxMalformed {
		return
	}
	a.Malformed = append(a.Malformed, Malformed{p.Number, f.Source(), f.Destination(), append([]byte(nil), f.Payload[:min(16, len(f.Payload))]...), reason})
}
