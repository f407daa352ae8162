package routecheck_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"muster/internal/netlab"
	"muster/internal/verdict"
	"muster/routecheck/facts"
	"muster/routecheck/judge"
)

// sameElsewhere saves the facts of a host where muster check gave the verdicts
// live, and judges them out here, in another namespace: once as they are, once
// redacted. All must be the same. A host goes on living between the two looks at it
// (a neighbour is forgotten, a counter moves): again asks it anew.
func sameElsewhere(t *testing.T, l *netlab.Lab, on string, args []string, live []byte, again func() []byte) {
	t.Helper()
	for try := 1; ; try++ {
		differs := elsewhere(t, l, on, args, live)
		switch {
		case differs == "":
			return
		case try == 3:
			t.Error(differs)
			return
		}
		live = again()
	}
}

func elsewhere(t *testing.T, l *netlab.Lab, on string, args []string, live []byte) (differs string) {
	t.Helper()
	file := t.TempDir() + "/facts.json"
	c := command(t, l, on, append([]string{"check", "--save", file}, args...)...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("muster check --save: %v: %s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want, judged := liveVerdicts(t, live)
	facts := load(t, text)
	differs = compare("saved and judged elsewhere", want, verdictsOf(judge.Facts(facts, judged)))

	if facts = load(t, text); judge.Redact(facts) != nil {
		t.Fatal("no redaction")
	}
	var redacted bytes.Buffer
	if err := facts.Save(&redacted); err != nil {
		t.Fatal(err)
	}
	differs += compare("redacted and judged elsewhere", want, verdictsOf(judge.Facts(load(t, redacted.Bytes()), judged)))
	for _, secret := range []string{`"` + l.Host(1).Addr().String(), `"` + l.Host(1).Addr6().String(), `"` + l.Host(1).MAC().String()} {
		if strings.Contains(redacted.String(), secret) {
			t.Errorf("the redacted facts hold %s", secret)
		}
	}
	return differs
}

func load(t *testing.T, text []byte) *facts.Facts {
	t.Helper()
	f, err := facts.Load(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// liveVerdicts reads muster's JSON lines, and says which checks it judged.
func liveVerdicts(t *testing.T, lines []byte) (list []string, judged func(verdict.ID) bool) {
	t.Helper()
	var vs []verdict.Verdict
	ids := map[verdict.ID]bool{}
	for line := range bytes.Lines(lines) {
		var v struct {
			Type string `json:"type"`
			verdict.Verdict
		}
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatal(err)
		}
		if v.Type == "verdict" {
			vs = append(vs, v.Verdict)
			ids[v.ID] = true
		}
	}
	return verdictsOf(vs), func(id verdict.ID) bool { return ids[id] }
}

// verdictsOf are verdicts in a line each; what they saw has addresses and counts.
func verdictsOf(vs []verdict.Verdict) []string {
	var out []string
	for _, v := range vs {
		out = append(out, fmt.Sprintf("%s: %s, %s, because of %v", v.ID, v.Status, v.Confidence, v.CausedBy))
	}
	return out
}

// compare lists what only one of two lists has; "" where they are the same.
func compare(what string, want, got []string) string {
	if slices.Equal(want, got) {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, the verdicts differ:\n", what)
	for _, v := range want {
		if !slices.Contains(got, v) {
			fmt.Fprintf(&b, "  live only:  %s\n", v)
		}
	}
	for _, v := range got {
		if !slices.Contains(want, v) {
			fmt.Fprintf(&b, "  there only: %s\n", v)
		}
	}
	return b.String()
}
