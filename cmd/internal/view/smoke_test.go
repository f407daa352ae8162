package view

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"

	"muster/cmd/internal/term"
	"muster/mcast"
	"muster/tribes/smoke"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	name = "testdata/" + name
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s (-update writes it)\n got:\n%s\nwant:\n%s", name, got, want)
	}
}

// ran is a run of two nodes with the times of a real one.
func ran() smoke.Report {
	names := []string{"A starts", "B starts and gets A's state", "A creates S1", "A is killed", "B serves S1",
		"A returns and gets the state", "A invalidates S1, B drops it", "B creates S2", "S2 expires on both"}
	rep := smoke.Report{Plan: smoke.Plan{Nodes: 2, Manager: smoke.Delta, Interface: mcast.Interface{Name: "lo"}, Planned: 9, Names: names}}
	marks := []struct {
		ms   float64
		step int
		node int
		deed smoke.Deed
		set  string
	}{
		{20.8, 1, 0, smoke.Started, ""}, {21.1, 1, 0, smoke.Created, "S0"},
		{35.1, 2, 1, smoke.Started, ""}, {501.4, 2, 1, smoke.GotState, ""},
		{502.6, 3, 0, smoke.Created, "S1"}, {502.8, 3, 0, smoke.Replicated, "S1"}, {502.9, 3, 1, smoke.Replicated, "S1"},
		{503.9, 4, 0, smoke.Killed, ""},
		{3633.6, 5, 1, smoke.Served, "S1"}, {3634.0, 5, 1, smoke.Replicated, "S1"},
		{3649.3, 6, 0, smoke.Started, ""}, {4033.7, 6, 0, smoke.GotState, ""},
		{4034.9, 7, 0, smoke.Ended, "S1"}, {4035.2, 7, 1, smoke.Gone, "S1"}, {4035.4, 7, 0, smoke.Gone, "S1"},
		{4036.1, 8, 1, smoke.Created, "S2"}, {4036.5, 8, 0, smoke.Replicated, "S2"}, {4036.6, 8, 1, smoke.Replicated, "S2"},
		{7120.0, 9, 0, smoke.Gone, "S2"}, {7120.5, 9, 1, smoke.Gone, "S2"}, {7121.0, 9, 0, smoke.Replicated, "S0"},
		{7121.1, 9, 1, smoke.Replicated, "S0"}, {7124.0, 9, 0, smoke.Left, ""}, {7128.0, 9, 1, smoke.Left, ""},
	}
	for i, name := range names {
		st := smoke.Step{Number: i + 1, Name: name, Took: time.Duration(i) * 100 * time.Millisecond, Detail: map[string]any{"verified_bytes": 2048}}
		for _, m := range marks {
			if m.step == i+1 {
				st.Marks = append(st.Marks, smoke.Mark{At: time.Duration(m.ms * float64(time.Millisecond)), Step: m.step, Node: m.node, Deed: m.deed, Set: m.set})
			}
		}
		rep.Steps = append(rep.Steps, st)
	}
	rep.Took = 7128 * time.Millisecond
	return rep
}

// failed is the same run, ended by its fifth step.
func failed(err error) smoke.Report {
	rep := ran()
	rep.Steps = rep.Steps[:5]
	rep.Steps[4].Err, rep.Steps[4].Marks = err, nil
	rep.Failed, rep.Took = &rep.Steps[4], 13900*time.Millisecond
	return rep
}

func TestSmokeTimeline(t *testing.T) {
	draw := func(rep smoke.Report, width int) string {
		s, out, _ := term.Test("")
		s.Out.Width = width
		writeTimeline(s.Out, rep)
		return out.String()
	}
	golden(t, "smoke-timeline.golden", draw(ran(), 80)+draw(ran(), 40)+draw(failed(errors.New("no")), 80))
	if got := draw(smoke.Report{Plan: smoke.Plan{Nodes: 2}}, 80); got != "" {
		t.Errorf("a run without a deed is drawn as %q", got)
	}
	// No picture is too narrow: what does not fit makes it wider.
	if got := draw(ran(), 1); strings.Count(got, "K") != 2 {
		t.Errorf("in one column:\n%s", got)
	}
}

// The picture is for a terminal, or for who asks for it.
func TestSmokeTimelineOnlyWhereItIsRead(t *testing.T) {
	for _, c := range []struct{ tty, asked, quiet, json, want bool }{
		{}, {tty: true, want: true}, {asked: true, want: true}, {tty: true, quiet: true},
		{asked: true, quiet: true, want: true}, {asked: true, tty: true, json: true},
	} {
		s, out, _ := term.Test("")
		s.Out.TTY = c.tty
		r := NewSmoke(s, c.json, c.quiet)
		r.Timeline = c.asked
		if err := r.Close(ran()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(out.String(), "K is killed"); got != c.want {
			t.Errorf("%+v: drawn is %v", c, got)
		}
	}
}

func TestJUnit(t *testing.T) {
	began := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	write := func(rep smoke.Report, stopped error) string {
		var b strings.Builder
		if err := WriteJUnit(&b, rep, began, stopped); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	hostile := errors.New("node B: \x1b[2J ]]> <failure> \"quoted\" & \u202e \xff \x00 end")
	broken := failed(hostile)
	stopped := ran()
	stopped.Steps = stopped.Steps[:2]
	text := write(broken, nil)
	golden(t, "smoke-junit.golden", write(ran(), nil)+text+write(stopped, errors.New("interrupted")))

	// A reader of XML takes it, and gets the text as a terminal may show it.
	var read junitSuites
	if err := xml.Unmarshal([]byte(text), &read); err != nil {
		t.Fatal(err)
	}
	c := read.Suite.Cases[4]
	if want := `node B: \x1b[2J ]]> <failure> "quoted" & \u202e \xff \x00 end`; c.Failure == nil || c.Failure.Message != want || c.Failure.Text != want {
		t.Errorf("the failure reads as %+v", c.Failure)
	}
	for _, r := range text {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("the report holds %q", r)
		}
	}
	if err := WriteJUnit(full{}, ran(), began, nil); err == nil {
		t.Error("a full disk goes unnoticed")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
