package membership

import (
	"container/list"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"muster/tribes"
)

// level is the queue in which an address waits for its check: members that may
// be lost first, then those heard more than once, then those heard once. So a
// flood of made-up members delays neither.
type level uint8

const (
	urgent level = iota
	proven
	fresh
	levels
	unqueued = levels
)

type queue struct{ list.List }

var errOwnAddress = errors.New("it advertises the address of this member, which would answer itself")

// Check is a question that Table wants answered over TCP.
type Check struct {
	Addr   netip.AddrPort
	Member tribes.Member // one that claims the address
	addr   *address
}

// enqueue asks for a check of a, at l or sooner. What cannot be asked is
// answered at once.
func (t *Table) enqueue(a *address, l level) {
	if t.holding || a.running || a.queued() && a.level <= l {
		return
	}
	if err := t.unaskable(a); err != nil {
		t.apply(a, err)
		return
	}
	// Who was announced has answered before, and there are no more questions to those.
	if l != urgent && !a.queued() && !t.own(a.port.Addr()) && !t.allowed.take(a.port.Addr(), t.asOf) {
		return // retry comes back to it
	}
	t.dequeue(a)
	a.level = l
	a.place = t.queues[l].PushBack(a)
}

// own reports whether a is an address of this host: asking oneself harms nobody.
func (t *Table) own(a netip.Addr) bool {
	return a.IsLoopback() || t.cfg.Own != nil && t.cfg.Own(a)
}

func (t *Table) dequeue(a *address) {
	if a.queued() {
		t.queues[a.level].Remove(a.place)
		a.place, a.level = nil, unqueued
	}
}

func (t *Table) unaskable(a *address) error {
	if !a.valid {
		return fmt.Errorf("host of %d bytes and port %d are no address to connect to", len(a.entries.back.member.Host), a.entries.back.member.Port)
	}
	if t.local != nil {
		if own, ok := t.local.AddrPort(); ok && own == a.port {
			return errOwnAddress
		}
		if m := &a.entries.back.member; m.Generation != t.local.Generation {
			return &FormError{Peer: m.Generation, Ours: t.local.Generation}
		}
	}
	if t.cfg.Refuse != nil {
		return t.cfg.Refuse(a.port, a.entries.back.source)
	}
	return nil
}

// NextCheck takes the next question from the queues. Each must be answered by
// Checked, whatever becomes of the asking.
func (t *Table) NextCheck() (Check, bool) {
	for l := range t.queues {
		if front := t.queues[l].Front(); front != nil {
			a := front.Value.(*address)
			t.dequeue(a)
			a.running = true
			return Check{a.port, a.entries.back.member, a}, true
		}
	}
	return Check{}, false
}

// Checked answers a question of NextCheck: nil means that the receiver is
// there.
func (t *Table) Checked(c Check, err error, at time.Time) {
	if at.After(t.asOf) {
		// Only the time of events: what was heard until then is not known here.
		defer func(was time.Time) { t.asOf = was }(t.asOf)
		t.asOf = at
	}
	a := c.addr
	a.running, a.checked, a.newcomer = false, at, false
	if a.count > 0 {
		t.apply(a, err)
	}
}

// apply judges all ids at a by what its receiver said.
func (t *Table) apply(a *address, err error) {
	var after *entry
	for e := a.entries.front; e != nil; e = after {
		after = a.entries.next(e)
		forced := e.forced
		e.forced, e.failed = false, err
		switch {
		case e.state == candidate && err == nil:
			t.announce(e)
		case e.state == candidate:
			if e.beats >= 2 && !e.told {
				e.told = true
				t.notify(Suspect, doubt(err), e, err)
			}
		case e.state == suspect && err != nil:
			why := Expired
			if e.told {
				why = TCPFailed
			}
			t.giveUp(e, why, err)
		case e.state == suspect && t.asOf.Sub(e.since) > suspectFor:
			t.giveUp(e, Expired, nil)
		case e.state == suspect && !e.told:
			e.told = true
			t.notify(Suspect, Expired, e, nil)
		case e.state == present && forced && err != nil:
			t.counts.Gone++
			t.notify(Disappeared, TCPFailed, e, err)
			t.set(e, candidate)
			e.told = true // it was told just now that its receiver fails
		}
	}
}

// retry asks again about the addresses that are due.
func (t *Table) retry() {
	if !t.cfg.Checked || t.states[candidate]+t.states[suspect] == 0 {
		return
	}
	for _, a := range t.addresses {
		if a.states[candidate]+a.states[suspect] == 0 {
			continue
		}
		wait := retryEvery
		if a.newcomer {
			wait = newcomerGap
		}
		if t.asOf.Sub(a.checked) < wait {
			continue
		}
		l := proven
		if a.states[suspect] > 0 {
			l = urgent
		} else if a.entries.back.beats < 2 {
			l = fresh
		}
		t.enqueue(a, l)
	}
}
