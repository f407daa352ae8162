package interop

import (
	"syscall"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/tomcat"
)

// A member made of the jars of Tomcat 9 counts muster as one too: added, left,
// missed when it is killed, and back as itself.
func TestTribes9CountsMusterAsAMember(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t, netlab.Config{Hosts: 3})
	n2 := lab.Host(2)
	n1 := tomcat.StartPeer(t, lab.Host(1), tomcat.Tribes9)
	_, local := n1.Members()
	if id := heartbeatID(t, lab.Host(3), lab.Host(1)); id != local.UniqueID {
		t.Fatalf("n1's heartbeats carry the id %s, it says %s of itself", id, local.UniqueID)
	}
	aboutN2 := func(e tomcat.Event) bool { return e.Member.Host == n2.Addr().String() }

	// It is added within two seconds of its start, under the id that it tells.
	join := func() (*program, string) {
		t.Helper()
		n1.Mark()
		start := time.Now()
		m := muster(t, n2, "tribes", "join", "--json")
		id := m.joined().Member.UniqueID
		added := n1.WaitEvent("memberAdded", 10*time.Second, aboutN2)
		if took := added.Line.Time.Sub(start); took > 2*time.Second {
			t.Errorf("added %v after its start, want at most 2 s", took)
		}
		if added.Member.UniqueID != id {
			t.Errorf("added as %s, it says that it is %s", added.Member.UniqueID, id)
		}
		return m, id
	}
	m, id := join()
	if got := m.event(5*time.Second, "member_added", "10.77.0.11"); got.Member.UniqueID != local.UniqueID {
		t.Errorf("it added n1 as %s, which is %s", got.Member.UniqueID, local.UniqueID)
	}

	// Ctrl-C: gone within a second, by a goodbye.
	n1.Mark()
	start := time.Now()
	if _, status := m.end(syscall.SIGINT); status != 0 {
		t.Errorf("exit status %d after Ctrl-C\n%s", status, m.Tail())
	}
	gone := n1.WaitEvent("memberDisappeared", 10*time.Second, aboutN2)
	if took := gone.Line.Time.Sub(start); took > time.Second || gone.Member.Command == "" {
		t.Errorf("missed %v after Ctrl-C, want at most 1 s; command %q", took, gone.Member.Command)
	}

	// Killed: missed after the drop time (3 s after the last heartbeat, which was at
	// most 500 ms before) and a check over TCP.
	m, again := join()
	if again == id {
		t.Errorf("it said goodbye and came back as %s, which a Tomcat may still take for the one that left", again)
	}
	n1.Mark()
	start = time.Now()
	m.end(syscall.SIGKILL)
	gone = n1.WaitEvent("memberDisappeared", 15*time.Second, aboutN2)
	if took := gone.Line.Time.Sub(start); took < 2400*time.Millisecond || took > 7*time.Second {
		t.Errorf("missed %v after the kill, want about 3 s", took)
	}

	// Killed and back before anybody missed it: one member all the time, itself.
	m, _ = join()
	m.end(syscall.SIGKILL)
	m = muster(t, n2, "tribes", "join", "--json")
	m.joined()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if members, _ := n1.Members(); len(members) != 1 || members[0].UniqueID != again {
			t.Fatalf("n1 lists %+v, want n2 as %s alone", members, again)
		}
	}
	m.end(syscall.SIGINT)
}
