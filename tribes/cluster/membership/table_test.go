package membership

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	"muster/tribes"
)

// bench is a table with a clock to turn and a record of what it told.
type bench struct {
	*Table
	t      testing.TB
	now    time.Time
	events []string
	warned []string
	alive  int64
}

func newBench(t testing.TB, cfg Config) *bench {
	b := &bench{t: t, now: time.Unix(1_700_000_000, 0)}
	cfg.Notify = func(e Event) {
		b.events = append(b.events, fmt.Sprintf("%s %x %s %d", e.Kind, e.Member.ID[:1], e.Reason, e.Silent.Milliseconds()))
	}
	cfg.Warn = func(s string) { b.warned = append(b.warned, s) }
	b.Table = NewTable(cfg)
	return b
}

func member(id byte, host byte) tribes.Member {
	return tribes.Member{
		ID: tribes.UniqueID{id}, Host: []byte{10, 77, 0, host}, Port: 4000, SecurePort: -1, UDPPort: -1,
	}
}

func (b *bench) beat(ms ...tribes.Member) {
	for i := range ms {
		b.alive++
		ms[i].Alive = b.alive
		b.Hear(&ms[i], netip.AddrPort{}, b.now)
	}
}

// pass lets time pass in steps of 100 ms; ms beat every 500.
func (b *bench) pass(d time.Duration, ms ...tribes.Member) {
	for end := b.now.Add(d); b.now.Before(end); {
		b.now = b.now.Add(100 * time.Millisecond)
		if b.now.UnixMilli()%500 == 0 {
			b.beat(ms...)
		}
		b.Advance(b.now)
	}
}

// answer answers all questions: hosts in dead do not answer.
func (b *bench) answer(dead ...byte) (asked int) {
	for {
		c, ok := b.NextCheck()
		if !ok {
			return asked
		}
		asked++
		var err error
		if slices.Contains(dead, c.Addr.Addr().As4()[3]) {
			err = errors.New("refused")
		}
		b.Checked(c, err, b.now)
	}
}

func (b *bench) want(events ...string) {
	b.t.Helper()
	if !slices.Equal(b.events, events) {
		b.t.Errorf("events:\n got %q\nwant %q", b.events, events)
	}
	b.events = nil
}

func (b *bench) wantMembers(n int) {
	b.t.Helper()
	if b.Len() != n {
		b.t.Errorf("%d members, want %d", b.Len(), n)
	}
}

func TestAddedAfterCheck(t *testing.T) {
	b := newBench(t, Config{Checked: true})
	a := member(1, 11)
	b.beat(a)
	b.want() // not before its receiver answered
	b.answer()
	b.want("added 01 heartbeat 0")
	b.pass(time.Hour, a)
	b.want()
	if n := b.answer(); n != 0 {
		t.Errorf("%d checks of a member that is heard", n)
	}
	m := b.Members()[0]
	if m.Beats != 7201 || m.Interval != 500*time.Millisecond || m.State != "member" {
		t.Errorf("%+v", m)
	}
}

func TestUnansweredMemberIsNotAdded(t *testing.T) {
	b := newBench(t, Config{Checked: true})
	a := member(1, 11)
	b.beat(a)
	b.answer(11)
	b.pass(4900*time.Millisecond, a)
	if n := b.answer(11); n != 0 {
		t.Errorf("asked again %d times within 5 s", n)
	}
	b.pass(200*time.Millisecond, a)
	if n := b.answer(11); n != 1 {
		t.Errorf("%d checks after 5 s, want 1", n)
	}
	b.want("suspect 01 tcp_failed 0")
	b.pass(5*time.Second, a)
	b.answer(11)
	b.want() // told once
	b.pass(5*time.Second, a)
	b.answer()
	b.want("added 01 heartbeat 100")
	if m := b.Members()[0]; m.Err != nil {
		t.Errorf("it answered, and still has %v", m.Err)
	}
}

func TestUnansweredMemberFallsSilent(t *testing.T) {
	b := newBench(t, Config{Checked: true})
	b.beat(member(1, 11))
	b.answer(11)
	b.pass(3100 * time.Millisecond)
	b.want()
	if len(b.members)+len(b.addresses)+b.bytes != 0 {
		t.Errorf("%d members, %d addresses, %d bytes left", len(b.members), len(b.addresses), b.bytes)
	}
}

func TestGoodbye(t *testing.T) {
	b := newBench(t, Config{Checked: true})
	a := member(1, 11)
	b.beat(a)
	b.answer()
	b.pass(time.Second, a)
	bye := a
	bye.Command = []byte(tribes.ShutdownCommand)
	b.beat(bye, bye)
	b.want("added 01 heartbeat 0", "disappeared 01 shutdown 0")
	b.wantMembers(0)
}

// Verify that a member under whose name somebody else says goodbye is there again with
// its next heartbeat.
func TestSpoofedGoodbye(t *testing.T) {
	b := newBench(t, Config{Checked: true})
	a := member(1, 11)
	b.beat(a)
	b.answer()
	b.pass(time.Second, a)
	bye := a
	bye.Command = []byte(tribes.ShutdownCommand)
	b.beat(bye)
	b.pass(time.Second, a)
	b.answer()
	b.want("added 01 heartbeat 0", "disappeared 01 shutdown 0", "added 01 heartbeat 0")
	b.wantMembers(1)
}

func TestExpiredAndCheckedDead(t *testing.T) {
	b := newBench(t, Config{Checked: true})
	a := member(1, 11)
	b.beat(a)
	b.answer()
	b.pass(time.Second, a)
	b.pass(3 * time.Second)
	b.answer(11)
	b.want("added 01 heartbeat 0") // silent for exactly the drop time is not longer
	b.pass(100 * time.Millisecond)
	b.want()
	b.answer(11)
	b.want("disappeared 01 expired 3100")
}

func TestSilentButAnswering(t *testing.T) {
	b := newBench(t, Config{Checked: true})
	a := member(1, 11)
	b.beat(a)
	b.answer()
	b.pass(time.Second, a)
	b.pass(3100 * time.Millisecond)
	b.answer()
	b.want("added 01 heartbeat 0", "suspect 01 expired 3100")
	b.wantMembers(1)
	for range 3 {
		b.pass(5100 * time.Millisecond)
		if n := b.answer(); n != 1 {
			t.Errorf("%d checks in 5 s, want 1", n)
		}
	}
	b.want()
	b.pass(5*time.Second, a)
	b.want("alive 01 heartbeat 18500")
	b.pass(3100 * time.Millisecond)
	b.answer()
	b.pass(5100 * time.Millisecond)
	b.answer(11)
	b.want("suspect 01 expired 3500", "disappeared 01 tcp_failed 8600")
	b.wantMembers(0)
}

func TestSuspectIsGivenUpAfterFiveMinutes(t *testing.T) {
	b := newBench(t, Config{Checked: true})
	a := member(1, 11)
	b.beat(a)
	b.answer()
	b.pass(time.Second, a)
	for range 80 {
		b.pass(4 * time.Second)
		b.answer()
	}
	if len(b.events) != 3 || b.events[2][:22] != "disappeared 01 expired" {
		t.Errorf("%q", b.events)
	}
}

func TestHeardAgainWhileBeingChecked(t *testing.T) {
	b := newBench(t, Config{Checked: true})
	a := member(1, 11)
	b.beat(a)
	b.answer()
	b.pass(time.Second, a)
	b.pass(3100 * time.Millisecond)
	c, ok := b.NextCheck()
	if !ok {
		t.Fatal("no check of a silent member")
	}
	b.beat(a)
	b.Checked(c, errors.New("timeout"), b.now)
	b.want("added 01 heartbeat 0")
	b.wantMembers(1)
}

func TestSendFailed(t *testing.T) {
	b := newBench(t, Config{Checked: true})
	a := member(1, 11)
	b.beat(a)
	b.answer()
	b.SendFailed(&a)
	b.answer()
	b.want("added 01 heartbeat 0")
	b.SendFailed(&a)
	b.answer(11)
	b.want("disappeared 01 tcp_failed 0")
	b.wantMembers(0)
	b.pass(5100*time.Millisecond, a)
	b.answer()
	b.want("added 01 heartbeat 100")
	b.wantMembers(1)
	if unknown := member(9, 9); b.SendFailed(&unknown) {
		t.Error("an unknown member is known")
	}
}

func TestRestartLeavesNoGhost(t *testing.T) {
	for _, after := range []time.Duration{0, 200 * time.Millisecond, time.Second, 2900 * time.Millisecond} {
		t.Run(after.String(), func(t *testing.T) {
			b := newBench(t, Config{Checked: true})
			old, successor := member(1, 11), member(2, 11)
			b.beat(old)
			b.answer()
			b.pass(time.Second, old)
			b.pass(after)
			b.beat(successor)
			for range 20 {
				b.pass(500*time.Millisecond, successor)
				b.answer() // the receiver answers for whoever is there
			}
			b.wantMembers(1)
			var gone []string
			for _, e := range b.events {
				if e[:2] == "di" {
					gone = append(gone, e[:24])
				}
			}
			if !slices.Equal(gone, []string{"disappeared 01 restarted"}) {
				t.Errorf("%q", b.events)
			}
		})
	}
}

func TestTwoAtOneAddressStay(t *testing.T) {
	b := newBench(t, Config{Checked: true})
	one, two := member(1, 11), member(2, 11)
	b.beat(one, two)
	b.answer()
	b.pass(time.Minute, one, two)
	b.answer()
	b.want("added 01 heartbeat 0", "added 02 heartbeat 0")
	for _, m := range b.Members() {
		if !m.Shared {
			t.Errorf("%s is not marked", m.Member.ID)
		}
	}
}

func TestOnlyLooking(t *testing.T) {
	b := newBench(t, Config{})
	a := member(1, 11)
	b.beat(a)
	b.want("added 01 heartbeat 0")
	b.pass(time.Second, a)
	b.pass(3100 * time.Millisecond)
	b.want("disappeared 01 expired 3100")
	if n := b.answer(); n != 0 {
		t.Errorf("%d checks by one that only looks", n)
	}
}

func TestOwnAddressIsNotAsked(t *testing.T) {
	b := newBench(t, Config{Checked: true})
	b.SetLocal(member(7, 11))
	a := member(1, 11)
	b.beat(a)
	b.pass(10*time.Second, a)
	if n := b.answer(); n != 0 {
		t.Errorf("asked itself %d times", n)
	}
	b.want("suspect 01 tcp_failed 0")
}

func TestHostThatIsNoAddress(t *testing.T) {
	b := newBench(t, Config{Checked: true})
	a := member(1, 11)
	a.Host = []byte{1, 2, 3}
	b.beat(a)
	b.pass(10*time.Second, a)
	b.answer()
	b.want("suspect 01 tcp_failed 0")
	b.pass(4 * time.Second)
	b.want()
	if len(b.members) != 0 {
		t.Error("it is still there")
	}
}

func TestUpdate(t *testing.T) {
	b := newBench(t, Config{LimitBytes: 40})
	a := member(1, 11)
	b.beat(a)
	a.Payload, a.Domain = []byte("twelve bytes"), []byte("d")
	b.beat(a)
	if m := b.Members()[0].Member; string(m.Payload) != "twelve bytes" || string(m.Domain) != "d" {
		t.Errorf("%q %q", m.Payload, m.Domain)
	}
	a.Payload = make([]byte, 1000)
	b.beat(a)
	if m := b.Members()[0].Member; string(m.Payload) != "twelve bytes" {
		t.Errorf("took %d bytes of payload over the limit", len(m.Payload))
	}
	b.wantMembers(1)
}

// A flood of made-up members, 20,000 a second for a minute, in which some
// claim the address of a true one.
func TestFlood(t *testing.T) {
	const limit = 2000
	b := newBench(t, Config{Checked: true, Limit: limit})
	b.SetLocal(member(99, 99))
	true1, true2 := member(1, 11), member(2, 12)
	b.beat(true1, true2)
	b.answer()
	b.pass(time.Second, true1, true2)
	b.events = nil

	rounds := 600 // of 100 ms
	if testing.Short() {
		rounds = 100
	}
	before := heap()
	serial := uint32(0)
	for range rounds {
		for i := range 2000 {
			serial++
			m := member(200, byte(i))
			m.Host[1] = 99 // nobody is there
			if i%10 == 0 {
				m.Host = []byte{10, 77, 0, 11} // the address of a true one
			}
			binary.BigEndian.PutUint32(m.ID[4:], serial)
			b.beat(m)
		}
		for range 100 { // checks that a second allows, shared
			c, ok := b.NextCheck()
			if !ok {
				break
			}
			var err error
			if c.Addr.Addr().As4()[1] == 99 {
				err = errors.New("no route")
			}
			b.Checked(c, err, b.now)
		}
		b.pass(100*time.Millisecond, true1, true2)
		b.events = slices.DeleteFunc(b.events, func(e string) bool { return !isTrue(e) })
		if len(b.members) > limit {
			t.Fatalf("%d members in a table for %d", len(b.members), limit)
		}
	}
	b.want() // nothing happened to the true ones
	if len(b.warned) != 1 {
		t.Errorf("told %d times that the table is full: %q", len(b.warned), b.warned)
	}
	if b.Counts().Refused == 0 {
		t.Error("nothing was counted as refused")
	}
	if grown := int64(heap()) - int64(before); grown > 4<<20 {
		t.Errorf("memory grew by %d bytes", grown)
	}
	b.pass(10*time.Second, true1, true2)
	b.answer()
	if n := len(b.members); n != 2 {
		t.Errorf("%d members are left after the flood, want the 2 true ones", n)
	}
	for l := range b.queues {
		if n := b.queues[l].Len(); n != 0 {
			t.Errorf("%d addresses wait at level %d", n, l)
		}
	}
}

func isTrue(e string) bool {
	var kind, id string
	fmt.Sscan(e, &kind, &id)
	return id == "01" || id == "02"
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestNewcomerGetsInDuringAFlood(t *testing.T) {
	b := newBench(t, Config{Checked: true, Limit: 100})
	late := member(5, 55)
	serial := uint32(0)
	for range 300 { // 30 s
		for i := range 20 {
			serial++
			m := member(200, byte(i))
			m.Host[1] = 99
			binary.BigEndian.PutUint32(m.ID[4:], serial)
			b.beat(m)
		}
		for range 2 { // fewer checks than made-up members
			if c, ok := b.NextCheck(); ok {
				var err error
				if c.Addr.Addr().As4()[1] == 99 {
					err = errors.New("no route")
				}
				b.Checked(c, err, b.now)
			}
		}
		b.pass(100*time.Millisecond, late)
	}
	if b.Len() != 1 {
		t.Errorf("%d members, want the one that is real", b.Len())
	}
}

func BenchmarkHear(b *testing.B) {
	t := NewTable(Config{Checked: true})
	ms := make([]tribes.Member, 10000)
	now := time.Now()
	for i := range ms {
		ms[i] = member(1, byte(i))
		ms[i].Host[2] = byte(i >> 8)
		binary.BigEndian.PutUint32(ms[i].ID[4:], uint32(i))
		t.Hear(&ms[i], netip.AddrPort{}, now)
	}
	for c, ok := t.NextCheck(); ok; c, ok = t.NextCheck() {
		t.Checked(c, nil, now)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		m := &ms[i%len(ms)]
		m.Alive++
		now = now.Add(50 * time.Microsecond)
		t.Hear(m, netip.AddrPort{}, now)
		i++
	}
}
