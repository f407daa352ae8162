package membership

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"muster/tribes"
)

// crowdOf is the nth made-up member: of a new id, at a host and port.
func crowdOf(n uint32, host byte, port int32) tribes.Member {
	m := member(200, host)
	binary.BigEndian.PutUint32(m.ID[4:], n)
	m.Port = port
	return m
}

// Verify that heartbeats which name every port of a host make nobody scan it, and hold up
// no member of another one; and that own receivers are asked as often as needed.
func TestOneHostIsNotScanned(t *testing.T) {
	own := netip.AddrFrom4([4]byte{10, 77, 0, 8})
	b := newBench(t, Config{Checked: true, Own: func(a netip.Addr) bool { return a == own }})
	asked := map[byte]int{}
	answer := func() {
		for c, ok := b.NextCheck(); ok; c, ok = b.NextCheck() {
			host := c.Addr.Addr().As4()[3]
			asked[host]++
			var err error
			if host == 66 {
				err = errors.New("refused")
			}
			b.Checked(c, err, b.now)
		}
	}
	const seconds = 60
	serial := uint32(0)
	for range seconds * 10 {
		for range 20 {
			serial++
			b.beat(crowdOf(serial, 66, int32(1+serial%60000)))
		}
		answer()
		b.pass(100*time.Millisecond, member(5, 55))
	}
	if most := hostBurst + seconds*hostRate + 1; asked[66] > most || asked[66] < hostBurst {
		t.Errorf("the host was asked %d times in %d s, want %d at most", asked[66], seconds, most)
	}
	if b.Len() != 1 {
		t.Errorf("%d members, want the one of another host", b.Len())
	}
	for i := range uint32(200) {
		b.beat(crowdOf(1_000_000+i, 8, int32(4000+i)))
	}
	if answer(); asked[8] != 200 {
		t.Errorf("%d of 200 receivers of this host were asked", asked[8])
	}
}

// Verify that the hosts that are remembered are bounded, and that those which had their
// time make room.
func TestAllowanceIsBounded(t *testing.T) {
	var a allowance
	now := time.Unix(1_700_000_000, 0)
	host := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }
	for i := range mostHosts {
		if !a.take(host(i), now) {
			t.Fatalf("host %d may not be asked", i)
		}
	}
	if a.take(host(mostHosts), now) {
		t.Error("one more host is remembered than may be")
	}
	if now = now.Add(time.Second); !a.take(host(mostHosts), now) || len(a.hosts) > mostHosts {
		t.Errorf("%d hosts, and none made room", len(a.hosts))
	}
}

// Verify that all checks together are bounded, whoever is announced.
func TestChecksOfAFloodAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e ether
		asked := 0
		a := runNode(&e, 11, ServiceConfig{Local: local(1, 11), Check: func(context.Context, netip.AddrPort) error {
			asked++
			return errors.New("refused")
		}, Checks: 1})
		liar := e.conn(66)
		serial := uint32(0)
		const seconds = 20
		for range seconds * 10 {
			for range 200 {
				serial++
				m := crowdOf(serial, byte(serial), 4000)
				m.Host[1], m.Host[2] = 99, byte(serial>>8)
				p, _ := m.AppendTo(nil)
				liar.Send(p, group)
			}
			time.Sleep(100 * time.Millisecond)
		}
		a.leave()
		if most := checksBurst + (seconds+1)*checksPerSecond; asked > most || asked < checksBurst {
			t.Errorf("%d receivers were asked in %d s, want %d to %d", asked, seconds, checksBurst, most)
		}
	})
}

// Verify that members which are made up are noticed by their number, their origin and
// their silence, and that true ones that start together are not.
func TestCrowd(t *testing.T) {
	from := netip.MustParseAddrPort("10.77.0.66:45564")
	hear := func(b *bench, m tribes.Member) { b.Hear(&m, from, b.now) }
	b := newBench(t, Config{Checked: true})
	for i := range uint32(100) {
		hear(b, crowdOf(i, byte(i), 4000))
		b.answer(byte(i))
		b.pass(100 * time.Millisecond)
	}
	b.pass(5 * time.Second)
	if c := b.Crowd(); c.MostVanished != 100 || c.Source != from.Addr() || c.Vanished != 100 {
		t.Errorf("made up: %+v", c)
	}
	b = newBench(t, Config{Checked: true})
	for i := range uint32(100) { // a hundred Tomcats of one host, which run and stop
		hear(b, crowdOf(i, 12, int32(4000+i)))
	}
	for range 100 {
		b.pass(500 * time.Millisecond)
		for i := range uint32(100) {
			hear(b, crowdOf(i, 12, int32(4000+i)))
		}
		b.answer()
	}
	if b.Len() != 100 {
		t.Errorf("%d of 100 are members", b.Len())
	}
	b.pass(10 * time.Second)
	b.answer(12)
	if c := b.Crowd(); c != (Crowd{}) {
		t.Errorf("true ones: %+v", c)
	}
	b = newBench(t, Config{Checked: true})
	for range 10 { // those that go on, and do not answer
		for i := range uint32(50) {
			hear(b, crowdOf(i, byte(i), 4000))
		}
		for c, ok := b.NextCheck(); ok; c, ok = b.NextCheck() {
			b.Checked(c, errors.New("refused"), b.now)
		}
		b.pass(500 * time.Millisecond)
	}
	if c := b.Crowd(); c.Unanswered != 50 || c.UnansweredSource != from.Addr() || c.Vanished != 0 {
		t.Errorf("unanswered: %+v", c)
	}
	b = newBench(t, Config{}) // who only looks
	for i := range uint32(100) {
		hear(b, crowdOf(i, byte(i), 4000))
	}
	if c := b.Crowd(); c != (Crowd{}) {
		t.Errorf("at once: %+v", c)
	}
	b.pass(1500 * time.Millisecond)
	if c := b.Crowd(); c.MostVanished != 100 || c.Source != from.Addr() {
		t.Errorf("heard once: %+v", c)
	}
}
