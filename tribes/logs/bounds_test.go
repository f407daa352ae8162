package logs

import (
	"context"
	"strings"
	"testing"
)

// --since and --until are on the clock of the timeline: times, times of the last
// line's day, and durations before the end.
func TestBounds(t *testing.T) {
	log := added(1, 1) + added(2, 20) + added(3, 40)
	for _, c := range []struct{ since, until, want string }{
		{"", "", "1 2 3"},
		{"2026-11-29T17:00:20", "", "2 3"},
		{"2026-11-29 17:00", "2026-11-29T17:00:20Z", "1 2"},
		{"17:00:21", "", "3"},
		{"20s", "", "2 3"},
		{"1h", "30s", "1"},
		{"", "17:00:10", "1"},
		{"18:00", "", ""},
	} {
		b, err := ParseBounds(c.since, c.until)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Run(context.Background(), Options{Inputs: []Input{text("a", log)}, Bounds: b})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range r.Events {
			got = append(got, e.Member.ID)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("--since %q --until %q: %q, want %q", c.since, c.until, s, c.want)
		}
	}
	for _, s := range []string{"x", "-1h", "25:00", "2026-13-01"} {
		if _, err := ParseBounds(s, ""); err == nil || !strings.Contains(err.Error(), "--since") {
			t.Errorf("--since %q: error %v", s, err)
		}
	}
}
