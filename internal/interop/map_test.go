package interop

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/tomcat"
)

// What a Tomcat says of bytes that it cannot read, and of all that goes wrong.
const (
	unreadable = `deserialize|ClassNotFound|InvalidClass|ClassCast|NullPointer|StreamCorrupted|EOFException`
	complaints = `SEVERE|` + unreadable
)

// A node with a replicated map of ours beside two Tomcats with BackupManager: it
// is a member of their map as they are, holds their copies where it is chosen,
// serves their sessions as they serve its own, and takes over.
func TestReplicatedMapBesideTomcats(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t, netlab.Config{Hosts: 3})
	backup := tomcat.Config{Manager: "backup"}
	n1 := tomcat.Start(t, lab.Host(1), backup)
	n2 := tomcat.Start(t, lab.Host(2), backup)
	n1.WaitLog(`Map member added.*\{10, 77, 0, 12\}`, 10*time.Second)
	tomcats := map[string]*tomcat.Server{"10.77.0.11": n1, "10.77.0.12": n2}

	// request must find the session, with k as it is to be.
	request := func(s *tomcat.Server, query, id, k string) tomcat.Session {
		t.Helper()
		var got tomcat.Session
		var err error
		for end := time.Now().Add(15 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			if got, err = s.Request(query, id); err == nil && !got.New && got.Attributes["k"] == k {
				return got
			}
			if query != "new=0" || time.Now().After(end) {
				t.Fatalf("%s of %s: %+v, %v; want k = %s\n%s", query, id, got, err, k, s.Tail())
			}
		}
	}
	create := func(s *tomcat.Server, k string) string {
		t.Helper()
		made, err := s.Request("maxinactive=600", "")
		if err != nil {
			t.Fatal(err)
		}
		return request(s, "set=k="+k, made.ID, k).ID
	}
	// until waits for what the node sees of a session.
	until := func(m *mapPeer, id, what string, ok func(seen) bool) seen {
		t.Helper()
		for end := time.Now().Add(15 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			if s := m.view(id); ok(s) {
				return s
			} else if time.Now().After(end) {
				t.Fatalf("%s is not %s: %+v\n%s", id, what, s, m.Tail())
			}
		}
	}

	first := create(n1, "first")
	m := startMapNode(t, lab.Host(3), "localhost#", 2)
	n1.WaitLog(`Map member added.*\{10, 77, 0, 13\}`, 10*time.Second)
	n2.WaitLog(`Map member added.*\{10, 77, 0, 13\}`, 10*time.Second)

	// It was told where the session lives, fetches it, and changes it for all.
	if s := m.view(first); s.Role != "proxy" || s.Primary != "10.77.0.11" || s.Backup != "10.77.0.12" || s.Attributes != nil {
		t.Errorf("the state of the map: %+v", s)
	}
	if s := m.do("/serve", first, url.Values{"k": {"k"}, "v": {"second"}}); s.Role != "primary" || s.Attributes["k"] != "second" {
		t.Errorf("served: %+v", s)
	}
	request(n1, "new=0", first, "second")

	// A session of ours on both Tomcats, by its id.
	ours := "0123456789ABCDEF0123456789ABCDEF"
	m.do("/create", ours, nil)
	if s := m.do("/serve", ours, url.Values{"k": {"k"}, "v": {"ours"}}); s.Role != "primary" || tomcats[s.Backup] == nil {
		t.Errorf("its backup is %+v, want one of the Tomcats", s)
	}
	request(n1, "new=0", ours, "ours")
	request(n2, "set=k=theirs", ours, "theirs")
	if s := m.do("/serve", ours, nil); s.Attributes["k"] != "theirs" {
		t.Errorf("what a Tomcat changed reads as %+v", s)
	}

	// In turn it is the backup of theirs, with every attribute.
	sessions := map[string]string{}
	backups := 0
	for i := range 6 {
		k := fmt.Sprint("v", i)
		id := create(n1, k)
		sessions[id] = k
		until(m, id, "of n1", func(s seen) bool {
			if s.Role == "backup" && s.Backup == "10.77.0.13" && s.Attributes["k"] == k {
				backups++
				return true
			}
			return s.Role == "proxy" && s.Backup == "10.77.0.12" && s.Attributes == nil
		})
	}
	if backups == 0 || backups == len(sessions) {
		t.Errorf("it is the backup of %d of %d sessions: want some", backups, len(sessions))
	}

	if n := n1.Count(complaints) + n2.Count(complaints); n != 0 {
		t.Errorf("the Tomcats complain %d times\n%s\n%s", n, n1.Tail(), n2.Tail())
	}

	// n1 dies: the backups take over, ours among them, and n2 serves them all.
	n1.Kill()
	n2.WaitLog(`Received member disappeared:.*\{10, 77, 0, 11\}`, 10*time.Second)
	for id := range sessions {
		until(m, id, "taken over", func(s seen) bool {
			return s.Role != "proxy" && s.Primary != "10.77.0.11" && s.Backup != "10.77.0.11" && s.Backup != s.Primary && s.Backup != ""
		})
	}
	served := map[string]string{} // n2 puts its own route behind the ids
	for id, k := range sessions {
		served[request(n2, "new=0", id, k).ID] = k
	}
	sessions = served
	for id, k := range sessions {
		until(m, id, "backed up here", func(s seen) bool { return s.Role == "backup" && s.Attributes["k"] == k })
	}
	// That its own ping of n1 failed, it says itself.
	if n := n2.Count(unreadable); n != 0 {
		t.Errorf("n2 complains %d times\n%s", n, n2.Tail())
	}

	// Now only ours holds them; a Tomcat that starts is told by it where they are,
	// and serves them.
	n2.Kill()
	for id := range sessions {
		until(m, id, "held by the last node", func(s seen) bool { return s.Role == "primary" && s.Backup == "" })
	}
	again := tomcat.Start(t, lab.Host(1), backup)
	for id, k := range sessions {
		until(m, id, "backed up by the new Tomcat", func(s seen) bool { return s.Backup == "10.77.0.11" })
		request(again, "new=0", id, k)
	}
	// Its map is pinged and answers; when it stops, its sessions stay.
	m.do("/serve", ours, url.Values{"k": {"k"}, "v": {"last"}})
	m.Mark()
	m.WaitLog(`answered PING of tcp://\{10, 77, 0, 11\}`, 15*time.Second)
	if got := m.view(ours).Members; got != 1 {
		t.Errorf("after a ping the map has %d other members, want 1", got)
	}
	if n := again.Count(complaints); n != 0 {
		t.Errorf("the last Tomcat complains %d times\n%s", n, again.Tail())
	}
	m.Stop()
	again.WaitLog(`Member \[.*\{10, 77, 0, 13\}.*disappeared|[Mm]ember disappeared.*\{10, 77, 0, 13\}`, 5*time.Second)
	request(again, "new=0", ours, "last")
	// That a ping crossed our leaving, it says itself.
	if n := again.Count(unreadable); n != 0 {
		t.Errorf("the last Tomcat complains %d times\n%s", n, again.Tail())
	}
	again.Stop()
}
