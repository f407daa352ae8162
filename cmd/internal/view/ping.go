package view

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/internal/verdict"
	"muster/mcast"
	"muster/ping"
)

// PingContext is what a ping's rows are about.
type PingContext struct {
	Group     mcast.Group
	Interface mcast.Interface
	UDP       bool
	Both      bool
	Expect    ping.Expectation
}

// Ping shows what a ping finds.
type Ping struct {
	s     *term.Stream
	lines *term.Lines // nil: text
	PingContext
	// Verdicts are shown with the result.
	Verdicts []verdict.Verdict
}

// Answer shows one answer as it comes.
func (p *Ping) Answer(r ping.Reply) {
	fmt.Fprintln(p.s, p.s.Hang(ReplyText(r))) // a closed pipe shows at the end
}

// NewPing shows on s.
func NewPing(s *term.Stream, json bool, c PingContext) *Ping {
	p := &Ping{s: s, PingContext: c}
	if json {
		p.lines = term.NewLines(s)
	}
	return p
}

func ms(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

func way(unicast bool) string {
	if unicast {
		return "unicast"
	}
	return "group"
}

func hexID(id uint64) string {
	if id == 0 {
		return ""
	}
	return fmt.Sprintf("%016x", id)
}

// ReplyText is one answer for people.
func ReplyText(r ping.Reply) string {
	text := fmt.Sprintf("%s %s: seq %d %s", time.Unix(0, r.At).Local().Format("15:04:05.000000"), escape.Text(r.From.String()), r.Seq, r.Verdict)
	if r.Unicast {
		text += ", by unicast"
	}
	if r.Verdict == ping.Counted || r.Verdict == ping.Duplicate {
		text += fmt.Sprintf(", %.3f ms", ms(r.RTT))
	}
	if r.Held > 0 {
		text += fmt.Sprintf(" after a wait of %.1f ms", ms(r.Held))
	}
	return text
}

// Result shows the rows, what they come to and the notes.
func (p *Ping) Result(r *ping.Result, notes []string) error {
	if p.lines != nil {
		return p.json(r, p.missing(r), notes)
	}
	return p.text(r, p.missing(r), notes)
}

func (p *Ping) missing(r *ping.Result) []string {
	out := []string{}
	for _, h := range p.Expect.Missing(r.Responders) {
		out = append(out, h.Name)
	}
	return out
}

var pingHeader = []string{"RESPONDER", "SENT", "RECV", "LOST", "LOSS", "DUP", "REORD", "MIN", "AVG", "MAX", "P50", "P90", "P99", "JITTER", "HOPS", "FIRST"}

func (p *Ping) text(r *ping.Result, missing, notes []string) error {
	t := term.Table{Header: slices.Clone(pingHeader), Right: map[int]bool{}}
	first := 1
	if p.Both {
		t.Header = slices.Insert(t.Header, 1, "BY")
		first = 2
	}
	for i := first; i < len(t.Header); i++ {
		t.Right[i] = true
	}
	for _, row := range r.Responders {
		label := p.label(row, r.Responders)
		hops := "-"
		if row.Hops >= 0 {
			hops = fmt.Sprint(row.Hops)
			if row.HopsGuessed {
				hops = "~" + hops
			}
		}
		if !p.Both {
			t.Add(p.cells(label, nil, row.Series, hops)...)
			continue
		}
		t.Add(p.cells(label, []any{"group"}, row.Series, hops)...)
		if row.Unicast.Sent > 0 {
			t.Add(p.cells(label, []any{"unicast"}, row.Unicast, "")...)
		}
	}
	t.Spare = spareOfPing(&t)
	if len(t.Rows) > 0 {
		if err := t.Render(p.s); err != nil {
			return err
		}
	}
	return p.closing(r, missing, notes)
}

func (p *Ping) label(row ping.Row, all []ping.Row) string {
	label := row.Addr.String()
	if name := p.Expect.Name(row.Addr); name != "" {
		label = name + " " + label
	}
	same := 0
	for _, other := range all {
		if other.Addr == row.Addr {
			same++
		}
	}
	if same > 1 && row.ID != 0 { // several responders of one address
		label += "#" + hexID(row.ID)[:4]
	}
	if p.own(row.Addr) {
		label += " (this host)"
	}
	return escape.Text(label)
}

// spareOfPing are the columns to leave out on a narrow terminal: what is not wrong, then figures that
// others stand for.
func spareOfPing(t *term.Table) (out []int) {
	index := func(heading string) int { return slices.Index(t.Header, heading) }
	for _, h := range []string{"REORD", "DUP"} {
		if i := index(h); !slices.ContainsFunc(t.Rows, func(row []string) bool { return row[i] != "0" }) {
			out = append(out, i)
		}
	}
	for _, h := range []string{"P50", "P90", "JITTER", "P99", "MIN", "FIRST", "HOPS"} {
		out = append(out, index(h))
	}
	return out
}

// answered is how many addresses answered the group, those of this host too.
func (p *Ping) answered(rows []ping.Row) int { return ping.Expectation{}.Answering(rows) }

func (p *Ping) own(a netip.Addr) bool {
	return slices.ContainsFunc(p.Interface.Addrs, func(x netip.Prefix) bool { return x.Addr() == a.WithZone("") })
}

func (p *Ping) cells(label string, more []any, s ping.Series, hops string) []any {
	cells := append([]any{label}, more...)
	cells = append(cells, s.Sent, s.Received, s.Lost, term.Percent(s.LossPercent()/100), s.Duplicates, s.Reordered)
	for _, d := range []time.Duration{s.Min, s.Avg, s.Max, s.P50, s.P90, s.P99, s.Jitter} {
		if s.Received == 0 {
			cells = append(cells, "-")
		} else {
			cells = append(cells, fmt.Sprintf("%.3f", ms(d)))
		}
	}
	first := "-"
	if s.Received > 0 {
		first = term.Seconds(s.FirstAfter)
	}
	return append(cells, hops, first)
}

func (p *Ping) closing(r *ping.Result, missing, notes []string) error {
	var b strings.Builder
	n := p.Expect.Answering(r.Responders)
	fmt.Fprintf(&b, "%s, %s answered", term.Count(r.Sent, "probe"), term.Count(n, "host"))
	if p.answered(r.Responders) > n {
		b.WriteString(" beside this one")
	}
	switch e := p.Expect; {
	case len(e.Hosts) > 0 && len(missing) > 0: // others may have answered
		fmt.Fprintf(&b, ", %d of the %d expected", len(e.Hosts)-len(missing), len(e.Hosts))
	case e.Count > 0:
		fmt.Fprintf(&b, ", %d expected", e.Count)
	}
	b.WriteString("\n")
	if len(missing) > 0 {
		fmt.Fprintf(&b, "%s %s\n", p.s.Bad("missing:"), escape.Text(strings.Join(missing, ", ")))
	} else if e := p.Expect; n < e.Count {
		fmt.Fprintf(&b, "%s %d of %d\n", p.s.Bad("missing:"), e.Count-n, e.Count)
	}
	for _, c := range p.counts(r) {
		fmt.Fprintf(&b, "%s\n", c)
	}
	for _, v := range p.Verdicts {
		if v.Status != verdict.Pass {
			b.WriteString(VerdictText(p.s, v))
		}
	}
	for _, note := range notes {
		fmt.Fprintf(&b, "%s %s\n", p.s.Doubt("note:"), escape.Text(note))
	}
	_, err := p.s.Write([]byte(p.s.Hang(b.String())))
	return err
}

// counts are sentences about what belongs to no row.
func (p *Ping) counts(r *ping.Result) []string {
	var out []string
	tell := func(n uint64, one, many string) {
		if n == 1 {
			out = append(out, "1 "+one)
		} else if n > 1 {
			out = append(out, fmt.Sprintf("%d %s", n, many))
		}
	}
	tell(r.Failed, "probe could not be sent", "probes could not be sent")
	dropped := "dropped in this host's own receive buffer: that is no loss of the network"
	tell(r.Drops, "answer, or what came with it in one go, was "+dropped, "answers, or what came with each in one go, were "+dropped)
	tell(r.Strays.Unasked, "answer to a probe that was never sent", "answers to probes that were never sent")
	tell(r.Strays.Oversize, "answer larger than asked for", "answers larger than asked for")
	tell(r.Strays.Invalid, "datagram that is no answer", "datagrams that are no answers")
	tell(r.Strays.Clock, "answer with a time that cannot be (a clock was set, or the responder lies)", "answers with a time that cannot be (a clock was set, or a responder lies)")
	tell(r.Strays.Ignored, "answer from too many responders", "answers from too many responders")
	var late uint64
	for _, row := range r.Responders {
		late += row.Late + row.Unicast.Late
	}
	tell(late, "answer to a probe of the past", "answers to probes of the past")
	for _, j := range r.ClockJumps {
		out = append(out, fmt.Sprintf("the clock of this host was set by %s during the run", term.Seconds(j)))
	}
	return out
}

// addrString is an address as it is told, without a zone that only this host knows.
func addrString(a netip.Addr) string { return escape.Text(a.String()) }
