package tomcat

import (
	_ "embed"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/netlab"
)

//go:embed TribesPeer.java
var tribesPeer []byte

// Peer is a member made of the tribes jars alone.
type Peer struct {
	*netlab.Process
	tb netlab.TB
}

// Event is a line that a peer prints.
type Event struct {
	Event   string      `json:"event"` // started, memberAdded, memberDisappeared, messageReceived, sent, bench, stopped, error
	Member  Member      `json:"member"`
	Class   string      `json:"class"` // of a message
	Text    string      `json:"text"`
	Bytes   int         `json:"bytes"`
	Options int         `json:"options"`
	Line    netlab.Line `json:"-"`

	Members []Member `json:"members"` // of the event members
}

// Member is a member as the jars know it.
type Member struct {
	Host     string `json:"host"`
	Port     int    `json:"port"`
	Alive    int64  `json:"alive"` // ms
	UniqueID string `json:"uniqueId"`
	Domain   string `json:"domain"`  // hex, as are the next two
	Payload  string `json:"payload"` //
	Command  string `json:"command"`
}

// StartPeer starts a peer with the options of TribesPeer.java and waits until it
// is a member. --address is the host's own unless given.
func StartPeer(tb netlab.TB, h *netlab.Host, jars Jars, options ...string) *Peer {
	tb.Helper()
	if testing.Short() {
		tb.Skipf("tomcat: -short, and a real one takes seconds")
	}
	if m := MissingJars(jars); m != "" {
		tb.Skipf("tomcat: %s", m)
	}
	source := filepath.Join(h.Dir(), "TribesPeer.java")
	if err := os.WriteFile(source, tribesPeer, 0o644); err != nil {
		tb.Fatalf("tomcat: %v", err)
	}
	args := append(jvm(), "-cp", strings.Join(jars.files(), ":"), source)
	if !slices.Contains(options, "--address") {
		args = append(args, "--address", h.Addr().String())
	}
	p := &Peer{h.Launch(tb, "java", append(args, options...)...), tb}
	p.WaitEvent("started", 30*time.Second, nil)
	return p
}

// WaitEvent returns the first event of that name since the last Mark for which
// match is true (any, where match is nil), and waits for it if need be.
func (p *Peer) WaitEvent(name string, within time.Duration, match func(Event) bool) Event {
	p.tb.Helper()
	var event Event
	event.Line = p.WaitLine("event "+name, within, func(text string) bool {
		event = Event{}
		return json.Unmarshal([]byte(text), &event) == nil && event.Event == name && (match == nil || match(event))
	})
	return event
}

// Members are those that the peer itself lists, it not among them.
func (p *Peer) Members() (members []Member, local Member) {
	p.tb.Helper()
	p.Mark()
	if _, err := p.Stdin.Write([]byte("members\n")); err != nil {
		p.tb.Fatalf("tomcat: asking a peer: %v", err)
	}
	e := p.WaitEvent("members", 5*time.Second, nil)
	return e.Members, e.Member
}
