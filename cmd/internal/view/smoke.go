package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/internal/hint"
	"muster/internal/verdict"
	"muster/tribes/smoke"
)

// SmokeStep is a line of smoke's JSON for each step.
type SmokeStep struct {
	Type    string         `json:"type"` // step
	Number  int            `json:"number"`
	Name    string         `json:"name"`
	OK      bool           `json:"ok"`
	TookMS  int64          `json:"took_ms"`
	Error   string         `json:"error,omitempty"`
	Skipped string         `json:"skipped,omitempty"` // why it was not tried; ok is false then, and it is no failure
	Detail  map[string]any `json:"detail"`
	Marks   []SmokeMark    `json:"marks,omitempty"`
}

// SmokeMark is what happened to a node in a step.
type SmokeMark struct {
	AtMS float64 `json:"at_ms"` // since the run began
	Node string  `json:"node"`
	Deed string  `json:"deed"`
	Set  string  `json:"set,omitempty"` // of sessions: S0, S1, S2
}

// SmokeSummary is its last line.
type SmokeSummary struct {
	Type       string `json:"type"` // summary
	Status     string `json:"status"`
	Steps      int    `json:"steps"` // done, the failed one included
	Planned    int    `json:"planned"`
	FailedStep int    `json:"failed_step,omitempty"`
	Nodes      int    `json:"nodes"`
	Manager    string `json:"manager"`
	Group      string `json:"group"`
	Interface  string `json:"interface"`
	TookMS     int64  `json:"took_ms"`

	// Of a run with real Tomcats.
	Half    string       `json:"half,omitempty"`    // that is broken: members, replication or served
	Causes  []verdict.ID `json:"causes,omitempty"`  // ids of the root causes, most certain first
	Skipped int          `json:"skipped,omitempty"` // steps that were not tried
}

// Smoke prints a run of the smoke scenario step by step.
type Smoke struct {
	s     *term.Streams
	lines *term.Lines // nil for text
	quiet bool
	// Timeline draws the run as a picture at its end; without it only on a
	// terminal.
	Timeline bool
}

// NewSmoke prints to s: JSON lines, or a line of text for each step.
func NewSmoke(s *term.Streams, json, quiet bool) *Smoke {
	r := &Smoke{s: s, quiet: quiet}
	if json {
		r.lines = term.NewLines(s.Out)
	}
	return r
}

// Start tells what is about to be tried, and where.
func (r *Smoke) Start(p smoke.Plan) {
	if !r.quiet {
		how := ""
		if p.Manager == smoke.Backup {
			how = " with BackupManagers"
		}
		fmt.Fprintf(r.s.Err, "%s%s on %s, group %s, TTL 0: nothing leaves this host\n",
			term.Count(p.Nodes, "node"), how, p.Interface, p.Group)
	}
}

// Step prints one step.
func (r *Smoke) Step(st smoke.Step) {
	if r.lines != nil {
		l := SmokeStep{Type: "step", Number: st.Number, Name: st.Name, OK: st.Err == nil && st.Skipped == "", Skipped: st.Skipped, TookMS: st.Took.Milliseconds(), Detail: st.Detail}
		if st.Err != nil {
			l.Error = st.Err.Error()
		}
		for _, m := range st.Marks {
			l.Marks = append(l.Marks, SmokeMark{AtMS: float64(m.At.Microseconds()) / 1000, Node: smoke.NodeName(m.Node), Deed: string(m.Deed), Set: m.Set})
		}
		r.lines.Write(l)
		return
	}
	word := r.s.Out.Good("ok")
	if st.Err != nil {
		word = r.s.Out.Bad("failed")
	}
	if st.Skipped != "" {
		fmt.Fprint(r.s.Out, r.s.Out.Hang(fmt.Sprintf("%d  %-44s %s   %s\n", st.Number, st.Name, r.s.Out.Dim("--"), r.s.Out.Dim(escape.Text(st.Skipped)))))
		return
	}
	line := fmt.Sprintf("%d  %-44s %s  %8s", st.Number, st.Name, word, milliseconds(st.Took))
	more := r.s.Out.Dim(details(st.Detail))
	if r.s.Out.TTY && lipgloss.Width(line)+2+lipgloss.Width(more) > r.s.Out.Width {
		line += "\n   " + more // what was verified, below
	} else {
		line += "  " + more
	}
	fmt.Fprintln(r.s.Out, r.s.Out.Hang(line))
	if st.Err != nil {
		fmt.Fprint(r.s.Out, r.s.Out.Hang(fmt.Sprintf("   %s\n", escape.Text(st.Err.Error()))))
		r.hints(st.Err)
	}
}

// hints are what can be done about a step that failed.
func (r *Smoke) hints(err error) {
	for _, h := range hint.Of(err) {
		fmt.Fprint(r.s.Out, r.s.Out.Hang(fmt.Sprintf("   hint: %s\n", escape.Text(h))))
	}
}

// summary is the last line of a run.
func (r *Smoke) summary(rep smoke.Report) SmokeSummary {
	s := SmokeSummary{
		Type: "summary", Status: "pass", Steps: len(rep.Steps), Planned: rep.Planned, Nodes: rep.Nodes, Manager: string(rep.Manager),
		Group: rep.Group.String(), Interface: rep.Interface.Name, TookMS: rep.Took.Milliseconds(),
	}
	if rep.Failed != nil {
		s.Status, s.FailedStep = "fail", rep.Failed.Number
	}
	return s
}

// Close prints the outcome.
func (r *Smoke) Close(rep smoke.Report) error {
	if r.lines != nil {
		return r.lines.Write(r.summary(rep))
	}
	if r.Timeline || r.s.Out.TTY && !r.quiet {
		writeTimeline(r.s.Out, rep)
	}
	var err error
	if rep.Failed != nil {
		_, err = fmt.Fprint(r.s.Out, r.s.Out.Hang(fmt.Sprintf("%s: step %d of %d, %q\n", r.s.Out.Bad("fail"), rep.Failed.Number, rep.Planned, rep.Failed.Name)))
		return err
	}
	skipped := 0
	for _, st := range rep.Steps {
		if st.Skipped != "" {
			skipped++
		}
	}
	not := ""
	if skipped > 0 {
		not = fmt.Sprintf(", %d not tried", skipped)
	}
	_, err = fmt.Fprint(r.s.Out, r.s.Out.Hang(fmt.Sprintf("%s: %d steps in %.1f s%s\n", r.s.Out.Good("pass"), len(rep.Steps)-skipped, rep.Took.Seconds(), not)))
	return err
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

// details are a step's findings in the order of their names, as "name value".
func details(d map[string]any) string {
	names := make([]string, 0, len(d))
	for n := range d {
		names = append(names, n)
	}
	slices.Sort(names)
	for i, n := range names {
		names[i] = fmt.Sprintf("%s %v", n, d[n])
	}
	return escape.Text(strings.Join(names, ", "))
}
