package mesh

import (
	"net/netip"
	"slices"
	"time"
)

// handle takes one datagram. The lock is held.
func (n *Node) handle(p Packet, now time.Time) {
	if n.over {
		return
	}
	if waited(p, now) > late {
		n.lostAt = now
	}
	if p.Group { // our own announcements come back too, unless the loop is off
		n.meter.add(len(p.Data), now.Sub(n.start)-waited(p, now))
	}
	k, flags, from, body, err := parseHeader(p.Data)
	addr := p.From.Addr()
	switch {
	case err != nil, addr.IsMulticast(), addr.IsUnspecified():
		n.counts.Invalid++
		return
	case from == n.id:
		if p.Group && n.own(body) {
			n.echoed, n.unechoed = true, 0
			return
		}
		n.counts.Impostors++
		return
	case p.Group != (k == kindAnnounce && flags&flagUnicast == 0):
		n.counts.Invalid++ // what belongs to the group came by unicast, or the reverse
		return
	}
	switch k {
	case kindAnnounce:
		a, err := parseAnnouncement(flags, body, n.hears)
		if err != nil {
			n.counts.Invalid++
			return
		}
		n.hears = a.Hears
		n.announcement(from, addr, a, p, now)
	case kindTimeRequest, kindTimeReply:
		m, err := parseTime(body)
		if err != nil {
			n.counts.Invalid++
			return
		}
		n.time(k, from, p, m, now)
	case kindWho:
		n.who(from, p, body)
	case kindHere:
		n.here(from, p, body, now)
	case kindNote:
		n.note(from, addr, body, now)
	default:
		n.counts.Invalid++
	}
}

// afterGoodbye is how long what was overtaken by a goodbye may still come.
const afterGoodbye = 3 * time.Second

// own reports whether body is of one of our own announcements.
func (n *Node) own(body []byte) bool {
	nonce, ok := nonceOf(body)
	return ok && nonce != 0 && slices.Contains(n.nonces[:], nonce)
}

// waited is how long p lay in the kernel and on its way here; 0 where the clock
// makes no sense.
func waited(p Packet, now time.Time) time.Duration {
	d := time.Duration(now.UnixNano() - p.At)
	if p.At == 0 || d < 0 || d > 10*time.Second {
		return 0
	}
	return d
}

func (n *Node) announcement(from ID, addr netip.Addr, a Announcement, pkt Packet, now time.Time) {
	p := n.learn(from, addr, now)
	if p == nil {
		return
	}
	if !n.believe(p, addr, now) {
		return
	}
	if p.hasLeft() && now.Sub(p.left) < afterGoodbye {
		return
	}
	n.met(p, a, addr, now)
	p.announced(a, now)
	if a.Goodbye {
		n.goes(p, now)
		return
	}
	if a.Unicast {
		p.unicast = now
	} else if !n.arrived(p, a, pkt, now) {
		return
	}
	n.merge(p, a, now)
}

// believe reports whether a datagram under p's identity from addr is p's: one
// from elsewhere, while p is there, is of somebody who uses its identity.
func (n *Node) believe(p *peer, addr netip.Addr, now time.Time) bool {
	if p.to.Addr() == addr || !p.to.Addr().IsValid() {
		return true
	}
	if !p.rumour && now.Sub(p.word) < p.silence() {
		n.counts.Impostors++
		return false
	}
	p.to = netip.AddrPortFrom(addr, p.to.Port())
	return true
}

// met takes what p says of itself.
func (n *Node) met(p *peer, a Announcement, addr netip.Addr, now time.Time) {
	fresh := p.version == "" && p.name == "" || p.rumour
	p.to = netip.AddrPortFrom(addr, a.Port)
	p.name, p.version, p.mtu, p.tcpPort, p.age = a.Name, a.Version, a.MTU, a.TCPPort, a.Age
	p.queries, p.hearing = a.Queries, a.Hearing
	n.heardOf(p, now)
	if fresh {
		if i := slices.Index(n.replaced[:], p.id.Short()); i >= 0 {
			n.replaced[i] = Short(0) // it lives after all
		}
		n.replaces(p, now)
		n.tell(Event{Time: now, Kind: NodeAdded, From: n.info(p)})
	}
}

// heardOf notes a sign of life.
func (n *Node) heardOf(p *peer, now time.Time) {
	back := p.gone
	if back || p.hasLeft() {
		n.counted = 0
	}
	p.word, p.asks, p.rumour, p.gone = now, 0, false, false
	p.left = time.Time{}
	if back {
		n.tell(Event{Time: now, Kind: NodeBack, From: n.info(p)})
	}
}

// replaces finds the process that p follows: one of the same name and address
// that is gone. Its place in the matrix goes.
func (n *Node) replaces(p *peer, now time.Time) {
	for _, old := range n.slots {
		if old == nil || old == p || old.name != p.name || old.to.Addr() != p.to.Addr() {
			continue
		}
		if old.hasLeft() || old.gone || now.Sub(old.word) > old.in.interval*3/2 && time.Duration(p.age)*time.Second < now.Sub(old.word)+time.Second {
			n.tell(Event{Time: now, Kind: NodeRestarted, From: n.info(p)})
			n.remove(old)
			n.replaced[n.replacements%len(n.replaced)] = old.id.Short()
			n.replacements++
		}
	}
}

// goes takes p's goodbye.
func (n *Node) goes(p *peer, now time.Time) {
	if p.hasLeft() {
		return
	}
	p.left = now
	n.counted = 0
	if p.in.heard && !p.in.stopped {
		p.in.stopped, p.in.since, p.in.reason = true, now, ReasonLeft
	}
	n.tell(Event{Time: now, Kind: NodeLeft, From: n.info(p)})
}

// arrived accounts an announcement that came by the group.
func (n *Node) arrived(p *peer, a Announcement, pkt Packet, now time.Time) bool {
	in := &p.in
	duplicates := in.duplicates
	if !in.heard && !in.stopped {
		n.list = append(n.list, p)
	}
	fresh, resumed := in.take(a.Seq, now)
	if resumed {
		n.tell(Event{Time: now, Kind: DirectionResumed, From: n.info(p), To: n.self()})
	}
	if !fresh {
		if in.duplicates > duplicates {
			n.counts.Duplicates++
		} else {
			n.counts.Old++
		}
		return false
	}
	n.counts.Received++
	if a.TTL > 0 && pkt.TTL > 0 && pkt.TTL <= int(a.TTL) {
		p.hops = int(a.TTL) - pkt.TTL
	}
	in.nonce = a.Nonce
	if a.Interval > 0 {
		in.interval = a.Interval
	}
	if o, ok := p.offset.best(); ok {
		in.took(time.Duration(pkt.At-a.Sent) + o.offset)
	}
	return true
}

// merge takes a part of p's list.
func (n *Node) merge(p *peer, a Announcement, now time.Time) {
	r := &p.row
	r.at = now
	if a.First || a.Round != r.current {
		r.current, r.got, r.whole, r.began = a.Round, 0, a.First, now
	}
	r.grow(len(n.slots))
	for _, h := range a.Hears {
		r.got++
		index := 0
		if h.Short != n.id.Short() {
			other := n.peers[h.Short]
			if other == nil {
				n.unknown(h.Short, p)
				continue
			}
			index = other.index
			other.named = now
		}
		c := cell{state: cellHeard, code: h.Delay, loss: h.Loss, tcp: uint8(h.TCP)}
		if h.Stopped {
			at := now.Add(-h.Age)
			c = cell{state: cellStopped, code: uint8(h.Reason), tcp: uint8(h.TCP), since: n.tenths(at)}
			if r.cells[index].state == cellHeard && h.Reason != ReasonLeft {
				n.tell(Event{Time: at, Kind: DirectionStopped, From: n.infoAt(index), To: n.info(p), Reason: h.Reason})
			}
			if old := r.cells[index]; old.state == cellStopped && abs(int64(old.since)-int64(c.since)) <= 3 {
				c.since = old.since // the age is rounded anew each time
			}
		} else if r.cells[index].state == cellStopped {
			n.tell(Event{Time: now, Kind: DirectionResumed, From: n.infoAt(index), To: n.info(p)})
		}
		r.cells[index] = c
		r.round[index] = a.Round
		if index == 0 {
			n.claims(p, !h.Stopped, now)
		}
	}
	if a.Last && r.whole && r.got >= int(a.Total) {
		n.endRound(p, a.Round, now)
	}
}

// endRound drops what p's list no longer has.
func (n *Node) endRound(p *peer, round uint8, now time.Time) {
	r := &p.row
	r.complete, r.told = true, r.began
	for i := range r.cells {
		if r.cells[i].state != cellNone && r.round[i] != round {
			r.cells[i] = cell{}
		}
	}
	if r.cells[0].state != cellHeard {
		n.claims(p, false, now)
	}
}

// claims notes that p says that it hears us, or not.
func (n *Node) claims(p *peer, yes bool, now time.Time) {
	switch {
	case !yes:
		p.claimed = time.Time{}
	case p.claimed.IsZero():
		p.claimed = now
	}
}

// unknown notes that p's list has a node that is not known here; p is asked who
// that is. Others speak for a while of the process that a restarted one replaced.
func (n *Node) unknown(s Short, p *peer) {
	if s == 0 {
		n.counts.Invalid++
		return
	}
	if slices.Contains(n.replaced[:], s) {
		return
	}
	if _, asked := n.wanted[s]; !asked && len(n.wanted) < 256 {
		n.wanted[s] = &want{from: p.to}
	} else if !asked {
		n.counts.UnknownSaid++
	}
}

func (n *Node) tenths(t time.Time) uint32 {
	return uint32(max(t.Sub(n.start)/(100*time.Millisecond), 0))
}

func abs(x int64) int64 { return max(x, -x) }
