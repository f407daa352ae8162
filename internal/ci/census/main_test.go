package main

import "testing"

// TestCensus holds the house to what it wants only one of, or none.
func TestCensus(t *testing.T) {
	counts, err := census("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counts {
		if c.allowed >= 0 && len(c.found) > c.allowed {
			t.Errorf("%d %s, allowed are %d: %q", len(c.found), c.what, c.allowed, c.found)
		}
	}
	if len(counts[0].found) == 0 || len(counts[1].found) == 0 {
		t.Error("no builder or no painter was found: what is looked for is not what is there")
	}
}

func TestDialect(t *testing.T) {
	for _, s := range []string{"a command that mends it", "Cured by a restart", "with the cure."} {
		if !dialect.MatchString(s) {
			t.Errorf("%q passes", s)
		}
	}
	for _, s := range []string{"a secure port", "recommended", "obscured"} {
		if dialect.MatchString(s) {
			t.Errorf("%q does not pass", s)
		}
	}
}
