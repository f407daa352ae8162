package view

import (
	"fmt"
	"net/netip"
	"time"

	"muster/cmd/internal/term"
	"muster/mcast"
	"muster/ping"
)

// PingAsker is somebody who asks a responder for the first time, in JSON.
type PingAsker struct {
	Type    string    `json:"type"` // asker
	Time    time.Time `json:"time"`
	Address string    `json:"address"`
}

// RespondSummary is a responder's last line in JSON.
type RespondSummary struct {
	Type      string   `json:"type"` // summary
	Groups    []string `json:"groups"`
	Interface string   `json:"interface"`
	ping.RespondCounts
}

// Respond shows what a responder does.
type Respond struct {
	s     *term.Stream
	lines *term.Lines // nil: text
}

// NewRespond shows on s.
func NewRespond(s *term.Stream, json bool) *Respond {
	r := &Respond{s: s}
	if json {
		r.lines = term.NewLines(s)
	}
	return r
}

// Asked tells of one who asks for the first time.
func (r *Respond) Asked(from netip.Addr) {
	if r.lines != nil {
		_ = r.lines.Write(PingAsker{"asker", time.Now(), from.String()}) // a closed pipe shows at the end
		return
	}
	fmt.Fprintf(r.s, "%s asks\n", addrString(from))
}

// Summary tells what was done.
func (r *Respond) Summary(groups []mcast.Group, i mcast.Interface, c ping.RespondCounts) error {
	if r.lines != nil {
		s := RespondSummary{Type: "summary", Groups: []string{}, Interface: i.Name, RespondCounts: c}
		for _, g := range groups {
			s.Groups = append(s.Groups, g.String())
		}
		return r.lines.Write(s)
	}
	text := fmt.Sprintf("%s from %s, %d answered", term.Count(c.Requests, "request"), term.Count(c.Askers, "host"), c.Answered)
	for _, x := range []struct {
		n    uint64
		what string
	}{{c.Invalid, "invalid"}, {c.Refused, "refused as too many"}, {c.Failed, "not sent"}} {
		if x.n > 0 {
			text += fmt.Sprintf(", %d %s", x.n, x.what)
		}
	}
	_, err := fmt.Fprintln(r.s, text)
	return err
}
