package view

import (
	"fmt"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/ping"
)

// PingSweepRow is what a sweep found of one responder in JSON. Reached is the
// smallest TTL or the largest size that was answered, Failed the nearest one
// beyond that was not, -1 for none.
type PingSweepRow struct {
	Type     string `json:"type"` // ttl or size
	Address  string `json:"address"`
	ID       string `json:"id,omitempty"`
	Reached  int    `json:"reached"`
	Failed   int    `json:"failed"`
	Answered int    `json:"answered"` // of the probes with the value reached
	Hops     int    `json:"hops"`     // -1 unknown
}

// PingSweepSummary is its last line.
type PingSweepSummary struct {
	PingSummary
	// TooBig is the smallest size that this host refused to send; 0 for none.
	TooBig int `json:"too_big"`
}

// Sweep shows the outcome of a sweep of TTLs or sizes.
func (p *Ping) Sweep(r *ping.SweepResult, ttl bool) error {
	kind, best := "size", "LARGEST"
	if ttl {
		kind, best = "ttl", "SMALLEST TTL"
	}
	if p.lines == nil {
		t := term.Table{Header: []string{"RESPONDER", best, "ANSWERED", "NEXT FAILED", "HOPS"}, Right: map[int]bool{1: true, 2: true, 3: true, 4: true}}
		for _, row := range r.Rows {
			t.Add(addrString(row.Addr), row.Reached, row.Answered, orDash(row.Failed), orDash(row.Hops))
		}
		if len(t.Rows) > 0 {
			if err := t.Render(p.s); err != nil {
				return err
			}
		}
		text := fmt.Sprintf("%s, %s answered\n", term.Count(r.Sent, "probe"), term.Count(len(r.Rows), "host"))
		if r.TooBig > 0 {
			text += fmt.Sprintf("this host sends no probe of %d bytes: %s\n", r.TooBig, escape.Text(r.TooBigErr.Error()))
		}
		_, err := p.s.Write([]byte(p.s.Hang(text)))
		return err
	}
	for _, row := range r.Rows {
		if err := p.lines.Write(PingSweepRow{kind, row.Addr.String(), hexID(row.ID), row.Reached, row.Failed, row.Answered, row.Hops}); err != nil {
			return err
		}
	}
	s := PingSweepSummary{p.summary(r.Result), r.TooBig}
	s.Missing, s.OK = p.missing(r.Result), p.SweepMet(r)
	return p.lines.Write(s)
}

// SweepMet reports whether those expected, or anybody, answered some value.
func (p *Ping) SweepMet(r *ping.SweepResult) bool {
	return len(r.Rows) > 0 && p.Expect.Met(r.Responders)
}

func orDash(n int) string {
	if n < 0 {
		return "-"
	}
	return fmt.Sprint(n)
}
