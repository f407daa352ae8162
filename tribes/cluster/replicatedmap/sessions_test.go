package replicatedmap

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"muster/tribes/javaser"
	"muster/tribes/session"
)

func set(name, value string) func(*session.Edit) {
	return func(e *session.Edit) { e.Set(name, javaser.NewString(value)) }
}

// where tells what each node is to a session, and what it holds of it, as
// "A primary v1 -> B, B backup v1, C proxy".
func (w *network) where(id string) string {
	var out []string
	for _, n := range w.up() {
		e, ok := n.Entry(id)
		if !ok {
			continue
		}
		text := n.name + " " + string(e.Role)
		if s, ok := n.Store.View(id); ok {
			v, _ := s.Get("k").(*javaser.String)
			if v != nil {
				text += " " + v.Text()
			} else {
				text += " empty"
			}
		}
		primary := "nobody"
		if e.Primary != nil {
			primary = string(e.Primary.ID[15])
		}
		backups := ""
		for _, b := range e.Backups {
			backups += string(b.ID[15])
		}
		out = append(out, fmt.Sprintf("%s %s>%s", text, primary, backups))
	}
	return strings.Join(out, ", ")
}

func (w *network) wants(id, want string) {
	w.t.Helper()
	synctest.Wait()
	if got := w.where(id); got != want {
		w.t.Errorf("%s is at\n  %s, want\n  %s", id, got, want)
	}
}

func (w *network) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// A session's life between two nodes, as a BackupManager has it.
func TestTwoNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t)
		a := w.join("A")
		w.ok(a.Create(t.Context(), "S0"))
		w.wants("S0", "A primary empty A>")
		b := w.join("B")
		// A gives it a backup as soon as there is one.
		w.wants("S0", "A primary empty A>B, B backup empty A>B")
		w.ok(a.Create(t.Context(), "S1"))
		w.ok(a.Request(t.Context(), "S1", set("k", "v1")))
		w.wants("S1", "A primary v1 A>B, B backup v1 A>B")
		// Served on the other node, it changes sides.
		w.ok(b.Request(t.Context(), "S1", set("k", "v2")))
		w.wants("S1", "A backup v2 B>A, B primary v2 B>A")
		w.kill("A")
		w.wants("S0", "B primary empty B>")
		w.wants("S1", "B primary v2 B>")
		w.ok(b.Request(t.Context(), "S1", set("k", "v3")))
		a = w.join("A")
		w.wants("S1", "A backup v3 B>A, B primary v3 B>A")
		looked := ""
		w.ok(a.Invalidate(t.Context(), "S1", func(s *session.Session) { looked = s.Get("k").(*javaser.String).Text() }))
		w.wants("S1", "")
		if looked != "v3" {
			t.Errorf("A invalidated a session with k = %q", looked)
		}
		if err := b.Request(t.Context(), "S1", nil); !errors.Is(err, session.ErrNoSession) {
			t.Errorf("a request to an ended session: %v", err)
		}
	})
}

func TestThreeNodesFailOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t)
		a, b, c := w.join("A"), w.join("B"), w.join("C")
		// Backups are chosen in turn.
		for i, want := range []string{"A primary v1 A>B, B backup v1 A>B, C proxy A>B", "A primary v1 A>C, B proxy A>C, C backup v1 A>C",
			"A primary v1 A>B, B backup v1 A>B, C proxy A>B"} {
			id := fmt.Sprint("S", i)
			w.ok(a.Create(t.Context(), id))
			w.ok(a.Request(t.Context(), id, set("k", "v1")))
			w.wants(id, want)
		}
		w.take()

		// A proxy fetches the value from the backup, which stays that; the old primary
		// is a proxy then.
		w.ok(c.Request(t.Context(), "S0", set("k", "v2")))
		w.wants("S0", "A proxy C>B, B backup v2 C>B, C primary v2 C>B")
		if got, want := w.take(), []string{"C>B RETRIEVE_BACKUP", "C>B NOTIFY_MAPMEMBER", "C>A PROXY", "C>B BACKUP"}; !slices.Equal(got, want) {
			t.Errorf("a proxy sends %v, want %v", got, want)
		}
		// A request that changes nothing says so only after long.
		w.ok(c.Request(t.Context(), "S0", nil))
		if got := w.take(); len(got) != 0 {
			t.Errorf("a request that changed nothing sent %v", got)
		}
		// The backup chooses a new one.
		w.ok(b.Request(t.Context(), "S0", set("k", "v3")))
		w.wants("S0", "A backup v3 B>A, B primary v3 B>A, C proxy B>A")

		// The primary is gone: its backups take over, and choose new backups.
		w.kill("A")
		w.wants("S0", "B primary v3 B>C, C backup v3 B>C")
		w.wants("S1", "B backup v1 C>B, C primary v1 C>B")
		w.wants("S2", "B primary v1 B>C, C backup v1 B>C")
		// Everything is served by the last that is left.
		w.kill("C")
		for id, v := range map[string]string{"S0": "v3", "S1": "v1", "S2": "v1"} {
			w.wants(id, "B primary "+v+" B>")
			w.ok(b.Request(t.Context(), id, set("k", v)))
		}
	})
}

// The member that holds both copies dies with the other: the entry is lost, and
// nobody keeps a proxy of it.
func TestOrphansAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t)
		a := w.join("A")
		w.join("B")
		w.join("C")
		w.ok(a.Create(t.Context(), "S0"))
		w.wants("S0", "A primary empty A>B, B backup empty A>B, C proxy A>B")
		// Both at once: no time for B to give it to C.
		w.mu.Lock()
		na, nb := w.nodes["A"], w.nodes["B"]
		delete(w.nodes, "A")
		delete(w.nodes, "B")
		c := w.nodes["C"]
		w.mu.Unlock()
		na.cancel()
		nb.cancel()
		<-na.ended
		<-nb.ended
		c.MemberGone(&na.record)
		c.MemberGone(&nb.record)
		w.wants("S0", "")
		if err := c.Request(t.Context(), "S0", nil); !errors.Is(err, session.ErrNoSession) {
			t.Errorf("a request to a lost session: %v", err)
		}
	})
}

// Idle sessions are ended by their primary, for all.
func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t)
		w.join("A")
		b := w.join("B")
		w.join("C")
		w.ok(b.Create(t.Context(), "S2"))
		w.ok(b.Create(t.Context(), "S0"))
		w.ok(b.Request(t.Context(), "S2", func(e *session.Edit) { e.SetMaxInactive(2) }))
		time.Sleep(1500 * time.Millisecond)
		w.wants("S2", "A backup empty B>A, B primary empty B>A, C proxy B>A")
		time.Sleep(2 * time.Second)
		w.wants("S2", "")
		w.wants("S0", "A proxy B>C, B primary empty B>C, C backup empty B>C")
	})
}

// A member of the map that answers no ping any more is none, though the channel
// still has it.
func TestPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t)
		a, b := w.join("A"), w.join("B")
		w.ok(a.Create(t.Context(), "S0"))
		time.Sleep(30 * time.Second)
		w.wants("S0", "A primary empty A>B, B backup empty A>B")
		// B's map stops without a word; its node stays, and says that it is destroyed.
		b.setState(StateDestroyed)
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if got := a.Map.Members(); len(got) != 0 {
			t.Errorf("A still counts %d members of the map", len(got))
		}
		e, _ := a.Entry("S0")
		if e.Role != Primary || len(e.Backups) != 0 {
			t.Errorf("S0 is %+v", e)
		}
		// It is back: a ping finds it.
		b.setState(StateInitialized)
		time.Sleep(6 * time.Second)
		w.wants("S0", "A primary empty A>B, B backup empty A>B")
	})
}

func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t)
		a, b := w.join("A"), w.join("B")
		w.ok(a.Create(t.Context(), "S0"))
		w.ok(b.Create(t.Context(), "S1"))
		w.ok(a.Stop(t.Context()))
		w.ok(a.Stop(t.Context()))
		synctest.Wait()
		for _, id := range []string{"S0", "S1"} {
			if e, ok := b.Entry(id); !ok || e.Role != Primary || len(e.Backups) != 0 {
				t.Errorf("%s on B is %+v", id, e)
			}
			w.ok(b.Request(t.Context(), id, nil))
		}
		if err := a.Create(t.Context(), "S2"); err == nil {
			t.Error("a stopped map takes a session")
		}
		if _, err := a.Start(t.Context()); err == nil || a.Serves() {
			t.Error("a stopped map starts again")
		}
		// A node whose map has not begun is none of its members, whoever starts.
		w.add("D", Config{})
		c := w.join("C")
		w.ok(c.Create(t.Context(), "S3"))
		w.wants("S3", "B backup empty C>B, C primary empty C>B")
	})
}

// Where no member of the channel takes a backup there is none, and that is told.
func TestBackupThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newNetwork(t)
		a := w.join("A")
		w.join("B")
		w.join("C")
		// B is down, and nobody knows it yet: C is next.
		w.mu.Lock()
		b := w.nodes["B"]
		b.record.Port = 1 // nobody is reached there any more
		w.mu.Unlock()
		w.ok(a.Create(t.Context(), "S0"))
		e, _ := a.Entry("S0")
		if len(e.Backups) != 1 || e.Backups[0].ID[15] != 'C' {
			t.Errorf("the backup is at %+v", e.Backups)
		}
		w.mu.Lock()
		delete(w.nodes, "C")
		w.mu.Unlock()
		if err := a.Create(t.Context(), "S1"); err == nil {
			t.Error("a session without a backup is told to have one")
		}
		w.ok(a.Request(t.Context(), "S1", set("k", "v"))) // it is served all the same
	})
}
