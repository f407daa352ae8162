package view

import (
	"fmt"

	"muster/cmd/internal/term"
	"muster/sniff/analysis/products"
)

// DiscoverMember is a line for one who answered, or was heard meanwhile.
type DiscoverMember struct {
	Type string `json:"type"` // product
	ProductMember
	Groups []string `json:"groups"` // that it was heard on
}

// DiscoverSummary closes the answers.
type DiscoverSummary struct {
	Type      string `json:"type"`      // summary
	Status    string `json:"status"`    // pass where somebody was found, else fail
	Questions int    `json:"questions"` // that were sent
	Seen      int    `json:"seen"`
	Interface string `json:"interface"`
	TookMS    int64  `json:"took_ms"`
}

// Discovered shows who answered.
func Discovered(s *term.Stream, t *products.Table, sum DiscoverSummary, json bool) error {
	sum.Status = "fail"
	var out *term.Lines
	if json {
		out = term.NewLines(s)
	}
	for _, c := range t.Clusters() {
		for i, v := range newProductMembers(t, c.Members) {
			sum.Seen, sum.Status = sum.Seen+1, "pass"
			if out == nil {
				continue
			}
			line := DiscoverMember{Type: "product", ProductMember: v, Groups: []string{}}
			for _, g := range c.Members[i].Groups {
				line.Groups = append(line.Groups, addrText(g))
			}
			if err := out.Write(line); err != nil {
				return err
			}
		}
	}
	verdicts := t.Unmet()
	if out != nil {
		for _, v := range verdicts {
			if err := out.Write(NewVerdict(v)); err != nil {
				return err
			}
		}
		return out.Write(sum)
	}
	if sum.Seen == 0 {
		_, err := fmt.Fprintf(s, "nobody answered %s\n", term.Count(sum.Questions, "question"))
		return err
	}
	if err := productsTable(t).Render(s); err != nil || len(verdicts) == 0 {
		return err
	}
	_, err := fmt.Fprint(s, "\n"+VerdictsText(s, verdicts))
	return err
}
