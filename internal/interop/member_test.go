package interop

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/tomcat"
)

// logID is how a Tomcat's log writes a member's id.
var logID = regexp.MustCompile(`, id=\{([-0-9 ]+)\}`)

// idIn returns the id of the member that a log line names, as hex.
func idIn(t *testing.T, text string) string {
	t.Helper()
	m := logID.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no id in %q", text)
	}
	var hex strings.Builder
	for _, word := range strings.Fields(m[1]) {
		n, err := strconv.ParseInt(word, 10, 8)
		if err != nil {
			t.Fatal(err)
		}
		hex.WriteString(strconv.FormatUint(uint64(byte(n))|0x100, 16)[1:])
	}
	return hex.String()
}

// A Tomcat counts muster as a member from its first heartbeat to its goodbye,
// misses it when it is killed, and sees no ghost when it comes back.
func TestTomcatCountsMusterAsAMember(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 3})
	n1 := tomcat.Start(t, lab.Host(1), tomcat.Config{})

	started := time.Now()
	m := muster(t, lab.Host(2), "tribes", "join", "--json")
	joined := m.joined()
	added := n1.WaitLog(`SimpleTcpCluster.memberAdded .*\{10, 77, 0, 12\}:4000`, 5*time.Second)
	if took := time.Since(started); took > 2*time.Second {
		t.Errorf("memberAdded %s after the start of muster, want 2 s at most", took)
	}
	id := idIn(t, added.Text)
	if id != joined.Member.UniqueID {
		t.Errorf("n1 knows it as %s, it says it is %s", id, joined.Member.UniqueID)
	}
	n1ID := m.event(5*time.Second, "member_added", "10.77.0.11").Member.UniqueID
	if carried := heartbeatID(t, lab.Host(3), lab.Host(1)); n1ID != carried {
		t.Errorf("it added n1 as %s, whose heartbeats carry %s", n1ID, carried)
	}

	n1.Mark()
	last, status := m.end(syscall.SIGINT)
	n1.WaitLog(`SimpleTcpCluster.memberDisappeared .*\{10, 77, 0, 12\}:4000.*command=\{66 65 66`, 3*time.Second)
	if status != 0 || last.Type != "summary" || last.Members != 1 {
		t.Errorf("status %d, last line %s", status, last.Raw)
	}

	// Killed: gone after the drop time and a TCP check.
	n1.Mark()
	m = muster(t, lab.Host(2), "tribes", "join", "--json")
	n1.WaitLog(`memberAdded .*\{10, 77, 0, 12\}:4000`, 5*time.Second)
	killed := time.Now()
	m.end(syscall.SIGKILL)
	n1.WaitLog(`Verification complete. Member disappeared.*\{10, 77, 0, 12\}:4000`, 6*time.Second)
	if took := time.Since(killed); took < 2500*time.Millisecond {
		t.Errorf("given up %s after the kill, before the drop time", took)
	}

	// Killed and back before the drop time is over: it was never away, and has its id.
	n1.Mark()
	m = muster(t, lab.Host(2), "tribes", "join", "--json")
	id = m.joined().Member.UniqueID
	n1.WaitLog(`memberAdded .*\{10, 77, 0, 12\}:4000`, 5*time.Second)
	n1.Mark()
	m.end(syscall.SIGKILL)
	m = muster(t, lab.Host(2), "tribes", "join", "--json")
	if again := m.joined(); again.Member.UniqueID != id {
		t.Errorf("it came back as %s, it was %s", again.Member.UniqueID, id)
	}
	// Beyond drop time and check, and long enough for a ghost to be told.
	tribes9 := tomcat.StartPeer(t, lab.Host(3), tomcat.Tribes9)
	tribes9.WaitEvent("memberAdded", 5*time.Second, func(e tomcat.Event) bool { return e.Member.Host == "10.77.0.12" })
	m.event(5*time.Second, "member_added", "10.77.0.13")
	members, _ := n1.Members()
	if len(members) != 2 || !slices.ContainsFunc(members, func(m tomcat.Member) bool { return m.Host == "10.77.0.12" && m.UniqueID == id }) {
		t.Errorf("n1 lists %+v, want n2 as %s, and n3", members, id)
	}
	if n := n1.Count(`\{10, 77, 0, 12\}:4000`); n != 0 {
		t.Errorf("n1 noticed the restart %d times", n)
	}
	if n := n1.Count(`SEVERE|WARNING`); n != 0 {
		t.Errorf("n1 complains %d times", n)
	}
	if _, status := m.end(syscall.SIGTERM); status != 0 {
		t.Errorf("status %d after SIGTERM", status)
	}
	n1.WaitLog(`memberDisappeared .*\{10, 77, 0, 12\}:4000`, 3*time.Second)
	tribes9.WaitEvent("memberDisappeared", 3*time.Second, func(e tomcat.Event) bool { return e.Member.Host == "10.77.0.12" })
}

// received matches an answer that took less than ten seconds.
var received = regexp.MustCompile(`received in \[(\d,)?\d{1,3}\] ms`)

// A Tomcat that starts when only a guest is there asks it for the sessions, and
// must not wait for a minute: neither with DeltaManager nor with BackupManager.
func TestTomcatStartsBesideAGuest(t *testing.T) {
	for _, manager := range []string{"delta", "backup"} {
		t.Run(manager, func(t *testing.T) {
			lab := netlab.New(t, netlab.Config{Hosts: 2})
			m := muster(t, lab.Host(2), "tribes", "join", "--json")
			m.joined()
			n1 := tomcat.Start(t, lab.Host(1), tomcat.Config{Manager: manager})
			if manager == "delta" {
				// It asks, and has its answer long before its timeout of 60 s.
				n1.WaitLog(`requesting session state from .*\{10, 77, 0, 12\}`, time.Second)
				took := n1.WaitLog(`session state sent at .* received in \[[\d,]+\] ms`, time.Second)
				if !received.MatchString(took.Text) {
					t.Errorf("the answer took too long: %s", took.Text)
				}
			} else {
				n1.WaitLog(`initialization was completed`, time.Second)
			}
			n1.Stop()
			m.event(5*time.Second, "member_disappeared", "10.77.0.11")
			if last, status := m.end(syscall.SIGINT); status != 0 || last.Answers == 0 {
				t.Errorf("status %d, %s", status, last.Raw)
			}
		})
	}
}
