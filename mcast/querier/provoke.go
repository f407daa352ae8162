package querier

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"muster/mcast"
)

// Provocation is what came of joining and leaving a group that no one uses.
type Provocation struct {
	Interface int
	Group     netip.Addr
	Joined    time.Time
	Left      time.Time
	// Reported and LeaveSaid: this host's messages were seen leaving.
	Reported, LeaveSaid bool
	// Asked is when a query for the group came; zero: none did.
	Asked time.Time
}

const (
	// stay is how long the group stays joined: for the report and its repetition
	// (unsolicited report interval, RFC 3376 section 8.11).
	stay = 1500 * time.Millisecond
	// await is how long a query for the group may take: two last member query
	// intervals (RFC 3376 section 8.8), and what the leave itself takes.
	await = 4 * time.Second
)

// unusedGroup returns a group that nobody uses: one of those set aside for
// documentation (RFC 6676 sections 2 and 3), at random, not joined on this host.
func unusedGroup(v6 bool, joined []Membership) netip.Addr {
	for {
		a := netip.AddrFrom4([4]byte{233, 252, 0, byte(rand.N(256))})
		if v6 {
			// ff05::db8:0:0 and up: the scope of a site
			a = netip.AddrFrom16([16]byte{0xff, 0x05, 8: 0, 9: 0, 10: 0x0d, 11: 0xb8, 14: byte(rand.N(256)), 15: byte(rand.N(256))})
		}
		if !slices.ContainsFunc(joined, func(m Membership) bool { return m.Group == a }) {
			return a
		}
	}
}

// Provoke joins group on i and leaves it, and waits for a query about it. Who
// watches must feed t meanwhile. Nothing but the kernel's own reports is sent.
func (t *Tracker) Provoke(ctx context.Context, i mcast.Interface, group netip.Addr) (p Provocation, err error) {
	p = Provocation{Interface: i.Index, Group: group, Joined: time.Now()}
	conn, err := mcast.Listen(mcast.Config{Interface: i, Groups: []mcast.Group{{Addr: group, Port: unusedPort, Count: 1}}, TTL: -1})
	if err != nil {
		return p, fmt.Errorf("join %s on %s for a moment: %w", group, i.Name, err)
	}
	wait(ctx, stay, func() bool { return false })
	p.Left = time.Now()
	if err := conn.Close(); err != nil {
		return p, err
	}
	report, _ := t.Said(i.Index, group)
	wait(ctx, await, func() bool {
		if r, leave := t.Said(i.Index, group); !leave.IsZero() {
			p.LeaveSaid = true
		} else if !r.IsZero() {
			report = r
		}
		var ok bool
		p.Asked, ok = t.Answered(i.Index, group, p.Joined)
		return ok
	})
	p.Reported = !report.IsZero()
	return p, ctx.Err()
}

// unusedPort is that of discard (RFC 863): a socket must have one.
const unusedPort = 9

// wait returns when done says so, d has passed, or ctx has ended.
func wait(ctx context.Context, d time.Duration, done func() bool) {
	end := time.NewTimer(d)
	defer end.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return
		case <-end.C:
			return
		case <-look.C:
		}
	}
}
