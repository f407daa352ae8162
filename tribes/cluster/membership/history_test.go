package membership

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"muster/tribes"
)

// TestRandomHistories lets chance decide who is heard, who says goodbye, how
// checks end and when, and holds what must be true after each step.
func TestRandomHistories(t *testing.T) {
	steps := 5000
	if testing.Short() {
		steps = 1000
	}
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { history(t, seed, steps) })
	}
}

func history(t *testing.T, seed uint64, steps int) {
	r := rand.New(rand.NewPCG(seed, 0))
	now := time.Unix(1_700_000_000, 0)
	announced := map[string]bool{}
	key := func(m *tribes.Member) string { return string(appendKey(nil, m)) }
	b := NewTable(Config{
		Checked: seed%3 != 0, Limit: 8, LimitBytes: 60,
		Notify: func(e Event) {
			k := key(&e.Member)
			switch e.Kind {
			case Added:
				if announced[k] {
					t.Fatalf("%s is added twice", e.Member.ID)
				}
				announced[k] = true
			case Disappeared:
				if !announced[k] {
					t.Fatalf("%s is gone (%s) and was not there", e.Member.ID, e.Reason)
				}
				delete(announced, k)
			case Alive:
				if !announced[k] {
					t.Fatalf("%s is alive and was not there", e.Member.ID)
				}
			case Suspect:
				if announced[k] != (e.Reason == Expired) {
					t.Fatalf("%s is suspected (%s), there: %v", e.Member.ID, e.Reason, announced[k])
				}
			}
			if e.Silent < 0 {
				t.Fatalf("silent for %s", e.Silent)
			}
		},
	})
	b.SetLocal(member(99, 1)) // whose address some claim
	var asked []Check
	for step := range steps {
		m := member(byte(r.IntN(6)), byte(1+r.IntN(4)))
		m.Payload = make([]byte, r.IntN(8))
		m.Alive = int64(r.IntN(3))
		switch r.IntN(10) {
		case 0:
			m.Command = []byte(tribes.ShutdownCommand)
			b.Hear(&m, netip.AddrPort{}, now)
		case 1, 2, 3, 4:
			b.Hear(&m, netip.AddrPort{}, now)
		case 5:
			b.SendFailed(&m)
		case 6:
			now = now.Add(time.Duration(r.IntN(4000)) * time.Millisecond)
			b.Advance(now)
		case 7:
			if c, ok := b.NextCheck(); ok {
				asked = append(asked, c)
			}
		case 8:
			if len(asked) > 0 {
				i := r.IntN(len(asked))
				var err error
				if r.IntN(2) == 0 {
					err = errors.New("no")
				}
				b.Checked(asked[i], err, now)
				asked = append(asked[:i], asked[i+1:]...)
			}
		case 9:
			if r.IntN(20) == 0 {
				b.Deaf(0)
			}
		}
		if err := b.consistent(len(announced), len(asked)); err != nil {
			t.Fatalf("after step %d: %v", step, err)
		}
	}
}

// consistent checks the table's lists and counters against each other.
func (t *Table) consistent(announced, asked int) error {
	var states [3]int
	size, heard := 0, 0
	for k, e := range t.members {
		if k != string(appendKey(nil, &e.member)) {
			return fmt.Errorf("entry %s under another key", e.member.ID)
		}
		states[e.state]++
		size += sizeOf(e)
		if e.links[bySilence].in != (e.state != suspect) || !e.links[byAddress].in {
			return fmt.Errorf("entry %s, %s, is in the wrong lists", e.member.ID, e.state)
		}
		if t.addresses[e.addr.key] != e.addr {
			return fmt.Errorf("entry %s has an address that is not in the table", e.member.ID)
		}
	}
	last := time.Time{}
	for e := t.heard.front; e != nil; e = t.heard.next(e) {
		heard++
		if e.last.Before(last) {
			return errors.New("the list by silence is out of order")
		}
		last = e.last
	}
	count, queued := 0, 0
	for _, a := range t.addresses {
		count += a.count
		if a.queued() {
			queued++
		}
		if a.running && a.queued() {
			return errors.New("an address is asked and waits to be asked")
		}
	}
	inQueues := 0
	for l := range t.queues {
		inQueues += t.queues[l].Len()
	}
	switch {
	case states != t.states:
		return fmt.Errorf("states are counted as %v, they are %v", t.states, states)
	case size != t.bytes || size > t.cfg.LimitBytes:
		return fmt.Errorf("%d bytes are counted as %d", size, t.bytes)
	case heard != states[candidate]+states[present]:
		return fmt.Errorf("%d in the list by silence, want %d", heard, states[candidate]+states[present])
	case count != len(t.members) || len(t.members) > t.cfg.Limit:
		return fmt.Errorf("%d members, %d by address", len(t.members), count)
	case t.Len() != announced:
		return fmt.Errorf("%d members announced, %d counted", announced, t.Len())
	case queued != inQueues:
		return fmt.Errorf("%d addresses wait, %d in queues", queued, inQueues)
	}
	return nil
}

func sizeOf(e *entry) int { return size(&e.member) }
