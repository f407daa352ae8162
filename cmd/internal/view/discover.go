package view

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/internal/verdict"
	"muster/mcast"
	"muster/sniff/analysis/products"
)

// DiscoverMember is a line for one who answered, or was heard meanwhile.
type DiscoverMember struct {
	Type string `json:"type"` // product
	ProductMember
	Own    bool     `json:"own"`    // it sends from this host, which proves nothing about the network
	Groups []string `json:"groups"` // that it was heard on
}

// DiscoverSummary closes the answers.
type DiscoverSummary struct {
	Type      string   `json:"type"`      // summary
	Status    string   `json:"status"`    // pass where somebody, and all of --expect, were found, else fail
	Questions int      `json:"questions"` // that were sent
	Members   int      `json:"members"`
	Expected  int      `json:"expected"`
	Seen      int      `json:"seen"`    // other hosts
	Missing   []string `json:"missing"` // expected by name, and not found
	Interface string   `json:"interface"`
	TookMS    int64    `json:"took_ms"`
}

// Discovery is what came of the questions.
type Discovery struct {
	Table     *products.Table
	Verdicts  []verdict.Verdict
	Own       func(netip.Addr) bool // the address is of this host
	Questions int                   // that were sent
	Interface mcast.Interface
	Took      time.Duration
	Expected  int
	Seen      int      // other hosts
	Missing   []string // expected by name, and not found
	Met       bool     // all those expected were found
}

// Discovered shows who answered.
func Discovered(s *term.Stream, d Discovery, json bool) error {
	if json {
		return d.json(term.NewLines(s))
	}
	if len(d.Table.Clusters()) == 0 {
		_, err := fmt.Fprintf(s, "nobody answered %s\n", term.Count(d.Questions, "question"))
		return err
	}
	if err := productsTable(d.Table, d.Own).Render(s); err != nil {
		return err
	}
	var b strings.Builder
	switch {
	case len(d.Missing) > 0:
		fmt.Fprintf(&b, "%s %s\n", s.Bad("missing:"), escape.Text(strings.Join(d.Missing, ", ")))
	case !d.Met:
		fmt.Fprintf(&b, "%s %d of %d other hosts\n", s.Bad("missing:"), d.Expected-d.Seen, d.Expected)
	}
	if len(d.Verdicts) > 0 {
		b.WriteString("\n" + VerdictsText(s, d.Verdicts))
	}
	_, err := s.Write([]byte(s.Hang(b.String())))
	return err
}

func (d Discovery) json(out *term.Lines) error {
	sum := DiscoverSummary{
		Type: "summary", Status: "fail", Questions: d.Questions, Expected: d.Expected, Seen: d.Seen,
		Missing: append([]string{}, d.Missing...), Interface: escape.Text(d.Interface.Name), TookMS: d.Took.Milliseconds(),
	}
	for _, c := range d.Table.Clusters() {
		for i, v := range newProductMembers(d.Table, c.Members) {
			sum.Members++
			line := DiscoverMember{Type: "product", ProductMember: v, Own: d.Own(c.Members[i].Source()), Groups: []string{}}
			for _, g := range c.Members[i].Groups {
				line.Groups = append(line.Groups, addrText(g))
			}
			if err := out.Write(line); err != nil {
				return err
			}
		}
	}
	for _, v := range d.Verdicts {
		if err := out.Write(NewVerdict(v)); err != nil {
			return err
		}
	}
	if sum.Members > 0 && d.Met {
		sum.Status = "pass"
	}
	return out.Write(sum)
}
