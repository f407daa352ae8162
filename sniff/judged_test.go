package sniff

import (
	"os"
	"slices"
	"strings"
	"testing"

	"muster/internal/verdict"
	"muster/sniff/analysis"
)

// What the pages and the guide say that sniff judges is what it judges: analysis.Judged
// is the only list, and each of its ids has a scenario that yields it.
func TestJudged(t *testing.T) {
	judged := analysis.Judged()
	yields := map[verdict.ID]bool{}
	for _, x := range scenarios {
		w := newWire(t, Options{})
		x.play(w)
		w.s.Finish()
		for _, v := range w.s.Analysis.Verdicts() {
			yields[v.ID] = true
			if !slices.Contains(judged, v.ID) {
				t.Errorf("%s: %s is not in the list of what is judged", x.name, v.ID)
			}
		}
	}
	guide, err := os.ReadFile("../docs/sniff.md")
	if os.IsNotExist(err) {
		t.Skip("the project's docs are not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range judged {
		if !yields[id] {
			t.Errorf("no scenario yields %s", id)
		}
		if !strings.Contains(string(guide), "`"+string(id)+"`") {
			t.Errorf("docs/sniff.md does not name %s", id)
		}
	}
	for _, p := range verdict.All() {
		if says := strings.Contains(p.FoundBy, "`muster sniff`"); says != slices.Contains(judged, p.ID) {
			t.Errorf("%s: its page says %q, and sniff judges it: %v", p.ID, p.FoundBy, !says)
		}
	}
}
