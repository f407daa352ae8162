package interop

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/tomcat"
)

// sniffed is a JSON line of muster sniff.
type sniffed struct {
	Type        string `json:"type"`
	Destination string `json:"destination"`
	Message     struct {
		Session struct {
			Event      string    `json:"event_name"`
			Context    string    `json:"context"`
			ID         string    `json:"session_id"`
			Attributes []changed `json:"attributes"`
		} `json:"session"`
	} `json:"message"`
	Members []struct {
		Host     string `json:"host"`
		Port     int    `json:"port"`
		UniqueID string `json:"unique_id"`
	} `json:"members"`
}

type changed struct {
	Action string `json:"action"`
	Name   string `json:"name"`
	Class  string `json:"class"`
}

// A capture on one node: its members are those that the Tomcats list, and a session
// that is written on another node is seen to be created and changed.
func TestSniffSeesWhatTomcatsDo(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t, netlab.Config{Hosts: 3})
	one := tomcat.Start(t, lab.Host(1), tomcat.Config{})
	two := tomcat.Start(t, lab.Host(2), tomcat.Config{})
	tomcat.StartPeer(t, lab.Host(3), tomcat.Tribes9)
	for _, s := range []*tomcat.Server{one, two} {
		s.WaitLog(`memberAdded .*\{10, 77, 0, 13\}:4000`, 10*time.Second)
	}
	m := muster(t, lab.Host(2), "sniff", "-i", "eth0", "--json")
	m.wait(10*time.Second, "a packet", func(l line) bool { return l.Type == "packet" })

	t.Cleanup(func() {
		for _, l := range m.lines() {
			if t.Failed() && l.Type == "message" {
				t.Log(l.Raw)
			}
		}
	})
	s, err := one.Request("set=colour=green", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := one.Request("set=size=7&del=colour", s.ID); err != nil {
		t.Fatal(err)
	}
	session := func(what, event string, match func(sniffed) bool) {
		t.Helper()
		m.seen = 0
		m.wait(10*time.Second, what, func(l line) bool {
			if l.Type != "message" {
				return false
			}
			x := sniffed{}
			if err := json.Unmarshal([]byte(l.Raw), &x); err != nil {
				t.Fatal(err)
			}
			got := x.Message.Session
			return x.Destination == "10.77.0.12:4000" && got.Event == event && got.ID == s.ID && got.Context == "localhost#" && match(x)
		})
	}
	session("the session, created", "SESSION-MODIFIED", func(sniffed) bool { return true })
	change := func(action, name string) func(sniffed) bool {
		return func(x sniffed) bool {
			return slices.ContainsFunc(x.Message.Session.Attributes, func(c changed) bool {
				return c.Action == action && c.Name == name && (action == "remove" || c.Class == "java.lang.String")
			})
		}
	}
	session("colour, set", "SESSION-DELTA", change("set", "colour"))
	session("size, set", "SESSION-DELTA", change("set", "size"))
	session("colour, removed", "SESSION-DELTA", change("remove", "colour"))
	if n := m.Count("green"); n != 0 {
		t.Errorf("a value is shown %d times although nobody asked for values", n)
	}

	// Every member has sent heartbeats meanwhile.
	for _, host := range []string{"10.77.0.11", "10.77.0.12", "10.77.0.13"} {
		m.seen = 0
		m.event(10*time.Second, "packet", host)
	}
	_, status := m.end(syscall.SIGINT)
	printed := m.Log()
	var sum sniffed
	if err := json.Unmarshal([]byte(printed[len(printed)-1].Text), &sum); err != nil || sum.Type != "summary" || status != 0 {
		t.Fatalf("exit status %d, %v, last line %s", status, err, printed[len(printed)-1].Text)
	}
	var got []string
	for _, m := range sum.Members {
		got = append(got, fmt.Sprintf("%s:%d %s", m.Host, m.Port, m.UniqueID))
	}
	slices.Sort(got)
	for _, server := range []*tomcat.Server{one, two} {
		listed, local := server.Members()
		var want []string
		for _, m := range append(listed, local) {
			want = append(want, fmt.Sprintf("%s:%d %s", m.Host, m.Port, m.UniqueID))
		}
		slices.Sort(want)
		if len(want) != 3 || !slices.Equal(got, want) {
			t.Errorf("it lists\n  %s\n%s lists\n  %s", strings.Join(got, "\n  "), local.Host, strings.Join(want, "\n  "))
		}
	}
}
