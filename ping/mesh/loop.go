package mesh

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// few nodes need no care when they start together.
const few = 32

// tick is how often the node looks what is due.
const tick = 50 * time.Millisecond

// loop announces, asks and watches until ctx ends.
func (n *Node) loop(ctx context.Context, all *sync.WaitGroup) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	clock := time.Now()
	interval, _ := pace(n.cfg.Nodes, n.cfg.Load, n.meter.overhead)
	// Those who start together do not speak together.
	next := clock.Add(rand.N(max(interval, firstWords)))
	if n.cfg.Nodes > 0 && n.cfg.Nodes <= few {
		next = clock.Add(rand.N(fastest))
	}
	var asks float64 // time requests due
	ticks := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := time.Now()
		n.mu.Lock()
		n.watchClock(clock, now)
		n.watchSelf(clock, now)
		if ticks++; ticks%4 == 0 {
			if now.After(n.settle) && !n.over {
				n.watchPeers(now)
			}
			n.dialNext(ctx, all, now)
		}
		if !now.Before(next) {
			next = now.Add(n.turnToSpeak(now))
		}
		asks += now.Sub(clock).Seconds() * min(max(float64(n.count())/10, 4), 20)
		for ; asks >= 1; asks-- {
			n.askNext()
		}
		if n.seq > 0 {
			n.askWho()
		}
		n.passNote(now)
		clock = now
		n.unlock()
	}
}

// turnToSpeak announces this node, and returns how long until the next time. Many
// that start together say one word each at first; when all have, each knows how
// many they are, and they take turns.
func (n *Node) turnToSpeak(now time.Time) time.Duration {
	left := n.start.Add(opening).Sub(now)
	if n.count() <= few || n.seq == 0 {
		wait := n.announce(now)
		if n.count() > few && n.seq == 1 && left > 0 {
			return left
		}
		return wait
	}
	if n.seq == 1 && !n.spread {
		n.spread = true
		interval, _ := pace(n.count(), n.cfg.Load, n.meter.overhead)
		return rand.N(interval)
	}
	return n.announce(now)
}

// announce sends the next announcement, and returns how long until the one after
// it. When the group carries too much already, it waits.
func (n *Node) announce(now time.Time) time.Duration {
	interval, size := pace(n.count(), n.cfg.Load, n.meter.overhead)
	since := now.Sub(n.start)
	if 8*size+n.meter.bits(since) > n.cfg.Load/20*19 { // some is on its way and not heard yet
		n.counts.HeldBack++
		return rand.N(interval/2) + tick
	}
	if n.seq == 0 && n.count() > few {
		size = 0 // the first word is short: nodes that start together do not know yet how many they are
	}
	a := n.compose(size, interval, now)
	p := a.appendTo(nil, n.id)
	if err := n.t.Announce(p); err != nil {
		n.failed(err)
	} else {
		n.counts.Announced++
		n.unechoed++
	}
	a.Unicast = true
	n.copyTo(&a, now)
	n.invite(func() []byte { return a.appendTo(nil, n.id) })
	return interval*7/8 + rand.N(interval/4)
}

// compose makes an announcement of at most size bytes with the next part of the
// list; with size 0 without any.
func (n *Node) compose(size int, interval time.Duration, now time.Time) Announcement {
	n.seq++
	a := Announcement{
		Seq: n.seq, Nonce: rand.Uint32() | 1, Interval: interval, MTU: uint16(min(n.cfg.MTU, 0xffff)), TCPPort: n.cfg.TCPPort,
		Port: n.t.Port(), Age: uint32(now.Sub(n.start) / time.Second), Name: n.cfg.Name, Version: n.cfg.Version,
	}
	a.Queries, a.Hearing, a.TTL = n.hearing(now)
	n.nonces[int(n.seq)%len(n.nonces)] = a.Nonce
	if n.cursor >= len(n.list) {
		n.newRound()
	}
	sortForList(n.list[n.cursor:])
	a.First = n.cursor == 0
	a.Round, a.Total = n.round, uint16(len(n.list))
	room := size - announceLen - 2 - min(len(a.Name), maxText) - min(len(a.Version), maxText)
	var last [3]byte
	for n.cursor < len(n.list) && size > 0 {
		p := n.list[n.cursor]
		h := entryOf(p)
		if h.Stopped {
			h.Age = now.Sub(p.in.since)
		}
		same := len(a.Hears) > 0 && h.section() == last
		if room -= h.size(same); room < 0 {
			break
		}
		last = h.section()
		p.told = true
		a.Hears = append(a.Hears, h)
		n.cursor++
	}
	a.Last = n.cursor == len(n.list)
	a.Sent = time.Now().UnixNano()
	return a
}

// newRound makes the list of those heard. Who is heard for the first time later is
// put at its end.
func (n *Node) newRound() {
	n.round++
	n.cursor = 0
	n.list = n.list[:0]
	for _, p := range n.slots {
		if p != nil && p.in.heard {
			n.list = append(n.list, p)
		}
	}
}

// entryOf is how p is heard, without the age of a stop.
func entryOf(p *peer) Hears {
	h := Hears{Short: p.id.Short(), TCP: p.tcp}
	if p.in.stopped {
		h.Stopped, h.Reason = true, p.in.reason
		return h
	}
	h.Loss = lossCode(p.in.loss())
	if p.in.known {
		h.Delay = delayCode(p.in.delay)
	}
	return h
}

// copiesAtOnce bounds the unicast copies of one announcement.
const copiesAtOnce = 8

// copyTo sends the announcement by unicast to some of those who do not hear the
// group: they say so, or are not heard themselves and cannot say.
func (n *Node) copyTo(a *Announcement, now time.Time) {
	var p []byte
	sent := 0
	n.each(&n.turn[0], func(x *peer) bool {
		deaf := x.rumour || x.in.stopped || x.row.complete && x.hearsUs() != cellHeard || !x.row.complete && !x.in.heard
		if x.hasLeft() || !deaf || now.Sub(x.added) < time.Second || x.gone && n.seq%16 != 0 {
			return true
		}
		if p == nil {
			p = a.appendTo(nil, n.id)
		}
		if n.sendTo(p, x.to) {
			n.counts.Copies++
		}
		sent++
		return sent < copiesAtOnce
	})
}

// each visits the peers, from where the last visit with this turn ended, until
// visit returns false.
func (n *Node) each(turn *int, visit func(*peer) bool) {
	for range n.slots {
		*turn = (*turn + 1) % len(n.slots)
		if p := n.slots[*turn]; p != nil && !visit(p) {
			return
		}
	}
}

func (n *Node) askNext() {
	n.each(&n.turn[1], func(p *peer) bool {
		if p.hasLeft() || p.to.Port() == 0 || p.gone && rand.N(8) != 0 {
			return true
		}
		n.ask(p)
		return false
	})
}

// askWho asks who those are that were named.
func (n *Node) askWho() {
	var m whoMessage
	var ask *want
	for s, w := range n.wanted {
		if ask == nil {
			ask = w
		}
		if w.from != ask.from || len(m) == maxWho {
			continue
		}
		m = append(m, s)
		if w.tries++; w.tries > 5 {
			delete(n.wanted, s) // named again, it is asked for again
		}
	}
	if len(m) > 0 {
		n.sendTo(m.appendTo(nil, n.id), ask.from)
	}
}

// watchClock notices when this host's clock is set: it went on by another time
// than the one that never jumps.
func (n *Node) watchClock(before, now time.Time) {
	by := time.Duration(now.UnixNano()-before.UnixNano()) - now.Sub(before)
	if by.Abs() >= 10*time.Millisecond {
		n.clockSet(by, now)
	}
}

func (n *Node) clockSet(by time.Duration, now time.Time) {
	n.counts.ClockJumps++
	if len(n.jumps) < maxProblems {
		n.jumps = append(n.jumps, Jump{now, by})
	}
	for _, p := range n.slots { // what was measured holds no more
		if p != nil {
			p.offset = offset{}
			p.pending = [underWay]int64{}
		}
	}
	n.tell(Event{Time: now, Kind: ClockJumped, From: n.self(), By: by})
}

// goodbye tells the others, twice, that this node ends.
func (n *Node) goodbye() {
	n.mu.Lock()
	defer n.unlock()
	if n.seq == 0 {
		return
	}
	for range 2 {
		a := n.compose(200, fastest, time.Now())
		a.Goodbye, a.Hears, a.Total, a.First, a.Last = true, nil, 0, false, false
		_ = n.t.Announce(a.appendTo(nil, n.id)) // who does not hear it finds out by silence
	}
	a := n.compose(200, fastest, time.Now())
	a.Goodbye, a.Unicast, a.Hears, a.Total, a.First, a.Last = true, true, nil, 0, false, false
	n.copyTo(&a, time.Now())
}
