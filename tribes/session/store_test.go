package session

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"muster/tribes/javaser"
)

// wire carries a message as the network does: written and read again, into
// memory that is overwritten afterwards.
func wire(t *testing.T, to *Store, m *Message) error {
	t.Helper()
	b, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseMessage(b)
	if err != nil {
		t.Fatal(err)
	}
	err = to.Apply(got)
	for i := range b {
		b[i] = 0xee
	}
	return err
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func javaText(s string) javaser.Value { return javaser.NewString(s) }

func readText(t *testing.T, s *Store, id, name string) string {
	t.Helper()
	v, ok := s.View(id)
	if !ok {
		return "no session"
	}
	str, ok := v.Get(name).(*javaser.String)
	if !ok {
		return "no attribute"
	}
	return str.Text()
}

func TestStoreReplicates(t *testing.T) {
	a, b := NewStore(StoreConfig{Context: "localhost#/app"}), NewStore(StoreConfig{Context: "localhost#/app"})
	msg := must[*Message](t)

	wire(t, b, msg(a.Create("S1")))
	wire(t, b, msg(a.Request("S1", func(e *Edit) {
		e.Set("user", javaText("alice"))
		e.Set("gone", javaText("x"))
		e.Set("user", javaText("bob")) // replaces the first
		e.Remove("gone")
		e.SetMaxInactive(60)
	})))
	if got := readText(t, b, "S1", "user"); got != "bob" {
		t.Errorf("user is %s on B", got)
	}
	if got := readText(t, b, "S1", "gone"); got != "no attribute" {
		t.Errorf("gone is %s on B", got)
	}
	if v, _ := b.View("S1"); v.MaxInactive != 60 {
		t.Errorf("the inactive interval is %d on B", v.MaxInactive)
	}

	// B takes the session over and says so, once.
	if m := msg(b.Request("S1", nil)); m == nil || m.Event != Accessed {
		t.Errorf("B took the session over with %v", m)
	} else if wire(t, a, m) != nil {
		t.Error("A refused the access")
	}
	if m := msg(b.Request("S1", nil)); m != nil {
		t.Errorf("a second look sends %v", m)
	}

	wire(t, a, msg(b.Rename("S1", "S1.b")))
	if got := readText(t, a, "S1.b", "user"); got != "bob" || a.Len() != 1 {
		t.Errorf("after the rename user is %s on A, which has %q", got, a.IDs())
	}

	wire(t, b, msg(a.Invalidate("S1.b")))
	if a.Len()+b.Len() != 0 {
		t.Errorf("after the end A has %q, B %q", a.IDs(), b.IDs())
	}
}

func TestStoreDropsDeltaOfUnknownSession(t *testing.T) {
	a, b := NewStore(StoreConfig{}), NewStore(StoreConfig{})
	msg := must[*Message](t)
	created := msg(a.Create("S1"))
	delta := msg(a.Request("S1", func(e *Edit) { e.Set("k", javaText("v")) }))
	if err := wire(t, b, delta); !errors.Is(err, ErrNoSession) {
		t.Errorf("a delta that overtook its session: %v", err)
	}
	wire(t, b, created)
	if got := readText(t, b, "S1", "k"); got != "no attribute" || b.Counts().Unknown != 1 {
		t.Errorf("k is %s, counts are %+v", got, b.Counts())
	}
}

func TestStoreExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := NewStore(StoreConfig{MaxInactive: 10}), NewStore(StoreConfig{MaxInactive: 10})
		msg := must[*Message](t)
		wire(t, b, msg(a.Create("told")))
		wire(t, b, msg(a.Create("orphan")))
		a.mu.Lock()
		a.remove(a.sessions["orphan"]) // as if A had crashed and returned
		a.mu.Unlock()

		time.Sleep(9999 * time.Millisecond)
		if out := a.ExpireIdle(); len(out) != 0 {
			t.Errorf("%d sessions expired too early", len(out))
		}
		time.Sleep(time.Millisecond)
		if out := b.ExpireIdle(); len(out) != 0 || b.Len() != 2 {
			t.Errorf("B, not primary, expired %v and has %q", out, b.IDs())
		}
		out := a.ExpireIdle()
		if len(out) != 1 || out[0].Event != Expired {
			t.Fatalf("A tells %v", out)
		}
		wire(t, b, out[0])
		if b.Len() != 1 {
			t.Errorf("B has %q", b.IDs())
		}
		time.Sleep(10 * time.Second)
		if out := b.ExpireIdle(); len(out) != 0 || b.Len() != 0 {
			t.Errorf("after twice the interval B tells %v and has %q", out, b.IDs())
		}
	})
}

func TestStateTransfer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewStore(StoreConfig{})
		msg := must[*Message](t)
		for i := range 25 {
			id := fmt.Sprint("S", i)
			msg(a.Create(id))
			msg(a.Request(id, func(e *Edit) { e.Set("n", javaText(id)) }))
		}
		old := msg(a.Request("S0", func(e *Edit) { e.Set("n", javaText("old")) }))
		msg(a.Request("S0", func(e *Edit) { e.Set("n", javaText("S0")) }))

		b := NewStore(StoreConfig{})
		_, ended := b.BeginTransfer()
		wire(t, b, old) // arrives while B waits
		time.Sleep(time.Second)
		var state []*Message
		for m, err := range a.State(10) {
			if err != nil {
				t.Fatal(err)
			}
			state = append(state, m)
		}
		if len(state) != 4 { // 10, 10, 5, the end
			t.Fatalf("%d messages", len(state))
		}
		newer := msg(a.Request("S1", func(e *Edit) { e.Set("n", javaText("newer")) }))
		wire(t, b, newer)
		for _, m := range state {
			if err := wire(t, b, m); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case <-ended:
		default:
			t.Fatal("the end was told, and B waits")
		}
		if !b.EndTransfer() {
			t.Error("no state came")
		}
		if b.Len() != 25 || readText(t, b, "S0", "n") != "S0" || readText(t, b, "S1", "n") != "newer" || readText(t, b, "S24", "n") != "S24" {
			t.Errorf("B has %d sessions, S0 %s, S1 %s", b.Len(), readText(t, b, "S0", "n"), readText(t, b, "S1", "n"))
		}
		if c := b.Counts(); c.Old != 1 {
			t.Errorf("%d messages were dropped as old", c.Old)
		}
	})
}

func TestTransferThatNobodyAnswers(t *testing.T) {
	a, b := NewStore(StoreConfig{}), NewStore(StoreConfig{})
	b.BeginTransfer()
	wire(t, b, must[*Message](t)(a.Create("S1")))
	if b.Len() != 0 {
		t.Error("a message did not wait for the state")
	}
	if b.EndTransfer() || b.Len() != 1 {
		t.Errorf("after the wait B has %d sessions", b.Len())
	}
}

func TestStoreIsBounded(t *testing.T) {
	a := NewStore(StoreConfig{})
	b := NewStore(StoreConfig{Limit: 3, LimitBytes: 1000})
	msg := must[*Message](t)
	for i := range 5 {
		err := wire(t, b, msg(a.Create(fmt.Sprint("S", i))))
		if errors.Is(err, ErrFull) != (i >= 3) {
			t.Errorf("session %d: %v", i, err)
		}
	}
	big := msg(a.Request("S0", func(e *Edit) { e.Set("k", javaser.Bytes(make([]byte, 2000))) }))
	if err := wire(t, b, big); !errors.Is(err, ErrFull) {
		t.Errorf("a large delta: %v", err)
	}
	wire(t, b, msg(a.Invalidate("S1")))
	if err := wire(t, b, msg(a.Create("S9"))); err != nil {
		t.Errorf("there is room again: %v", err)
	}
}

// A session whose attribute is replaced again and again holds it once.
func TestStoreForgetsWhatIsReplaced(t *testing.T) {
	a, b := NewStore(StoreConfig{LimitBytes: 4000}), NewStore(StoreConfig{LimitBytes: 4000})
	msg := must[*Message](t)
	wire(t, b, msg(a.Create("S1")))
	for i := range 50 {
		m := msg(a.Request("S1", func(e *Edit) { e.Set("k", javaser.Bytes(make([]byte, 1000))) }))
		if err := wire(t, b, m); err != nil {
			t.Fatalf("delta %d: %v", i, err)
		}
	}
	wire(t, b, msg(a.Request("S1", func(e *Edit) { e.Remove("k") })))
	wire(t, b, msg(a.Invalidate("S1")))
	if a.bytes != 0 || b.bytes != 0 {
		t.Errorf("%d and %d bytes are left", a.bytes, b.bytes)
	}
}

func TestStoreRefusesWhatIsNoMessageOfOthers(t *testing.T) {
	s := NewStore(StoreConfig{})
	m := NewDelta(Gen85, "", "S1", []byte("junk"), 1)
	must[*Message](t)(s.Create("S1"))
	if err := s.Apply(m); err == nil || s.Counts().Invalid != 1 {
		t.Errorf("a broken delta: %v, %+v", err, s.Counts())
	}
	if err := s.Apply(NewGetAllSessions(Gen85, "", 1)); err == nil {
		t.Error("a request for the state was taken as a message")
	}
	other, _ := (&Delta{SessionID: "S2"}).Append(nil)
	if err := s.Apply(NewDelta(Gen85, "", "S1", other, 1)); err == nil {
		t.Error("a delta of another session was taken")
	}
}
