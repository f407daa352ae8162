package membership

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"time"

	"muster/mcast"
	"muster/tribes"
)

const (
	// readTick is how long a read waits for something: how late silence may be
	// noticed.
	readTick  = 100 * time.Millisecond
	readBatch = 64
)

// Stats are what a Service counted.
type Stats struct {
	Counts
	Sent       uint64 // heartbeats, the goodbye included
	SendErrors uint64
	// Own heartbeats that came back: multicast leaves and enters this host.
	Own uint64
	// Broadcasts are datagrams with frames, Foreign those that are neither.
	Broadcasts uint64
	Foreign    uint64
	// Malformed heartbeats, by the field that is wrong.
	Malformed map[string]uint64
	// Drops are datagrams that the kernel threw away because we were late.
	Drops        uint64
	Checks       uint64
	ChecksFailed uint64
	EventsLost   uint64
}

// Stats returns what was counted so far.
func (s *Service) Stats() Stats {
	drops := s.conn.Drops()
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Malformed = maps.Clone(st.Malformed)
	st.Counts = s.table.Counts()
	st.Drops = max(drops, st.Drops)
	st.Sent, st.SendErrors = s.n.sent.Load(), s.n.sendErrors.Load()
	st.Own, st.Broadcasts = s.n.own.Load(), s.n.broadcasts.Load()
	return st
}

// clock turns the kernel's receive times, which are wall clock, into monotonic
// ones that never run backwards. A step of the wall clock cannot move one
// further than to the last read.
type clock struct{ last time.Time }

func (c *clock) at(kernel, now time.Time) time.Time {
	at := now
	if !kernel.IsZero() {
		if behind := now.Round(0).Sub(kernel.Round(0)); behind > 0 {
			at = now.Add(-behind)
		}
	}
	return c.advance(at)
}

func (c *clock) advance(at time.Time) time.Time {
	if at.After(c.last) {
		c.last = at
	}
	return c.last
}

// receive reads until the context ends. Time passes for the table only as far
// as everything has been heard: up to the kernel's time of the datagram in
// hand, or up to the beginning of a read that found nothing. A member whose
// heartbeats wait in the socket while we are stopped or late does not expire.
func (s *Service) receive() {
	ds := make([]mcast.Datagram, readBatch)
	var c clock
	pause := time.Duration(0)
	for s.ctx.Err() == nil {
		began := time.Now()
		if err := s.conn.SetReadDeadline(began.Add(readTick)); err != nil {
			s.log.Debug("set the deadline of a read", "err", err)
		}
		n, err := s.conn.ReadBatch(ds)
		switch {
		case err == nil:
			s.take(ds[:n], &c)
			pause = 0
			continue
		case errors.Is(err, os.ErrDeadlineExceeded):
			pause = 0
		case errors.Is(err, net.ErrClosed):
			return
		default:
			if pause == 0 {
				s.log.Warn("heartbeats cannot be received", "err", err)
			}
			pause = min(max(2*pause, readTick), time.Second)
			if !s.sleep(pause) {
				return
			}
		}
		was := c.last
		s.idle(was, c.advance(began))
	}
}

func (s *Service) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-s.ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// idle tells the table that nothing has come between was and asOf.
func (s *Service) idle(was, asOf time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lookForDrops(was, asOf, time.Now())
	s.table.Advance(asOf)
	s.startChecks()
}

// take hears a batch of datagrams.
func (s *Service) take(ds []mcast.Datagram, c *clock) {
	s.mu.Lock()
	now := time.Now()
	frames := 0
	for i := range ds {
		was := c.last
		at := c.at(ds[i].Time, now)
		s.lookForDrops(was, at, now)
		if tribes.IsFrame(ds[i].Payload) {
			frames++
			continue
		}
		s.hear(&ds[i], at)
	}
	s.startChecks()
	s.mu.Unlock()
	if frames > 0 {
		s.broadcasts(ds)
	}
}

// broadcasts hands on the datagrams that hold frames. It holds no lock: their
// taker may ask for members.
func (s *Service) broadcasts(ds []mcast.Datagram) {
	for i := range ds {
		if !tribes.IsFrame(ds[i].Payload) {
			continue
		}
		s.n.broadcasts.Add(1)
		if s.cfg.Broadcast != nil {
			s.cfg.Broadcast(ds[i].Payload, ds[i].Source)
		}
	}
}

// lookForDrops asks, about once a second and after each silence that is longer
// than a cluster's, whether the kernel threw datagrams away because we
// were late. Silences in the time before it did are then our own fault, and
// nobody else's.
func (s *Service) lookForDrops(was, at, now time.Time) {
	gap := at.Sub(was)
	long := !was.IsZero() && gap > max(3*readTick, 2*s.cfg.Frequency)
	if !long && now.Sub(s.looked) < time.Second {
		return
	}
	s.looked = now
	if drops := s.conn.Drops(); drops > s.stats.Drops {
		if s.stats.Drops == 0 {
			s.log.Warn("the kernel drops datagrams that are not read in time (net.core.rmem_max bounds the buffer); they are counted")
		}
		s.stats.Drops = drops
		s.deafUntil = now
	}
	if long && was.Before(s.deafUntil) {
		s.table.Deaf(gap)
		s.log.Warn(fmt.Sprintf("nothing could be heard for %s: this process did not run, and the kernel dropped what came", gap.Round(time.Millisecond)))
	}
}

func (s *Service) hear(d *mcast.Datagram, at time.Time) {
	if !tribes.IsMember(d.Payload) {
		if s.stats.Foreign++; s.stats.Foreign == 1 {
			s.log.Warn(fmt.Sprintf("%s sends something else than heartbeats to the group (%d bytes); such datagrams are counted", d.Source, len(d.Payload)))
		}
		return
	}
	m, _, err := tribes.ParseMember(d.Payload)
	if err != nil {
		s.malformed(err, d.Source)
		return
	}
	if s.cfg.Local != nil && s.local.Same(&m) {
		s.n.own.Add(1)
		return
	}
	if m.Generation == tribes.V55 && s.cfg.Local != nil {
		s.refuse(&m)
	}
	s.table.Hear(&m, d.Source, at)
	if s.cfg.Local != nil && !s.table.holding && m.Generation != s.local.Generation {
		s.chooseForm()
	}
}

func (s *Service) malformed(err error, source netip.AddrPort) {
	var p *tribes.ParseError
	field := "unknown"
	if errors.As(err, &p) {
		field = p.Field
	}
	s.stats.Malformed[field]++
	if s.stats.Malformed[field] == 1 {
		s.log.Warn(fmt.Sprintf("a malformed heartbeat from %s: %v; further ones of this kind are counted", source, err))
	}
}
