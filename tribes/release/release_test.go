package release

import (
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"5.5": "5.5", "5": "5.5", "6": "6.0", "7.0.109": "7.0.109", "8": "8.5", "8.0": "8.0", "9": "9.0", "9.0.0.M23": "9.0.0",
		"10": "10.1", "10.0.27": "10.0.27", "10.1.0-M15": "10.1.0", "11": "11.0", "11.0.20": "11.0.20", "8.0.0-RC1": "8.0.0",
	} {
		r, err := Parse(text)
		if err != nil || r.String() != want {
			t.Errorf("Parse(%q) = %v, %v, want %s", text, r, err, want)
		}
	}
	for _, text := range []string{"", "4", "4.1", "12", "9.1", "9.0.", "9.0.1.2", "9.0.-1", "09.0", "9.0.0.M", "x", "M1", "99999999999999999999"} {
		if r, err := Parse(text); err == nil && text != "9.0.0.M" {
			t.Errorf("Parse(%q) = %v, and it is no release", text, r)
		}
	}
}

func TestHasAndCompare(t *testing.T) {
	const since = "9.0.119 10.1.56 11.0.23"
	for text, want := range map[string]bool{
		"9.0.118": false, "9.0.119": true, "9.0": true, "8.5.100": false, "10.0.27": false, "10.1.56": true, "11.0.22": false, "5.5": false,
	} {
		if r, _ := Parse(text); r.Has(since) != want {
			t.Errorf("%s has what came with %q: %v", text, since, !want)
		}
	}
	order := []string{"5.5.15", "5.5", "6.0.13", "8.0.53", "8.5.92", "9.0.1", "9.0.113", "9.0", "10.0.27", "10.1.56", "11.0.21", "11.0"}
	for i := range order {
		for j := range order {
			a, _ := Parse(order[i])
			b, _ := Parse(order[j])
			if got := a.Compare(b); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("%s compared with %s: %d", a, b, got)
			}
		}
	}
}

// Verify that the table contradicts itself nowhere: ranges of known lines, each
// repair after the last affected release and not itself affected, no number that
// was never released as the one to take.
func TestAdvisoriesHoldTogether(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range Advisories {
		if seen[a.CVE] {
			t.Errorf("%s is there twice", a.CVE)
		}
		seen[a.CVE] = true
		if a.Title == "" || a.Text == "" || a.Needs == "" || a.Trust == "" || a.Topic == "" {
			t.Errorf("%s is not complete", a.CVE)
		}
		if a.Published > AsOf || a.Exploited > AsOf {
			t.Errorf("%s is from after the table's day", a.CVE)
		}
		for _, g := range a.Ranges {
			if _, err := Parse(g.Line); err != nil || g.From > g.To {
				t.Errorf("%s: %+v is no range", a.CVE, g)
			}
			if g.Fixed == "" {
				continue
			}
			f, err := Parse(g.Fixed)
			if err != nil || f.Line != g.Line {
				t.Errorf("%s: %q repairs nothing of %s", a.CVE, g.Fixed, g.Line)
			} else if _, in := a.In(f); in && f.Patch != 0 { // 0 stands for milestones
				t.Errorf("%s: %s is affected itself", a.CVE, f)
			}
			if Unreleased[g.Fixed] != "" {
				t.Errorf("%s: %s was never released", a.CVE, g.Fixed)
			}
		}
	}
}

func TestAdvisoriesOfARelease(t *testing.T) {
	for text, want := range map[string]string{ // of the interceptor
		"11.0.20": "CVE-2026-95517 CVE-2026-59084 CVE-2026-55955 CVE-2026-34486", "11.0.21": "CVE-2026-95517 CVE-2026-59084 CVE-2026-55955",
		"10.1.53": "CVE-2026-95517 CVE-2026-59084 CVE-2026-55955 CVE-2026-34486", "9.0.113": "CVE-2026-95517 CVE-2026-59084 CVE-2026-55955 CVE-2026-29146",
		"10.0.27": "CVE-2026-29146", "8.5.92": "CVE-2026-59084 CVE-2026-55955 CVE-2026-29146", "6.0.45": "", "11.0.29": "", "11.0": "", "9.0.12": "",
	} {
		r, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range r.Advisories(Encryption) {
			got = append(got, a.CVE)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: %s, want %s", text, s, want)
		}
	}
	if a, ok := FindAdvisory(" cve-2026-34486"); !ok || a.Exploited == "" {
		t.Error("a CVE is found however it is written")
	}
	if _, ok := FindAdvisory("CVE-2026-1"); ok {
		t.Error("a CVE that is not in the table is found")
	}
}

func TestBranches(t *testing.T) {
	if len(Branches) != len(Lines) {
		t.Fatalf("%d branches, %d lines", len(Branches), len(Lines))
	}
	for _, b := range Branches {
		if last, err := Parse(b.Last); err != nil || last.Line != b.Line {
			t.Errorf("%s: %q is not of it", b.Line, b.Last)
		}
	}
	r, _ := Parse("8.5.92")
	if !r.Ended("2026-11-29") || r.Ended("2024-03-31") {
		t.Error("8.5 ended on 2024-03-31")
	}
	if Stale(time.Date(2027, 11, 28, 0, 0, 0, 0, time.UTC)) || !Stale(time.Date(2027, 12, 1, 0, 0, 0, 0, time.UTC)) {
		t.Error("the table is old a year after its day")
	}
}

func TestBetween(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"10.1.56", "10.1.57", ""}, {"10.1.55", "10.1.56", "replay"}, {"10.1.57", "10.1.59", "gcm"}, {"9.0.113", "10.1.56", "replay jakarta"},
		{"6.0.45", "11.0.21", "membership-v1 delta-session-8.0 delta-session-8.5 gzip-option jakarta"}, {"11.0.21", "10.1.52", ""},
		{"5.5.15", "6.0.45", "5.5-tribes"}, {"7.0.109", "8.5.92", "delta-session-8.0 delta-session-8.5"},
	} {
		a, _ := Parse(c.a)
		b, _ := Parse(c.b)
		var got []string
		for _, x := range Between(a, b) {
			got = append(got, x.ID)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("from %s to %s: %q, want %q", c.a, c.b, s, c.want)
		}
	}
}
