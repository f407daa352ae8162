package view

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/tribes/provider"
)

// NamedMember is one that a provider names.
type NamedMember struct {
	Type     string `json:"type"` // named
	Pod      string `json:"pod,omitempty"`
	Address  string `json:"address"` // as the provider writes it
	Port     uint16 `json:"port"`    // this node's own, where Tomcat looks for all others
	UniqueID string `json:"unique_id,omitempty"`
	// Member: Tomcat takes it for another member; Own: for itself; Here: it is an
	// address of this host.
	Member      bool   `json:"member"`
	Own         bool   `json:"own"`
	Here        bool   `json:"here"`
	Ready       bool   `json:"ready"`
	Terminating bool   `json:"terminating"`
	Left        string `json:"left,omitempty"` // why Tomcat passes it over
	// Outcome is that of the question to its receiver, as probe has them; none where it
	// was not asked.
	Outcome   string            `json:"outcome,omitempty"`
	Answers   bool              `json:"answers"`
	ConnectMS float64           `json:"connect_ms,omitempty"`
	Tries     int               `json:"tries,omitempty"`
	Created   *time.Time        `json:"created,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
}

func newNamedMember(n *provider.Named, replies map[netip.Addr]provider.Reply, port uint16) NamedMember {
	m := NamedMember{
		Type: "named", Pod: n.Pod, Address: n.Text, Port: port, Member: n.Member(), Own: n.Own, Here: n.Here,
		Ready: !n.NotReady, Terminating: n.Terminating, Left: n.Left, Labels: n.Labels,
	}
	if n.Left == "" {
		m.UniqueID = n.ID.String()
	}
	if !n.Created.IsZero() {
		m.Created = &n.Created
	}
	if r, ok := replies[n.Addr]; ok {
		m.Outcome, m.Answers, m.Tries = string(r.Outcome), r.OK(), r.Tries
		m.ConnectMS = float64(r.Connect.Microseconds()) / 1000
	}
	return m
}

// ProviderJSON writes a line for each that was named.
func ProviderJSON(lines *term.Lines, a *provider.Answer, replies map[netip.Addr]provider.Reply, port uint16) error {
	for i := range a.Named {
		if err := lines.Write(newNamedMember(&a.Named[i], replies, port)); err != nil {
			return err
		}
	}
	return nil
}

// mostNamedShown bounds the table: an operator reads no five thousand rows. JSON has all.
const mostNamedShown = 200

// ProviderTable lists whom the provider names, and who of them answers.
func ProviderTable(s *term.Stream, a *provider.Answer, replies map[netip.Addr]provider.Reply, port uint16) error {
	if len(a.Named) == 0 {
		return nil
	}
	t := term.Table{Header: []string{"MEMBER", "POD", "ID", "RECEIVER", "NOTES"}}
	for i := range a.Named[:min(len(a.Named), mostNamedShown)] {
		n := &a.Named[i]
		address, id, receiver := "-", "-", "not asked"
		if n.Addr.IsValid() {
			address = netip.AddrPortFrom(n.Addr, port).String()
		}
		if n.Left == "" {
			id = n.ID.String()
		}
		if r, ok := replies[n.Addr]; ok {
			receiver = strings.ReplaceAll(string(r.Outcome), "_", " ")
			if r.Connected() {
				receiver += " in " + term.Seconds(r.Connect)
			}
		}
		t.Add(address, dash(escape.Text(n.Pod)), id, receiver, dash(strings.Join(namedNotes(n), "; ")))
	}
	if err := t.Render(s); err != nil {
		return err
	}
	if more := len(a.Named) + a.More - mostNamedShown; more > 0 {
		_, err := fmt.Fprintf(s, "and %d more; --json lists the first %d\n", more, provider.MaxNamed)
		return err
	}
	return nil
}

func namedNotes(n *provider.Named) (notes []string) {
	switch {
	case n.Own:
		notes = append(notes, "this node itself")
	case n.Here:
		notes = append(notes, "this host, and Tomcat takes it for another member")
	}
	if n.NotReady {
		notes = append(notes, "not ready")
	}
	if n.Terminating {
		notes = append(notes, "being deleted")
	}
	if n.Left != "" {
		notes = append(notes, "no member: "+escape.Text(n.Left))
	}
	return notes
}
