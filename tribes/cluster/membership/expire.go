package membership

import "time"

// succeed gives up the other ids at e's address that have been silent since e
// came: e is what became of them. An id that is still heard stays; two members
// that advertise one address are a mistake to be shown, not to be hidden. Only
// a member that was heard twice may replace another.
func (t *Table) succeed(e *entry) {
	for {
		old := e.addr.entries.front
		if old == e || old.last.After(e.first) || t.asOf.Sub(old.last) <= t.grace(old) {
			return
		}
		t.giveUp(old, Restarted, nil)
	}
}

// grace is how long a member may be silent before another id at its address is
// taken for its successor: two of its heartbeats.
func (t *Table) grace(e *entry) time.Duration {
	return min(2*max(t.cfg.Frequency, e.gaps.mean()), t.cfg.DropTime)
}

// Advance tells that everything which arrived before asOf was heard: members
// that were silent for longer than the drop time are then judged.
func (t *Table) Advance(asOf time.Time) { t.advanceTo(asOf) }

func (t *Table) advanceTo(at time.Time) {
	if at.Before(t.asOf) {
		at = t.asOf
	}
	t.asOf = at
	for e := t.heard.front; e != nil && at.Sub(e.last) > t.cfg.DropTime; e = t.heard.front {
		t.expire(e)
	}
	if at.Sub(t.retried) >= scanEvery {
		t.retried = at
		t.retry()
	}
}

// Deaf tells that nothing could be heard for the last d: it counts for nobody's
// silence.
func (t *Table) Deaf(d time.Duration) {
	for e := t.heard.front; e != nil; e = t.heard.next(e) {
		e.last = e.last.Add(d)
	}
}

// expire judges a member that is silent for too long.
func (t *Table) expire(e *entry) {
	successor := e.addr.entries.back
	switch {
	case e.state == candidate, !t.cfg.Checked:
		t.giveUp(e, Expired, nil)
	case successor != e && successor.beats >= 2 && !e.last.After(successor.first):
		t.giveUp(e, Restarted, nil)
	case e.beats == 1:
		// Heard once and never again: what answers at its address may be anybody.
		t.giveUp(e, Expired, nil)
	default:
		t.set(e, suspect)
		t.enqueue(e.addr, urgent)
	}
}
