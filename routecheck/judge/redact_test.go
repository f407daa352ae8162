package judge

import (
	"bytes"
	"fmt"
	"muster/routecheck/facts"
	"slices"
	"strings"
	"testing"
)

// TestRedactKeepsVerdicts: facts that go through a file, redacted or not, are
// judged as those they were made from.
func TestRedactKeepsVerdicts(t *testing.T) {
	for _, x := range fixtures(t) {
		f := healthy()
		x.bad(f)
		want := judgement(f.Facts)
		again, err := facts.Load(bytes.NewReader(saved(t, f.Facts)))
		if err != nil {
			t.Fatalf("%s: %v", x.id, err)
		}
		if got := judgement(again); !slices.Equal(got, want) {
			t.Errorf("%s: saved and loaded, the verdicts are others:\n%s", x.id, differing(want, got))
		}
		if err := Redact(again); err != nil {
			t.Fatal(err)
		}
		text := saved(t, again)
		if again, err = facts.Load(bytes.NewReader(text)); err != nil {
			t.Fatalf("%s: %v", x.id, err)
		}
		if got := judgement(again); !slices.Equal(got, want) {
			t.Errorf("%s: redacted, the verdicts are others:\n%s", x.id, differing(want, got))
		}
		if text2 := saved(t, again); Redact(again) != nil || !bytes.Equal(saved(t, again), text2) {
			t.Errorf("%s: a second redaction changes something", x.id)
		}
		for _, secret := range []string{`"10.77.0.11`, "02:77:00:00:00:0b", "fd77::11"} {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s: the redacted facts hold %s", x.id, secret)
			}
		}
	}
}

func judgement(f *facts.Facts) []string {
	var out []string
	for _, v := range Facts(f, nil) {
		out = append(out, fmt.Sprintf("%s: %s, %s, because of %v", v.ID, v.Status, v.Confidence, v.CausedBy))
	}
	return out
}

func differing(want, got []string) string {
	var b strings.Builder
	for _, v := range want {
		if !slices.Contains(got, v) {
			fmt.Fprintln(&b, "  before:", v)
		}
	}
	for _, v := range got {
		if !slices.Contains(want, v) {
			fmt.Fprintln(&b, "  after: ", v)
		}
	}
	return b.String()
}
