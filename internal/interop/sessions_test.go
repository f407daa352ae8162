package interop

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
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

// startup is what a Tomcat says of its own start.
var startup = regexp.MustCompile(`Server startup in \[([\d,]+)\]`)

// started starts a Tomcat and returns how long that took, by its own clock.
func started(t *testing.T, h *netlab.Host, cfg tomcat.Config) (*tomcat.Server, time.Duration) {
	t.Helper()
	s := tomcat.Start(t, h, cfg)
	m := startup.FindStringSubmatch(s.WaitLog(`Server startup in`, 10*time.Second).Text)
	ms, err := strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
	if err != nil {
		t.Fatal(err)
	}
	return s, time.Duration(ms) * time.Millisecond
}

// asFast fails where a start beside a guest took longer than one without. What a
// Tomcat waits for when nobody answers is 60 s (DeltaManager) or 15 s and 15 s
// (a replicated map); machines that do other work vary by seconds.
func asFast(t *testing.T, what string, with, without time.Duration) {
	t.Helper()
	t.Logf("%s: %v with the guest, %v without", what, with, without)
	if with > 2*without+8*time.Second {
		t.Errorf("%s: a Tomcat started in %v with the guest, in %v without", what, with, without)
	}
}

// write makes n sessions on s, each with a text, a number and bytes, and waits
// after each request until the other has what it changed: a Tomcat with options 8
// takes what comes close together in any order, and loses a change that overtakes
// its session's creation. Without another it waits as long as that mostly takes.
func write(t *testing.T, s, other *tomcat.Server, name string, n int) (ids []string) {
	t.Helper()
	for i := range n {
		made, err := s.Request("maxinactive=600", "")
		if err != nil {
			t.Fatal(err)
		}
		arrived(t, other, made.ID, "count", "")
		for j := range i + 1 {
			_, err = s.Request(fmt.Sprintf("set=text=%s%d&incr=count&blob=data=%d", name, i, 1000+i), made.ID)
			if err != nil {
				t.Fatal(err)
			}
			arrived(t, other, made.ID, "count", strconv.Itoa(j+1))
		}
		ids = append(ids, made.ID)
	}
	return ids
}

// arrived waits until the Tomcat holds the session, with that value of an attribute.
func arrived(t *testing.T, s *tomcat.Server, id, attribute, value string) {
	t.Helper()
	if s == nil {
		time.Sleep(200 * time.Millisecond)
		return
	}
	end := time.Now().Add(10 * time.Second)
	for {
		got, held := s.Holds(id, attribute)
		if held && got == value {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("session %s came to the other Tomcat: %v, its %s as %q, want %q", id, held, attribute, got, value)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// served fails where s does not serve every session as it was written, within
// that time, and returns the ids that it gave them.
func served(t *testing.T, s *tomcat.Server, name string, ids []string, within time.Duration) (now []string) {
	t.Helper()
	end := time.Now().Add(within)
	for i, id := range ids {
		want := map[string]any{"text": fmt.Sprintf("%s%d", name, i), "count": float64(i + 1), "data": map[string]any{"bytes": float64(1000 + i)}}
		for {
			got, err := s.Request("new=0", id)
			if err == nil && fmt.Sprint(got.Attributes) == fmt.Sprint(want) {
				now = append(now, got.ID)
				break
			}
			if time.Now().After(end) {
				t.Fatalf("session %s is served as %+v, %v; want %v", id, got, err, want)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	return now
}

// sessionLine is a line of tribes sessions.
type sessionLine struct {
	Type       string           `json:"type"`
	Context    string           `json:"context"`
	Manager    string           `json:"manager"`
	SessionID  string           `json:"session_id"`
	NewID      string           `json:"new_session_id"`
	Node       string           `json:"node"`
	Nodes      []string         `json:"nodes"`
	Complete   bool             `json:"complete"`
	ID         string           `json:"id"` // of a verdict
	Status     string           `json:"status"`
	Subject    string           `json:"subject"`
	Saw        string           `json:"saw"`
	Attributes []shownAttribute `json:"attributes"`
}

type shownAttribute struct {
	Name, Class string
	Bytes       int
	Value       any
}

func sessionLines(t *testing.T, m *program) (lines []sessionLine) {
	t.Helper()
	for _, l := range m.lines() {
		var s sessionLine
		if err := json.Unmarshal([]byte(l.Raw), &s); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, s)
	}
	return lines
}

// lastChange matches the line of the change that makes the count of a session n.
func lastChange(id string, n int) func(line) bool {
	return func(l line) bool {
		var s sessionLine
		return json.Unmarshal([]byte(l.Raw), &s) == nil && s.Type == "session_changed" && s.SessionID == id &&
			slices.ContainsFunc(s.Attributes, func(a shownAttribute) bool { return a.Name == "count" && a.Value == float64(n) })
	}
}

// javaSizes are how long the values of write are as Java streams.
func javaSizes(name string, i int) map[string]string {
	return map[string]string{
		"text":  fmt.Sprintf("java.lang.String %d", 4+3+len(name)+len(strconv.Itoa(i))),
		"count": "java.lang.Integer 81",
		"data":  fmt.Sprintf("byte[] %d", 27+1000+i),
	}
}

// shown fails where a session is not in the report as it was written.
func shown(t *testing.T, lines []sessionLine, name string, ids []string) {
	t.Helper()
	for i, id := range ids {
		at := slices.IndexFunc(lines, func(l sessionLine) bool { return l.Type == "session" && l.SessionID == id })
		if at < 0 {
			t.Errorf("session %s is not in the report", id)
			continue
		}
		got := map[string]string{}
		for _, a := range lines[at].Attributes {
			got[a.Name] = fmt.Sprintf("%s %d", a.Class, a.Bytes)
		}
		if want := javaSizes(name, i); fmt.Sprint(got) != fmt.Sprint(want) || lines[at].Context != "localhost#" || !lines[at].Complete {
			t.Errorf("session %s is shown as %v of %q, complete %v; want %v of \"localhost#\"", id, got, lines[at].Context, lines[at].Complete, want)
		}
	}
}

// What a Tomcat tells when the guest is gone. Of the others, a message that was
// under way to a dead member is tried again, and a replicated map's ping each 5 s
// fails if it comes before the member is given up: it is so with any member.
var (
	aboutGuest = regexp.MustCompile(`(memberDisappeared|Member disappeared|member disappeared).*\{10, 77, 0, 13\}`)
	underWay   = regexp.MustCompile(`ParallelNioSender.doLoop Member send is failing for:\[tcp://\{10, 77, 0, 13\}:4000\] ; Setting to suspect and retrying` +
		`|^\s*Caused by: java\.(net|io)\.\w+Exception: (Connection reset|Broken pipe)`) // its stack trace
	mapPing = regexp.MustCompile(`AbstractReplicatedMap.heartbeat Unable to send AbstractReplicatedMap.ping message|` +
		`ChannelException: Send failed, .*Faulty members:tcp://\{10, 77, 0, 13\}:4000; $|^\t\t(at |\.\.\. )|^\tCaused by: java.net.ConnectException|` +
		`leftOver PING message has been received beyond the timeout`)
)

// undisturbed kills the guest and goes on asking both Tomcats until both have
// given it up: every request is answered, and the logs tell of nothing else but
// what is allowed. Without ids the requests have no session: with one, a Tomcat
// replicates something in each.
func undisturbed(t *testing.T, guest *program, ids []string, servers []*tomcat.Server, allowed ...*regexp.Regexp) {
	t.Helper()
	for _, s := range servers {
		s.Mark()
	}
	guest.end(syscall.SIGKILL)
	slowest, requests := time.Duration(0), 0
	gone := func(s *tomcat.Server) bool {
		return s.Count(`SimpleTcpCluster.memberDisappeared .*\{10, 77, 0, 13\}`) > 0
	}
	query, id := "new=0", ""
	for end := time.Now().Add(20 * time.Second); !gone(servers[0]) || !gone(servers[1]); {
		if time.Now().After(end) {
			t.Fatalf("the guest is not given up\n%s", servers[0].Tail())
		}
		for i, s := range servers {
			if ids != nil {
				query, id = "new=0&set=last="+strconv.Itoa(requests), ids[i]
			}
			begun := time.Now()
			if got, err := s.Request(query, id); err != nil || got.ID != id {
				t.Errorf("a request after the kill: %+v, %v", got, err)
			}
			slowest = max(slowest, time.Since(begun))
			requests++
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("%d requests answered while the guest was given up, the slowest in %v", requests, slowest)
	allowed = append(allowed, aboutGuest)
	for i, s := range servers {
		for _, l := range s.Since() {
			if !slices.ContainsFunc(allowed, func(re *regexp.Regexp) bool { return re.MatchString(l.Text) }) {
				t.Errorf("n%d tells: %s", i+1, l.Text)
			}
		}
	}
}

// guestJoins starts the guest on n3 and waits until both Tomcats count it.
func guestJoins(t *testing.T, h *netlab.Host, servers ...*tomcat.Server) *program {
	t.Helper()
	for _, s := range servers {
		s.Mark()
	}
	guest := muster(t, h, "tribes", "sessions", "--json")
	for _, s := range servers {
		s.WaitLog(`memberAdded .*\{10, 77, 0, 13\}:4000`, 10*time.Second)
	}
	return guest
}

// Two Tomcats and a guest that watches their sessions: it is in nobody's way.
func TestGuestDoesNoHarm(t *testing.T) {
	lab := netlab.New(t, netlab.Config{Hosts: 3})
	cfg := tomcat.Config{}
	n1, alone := started(t, lab.Host(1), cfg)
	ids := write(t, n1, nil, "first", 5)
	n2, second := started(t, lab.Host(2), cfg)
	n2.WaitLog(`memberAdded .*\{10, 77, 0, 11\}:4000`, 5*time.Second)
	n2.Stop()
	n1.WaitLog(`memberDisappeared .*\{10, 77, 0, 12\}:4000`, 10*time.Second)

	// The guest is there long before n2, which asks n1 all the same and has all
	// sessions.
	guest := muster(t, lab.Host(3), "tribes", "sessions", "--fetch", "--values", "--json")
	guest.joined()
	guest.event(5*time.Second, "member_added", "10.77.0.11")
	n1.WaitLog(`memberAdded .*\{10, 77, 0, 13\}:4000`, 5*time.Second)
	n2, beside := started(t, lab.Host(2), cfg)
	asFast(t, "second node", beside, second)
	n2.WaitLog(`requesting session state from .*\{10, 77, 0, 11\}:4000`, time.Second)
	ids = served(t, n2, "first", ids, 5*time.Second)

	// So has n1 when it returns.
	n2.Mark()
	n1.Stop()
	n2.WaitLog(`memberDisappeared .*\{10, 77, 0, 11\}:4000`, 10*time.Second)
	n1, beside = started(t, lab.Host(1), cfg)
	asFast(t, "first node again", beside, second)
	n1.WaitLog(`requesting session state from .*\{10, 77, 0, 12\}:4000`, time.Second)
	ids = served(t, n1, "first", ids, 5*time.Second)

	// What is written now is shown as it is.
	more := write(t, n2, n1, "more", 5)
	served(t, n2, "more", more, time.Second)
	guest.wait(10*time.Second, "the last change", lastChange(more[4], 5))
	n1.Mark()
	n2.Mark()
	last, status := guest.end(syscall.SIGINT)
	if status != 0 || last.Type != "summary" {
		t.Errorf("status %d, %s", status, last.Raw)
	}
	lines := sessionLines(t, guest)
	shown(t, lines, "first", ids)
	shown(t, lines, "more", more)
	for _, l := range lines {
		if l.Type == "verdict" && l.ID != "tribes.session-race" {
			t.Errorf("it finds %s %s: %s", l.Status, l.ID, l.Saw)
		}
	}

	// Killed, it is missed and nothing else.
	n1.WaitLog(`memberDisappeared .*\{10, 77, 0, 13\}:4000`, 5*time.Second)
	n2.WaitLog(`memberDisappeared .*\{10, 77, 0, 13\}:4000`, 5*time.Second)
	guest = guestJoins(t, lab.Host(3), n1, n2)
	undisturbed(t, guest, nil, []*tomcat.Server{n1, n2})
	guest = guestJoins(t, lab.Host(3), n1, n2)
	undisturbed(t, guest, []string{ids[0], more[0]}, []*tomcat.Server{n1, n2}, underWay)

	// A lone Tomcat beside a lone guest.
	n1.Stop()
	n2.Stop()
	guest = muster(t, lab.Host(3), "tribes", "sessions", "--json")
	guest.joined()
	n1, beside = started(t, lab.Host(1), cfg)
	asFast(t, "lone node", beside, alone)
	n1.WaitLog(`requesting session state from .*\{10, 77, 0, 13\}:4000`, time.Second)
	if last, status := guest.end(syscall.SIGINT); status != 0 || last.Answers == 0 {
		t.Errorf("status %d, %s", status, last.Raw)
	}
	n1.Stop()
}

// Replicated maps never take the guest for a backup node: each session is on the
// two Tomcats, as the messages between them say, and outlives either.
func TestGuestHoldsNoBackup(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t, netlab.Config{Hosts: 3})
	cfg := tomcat.Config{Manager: "backup"}
	n1, alone := started(t, lab.Host(1), cfg)
	n2, second := started(t, lab.Host(2), cfg)
	n2.Stop()
	n1.WaitLog(`memberDisappeared .*\{10, 77, 0, 12\}:4000`, 10*time.Second)
	guest := guestJoins(t, lab.Host(3), n1)
	n2, beside := started(t, lab.Host(2), cfg)
	asFast(t, "second node", beside, second)

	watch := muster(t, lab.Host(1), "tribes", "sessions", "--watch-only", "-i", "eth0", "--values", "--json")
	watch.WaitLog(`capturing on eth0`, 5*time.Second)
	first := write(t, n1, n2, "first", 10)
	more := write(t, n2, n1, "more", 10)
	watch.wait(10*time.Second, "the last change", lastChange(more[9], 10))
	if last, status := watch.end(syscall.SIGINT); status != 0 || last.Type != "summary" {
		t.Errorf("status %d, %s", status, last.Raw)
	}
	lines := sessionLines(t, watch)
	shown(t, lines, "first", first)
	shown(t, lines, "more", more)
	for _, l := range lines {
		if l.Type == "verdict" {
			t.Errorf("it finds %s %s: %s", l.Status, l.ID, l.Saw)
		}
		nodes := slices.Sorted(slices.Values(l.Nodes))
		if l.Type == "session" && (l.Manager != "backup" || !slices.Equal(nodes, []string{"10.77.0.11:4000", "10.77.0.12:4000"})) {
			t.Errorf("session %s of a %s manager is on %v", l.SessionID, l.Manager, nodes)
		}
	}

	use := []string{write(t, n1, n2, "use", 1)[0], write(t, n2, n1, "use", 1)[0]}
	undisturbed(t, guest, use, []*tomcat.Server{n1, n2}, underWay, mapPing)
	guest = guestJoins(t, lab.Host(3), n1, n2)

	// The node of the first ten is killed: the other serves them all.
	n2.Mark()
	n1.Kill()
	n2.WaitLog(`memberDisappeared .*\{10, 77, 0, 11\}:4000`, 15*time.Second)
	served(t, n2, "first", first, 10*time.Second)
	served(t, n2, "more", more, time.Second)
	n2.Stop()
	n1, beside = started(t, lab.Host(1), cfg)
	asFast(t, "lone node", beside, alone)
	last, status := guest.end(syscall.SIGINT)
	if status != 0 || last.Answers == 0 || !strings.Contains(last.Raw, "--watch-only on one of its nodes shows them") {
		t.Errorf("status %d, %s", status, last.Raw)
	}
	n1.Stop()
}

// A session that one Tomcat has and the other does not is found by asking both:
// nothing about it is in any log, and the members see each other. Here all they
// say is encrypted.
func TestSessionOnOneNodeIsFound(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t, netlab.Config{Hosts: 3})
	const key = "cafebabecafebabecafebabecafebabe"
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	n1 := tomcat.Start(t, lab.Host(1), tomcat.Config{EncryptionKey: key})
	n2 := tomcat.Start(t, lab.Host(2), tomcat.Config{EncryptionKey: key, Port: 4001})
	n1.WaitLog(`memberAdded .*\{10, 77, 0, 12\}:4001`, 10*time.Second)
	both := write(t, n1, n2, "both", 1)
	served(t, n2, "both", both, 5*time.Second)

	// Nothing of n1's gets through to n2's receiver.
	heal := lab.Switch().Drop(lab.Host(1), netlab.Traffic{Protocol: "tcp", Port: 4001})
	defer heal()
	alone := write(t, n1, nil, "alone", 1)
	if got, err := n2.Request("new=0", alone[0]); err != nil || got.ID != "" {
		t.Fatalf("n2 has the session: %+v, %v", got, err)
	}
	time.Sleep(6 * time.Second) // a session must be 5 s old to be missed
	m := muster(t, lab.Host(3), "tribes", "sessions", "--fetch", "-d", "8s", "--json", "--encryption-key-file", keyFile)
	last, status := m.finish()
	if status != 1 || last.Type != "summary" {
		t.Errorf("status %d, %s\n%s", status, last.Raw, m.Tail())
	}
	found := 0
	for _, l := range sessionLines(t, m) {
		if l.Type != "verdict" || l.ID != "tribes.session-missing" {
			continue
		}
		found++
		if l.Status != "fail" || !strings.Contains(l.Saw, alone[0]) || strings.Contains(l.Saw, strings.TrimSuffix(both[0], ".n1")) {
			t.Errorf("it finds %s: %s", l.Status, l.Saw)
		}
	}
	if found != 1 {
		t.Errorf("it is found %d times\n%s", found, m.Tail())
	}
}
