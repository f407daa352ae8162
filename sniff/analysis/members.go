package analysis

import (
	"net/netip"
	"slices"

	"muster/sniff/capture"
	"muster/sniff/frame"
	"muster/tribes"
)

// Member is one incarnation of a member: a host, port and unique id.
type Member struct {
	Record tribes.Member // its latest heartbeat, or what its messages say
	// First and Last are the times of its heartbeats; zero where it sent none.
	First, Last int64
	Beats       beats
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

	// Duplicates are heartbeats that came twice: by another interface, or again by
	// the same.
	DuplicatesOther, DuplicatesSame uint64
	lastInterface                   int

	// Steps counts where its clock and the capture's disagree by more than a
	// second from one heartbeat to the next; LargestStep is in ms. Recovered: its
	// alive time is the epoch's, as after a recovery of its membership.
	Steps       uint64
	LargestStep int64
	Recovered   bool

	// Gaps are the silences longer than the drop time, the latest few.
	Gaps []Silence

	Talk Talk // what it says over TCP

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
}

// Heard reports whether heartbeats of the member were seen.
func (m *Member) Heard() bool { return m.Beats.count > 0 }

// Hosts are the addresses that its heartbeats came from.
func (m *Member) Hosts() []netip.Addr { return slices.Clone(m.Sources.list) }

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

// Heartbeat counts one heartbeat. m is the row of its sender, nil where that must
// be looked up; a caller who knows it also knows that the record is the one
// before but for the alive time. same means that all around it is as before too.
func (a *Analysis) Heartbeat(p *capture.Packet, f *frame.Frame, r *tribes.Member, m *Member) (row *Member, same bool) {
	unchanged := m != nil
	if m == nil {
		if m = a.member(r); m == nil {
			return nil, false
		}
	}
	now := p.Nanos
	if m.Heard() && r.Alive == m.Record.Alive && now-m.Last < a.drop {
		if p.Interface != m.lastInterface {
			m.DuplicatesOther++
		} else if now-m.Last < 1e6 {
			m.DuplicatesSame++
		}
	}
	m.clock(now, r)
	lost := m.Beats.lost
	gap := m.Beats.add(now)
	if gap > a.drop {
		s := a.silence(f.Src, now-gap, now)
		if s.Paused() {
			m.Beats.lost = lost // they were never sent
		}
		m.Gaps = append(m.Gaps, s)
		if len(m.Gaps) > maxAliases {
			m.Gaps = m.Gaps[1:]
		}
	}
	if m.First == 0 {
		m.First = now
	}
	m.Last = now
	m.lastInterface = p.Interface
	env := envelope{f.Src, f.Destination(), f.SrcMAC, p.Interface, f.VLAN(), f.TTL}
	if unchanged && env == m.last && m.host != nil && m.host.macs[m.host.latest] == f.SrcMAC {
		m.Record.Alive = r.Alive
		m.host.heard(now)
		return m, true
	}
	m.last = env
	m.notice(p, f, r)
	if r.Shutdown() {
		m.Goodbye = now
	}
	m.host = a.sent(f, now, false)
	return m, false
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
	m.Sources.add(f.Src, maxAliases)
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

// clock compares the sender's clock with the capture's.
func (m *Member) clock(now int64, r *tribes.Member) {
	if r.Alive > epochAlive {
		m.Recovered = true
		return
	}
	if !m.Heard() || m.Record.Alive > epochAlive {
		return
	}
	step := r.Alive - m.Record.Alive - (now-m.Last)/1e6
	if step > 1000 || step < -1000 {
		m.Steps++
		if abs(step) > abs(m.LargestStep) {
			m.LargestStep = step
		}
	}
}

func abs(n int64) int64 { return max(n, -n) }

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
