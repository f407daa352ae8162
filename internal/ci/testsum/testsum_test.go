package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const run1 = `{"Action":"start","Package":"m/a"}
{"Action":"run","Package":"m/a","Test":"TestGood"}
{"Action":"output","Package":"m/a","Test":"TestGood","Output":"=== RUN   TestGood\n"}
{"Action":"pass","Package":"m/a","Test":"TestGood","Elapsed":0.5}
{"Action":"output","Package":"m/a","Test":"TestAway","Output":"    a_test.go:12: needs the moon\n"}
{"Action":"output","Package":"m/a","Test":"TestAway","Output":"--- SKIP: TestAway (0.00s)\n"}
{"Action":"skip","Package":"m/a","Test":"TestAway","Elapsed":0}
{"Action":"pass","Package":"m/a","Elapsed":0.51}
`

const run2 = `{"ImportPath":"m/b","Action":"build-output","Output":"b.go:1: oh no\n"}
{"ImportPath":"m/b","Action":"build-fail"}
{"Action":"fail","Package":"m/b","Elapsed":0,"FailedBuild":"m/b"}
{"Action":"output","Package":"m/c","Test":"TestBad","Output":"    c_test.go:3: got 1, want 2\n"}
{"Action":"fail","Package":"m/c","Test":"TestBad","Elapsed":0.1}
{"Action":"fail","Package":"m/c","Elapsed":0.2}
`

func sum(t *testing.T, input string, leaves ...string) (counts, string) {
	t.Helper()
	var out strings.Builder
	s := newSummary(&out)
	if err := s.read(strings.NewReader(input)); err != nil {
		t.Fatal(err)
	}
	var ls []leave
	for _, line := range leaves {
		l, err := parseLeave(line)
		if err != nil {
			t.Fatal(err)
		}
		ls = append(ls, l)
	}
	s.report("unit", ls)
	return s.counts, out.String()
}

func TestSummary(t *testing.T) {
	for _, tt := range []struct {
		name, input string
		leaves      []string
		want        counts
		says        string
	}{
		{"a skip with leave", run1, []string{"unit | m/a\\.TestAway | moon | it is far"}, counts{1, 0, 1}, "skipped 1: needs the moon (it is far)\n"},
		{"in any run", run1, []string{"* | m/a\\..* | moon | it is far"}, counts{1, 0, 1}, "skipped 1"},
		{"without leave", run1, nil, counts{1, 1, 0}, "FAIL  m/a.TestAway was skipped without leave: needs the moon\n"},
		{"leave for another run", run1, []string{"race | .* | moon | it is far"}, counts{1, 1, 0}, "without leave"},
		{"leave for another reason", run1, []string{"unit | .* | sun | it is far"}, counts{1, 1, 0}, "without leave"},
		{"leave for a part of the name", run1, []string{"unit | TestAway | moon | it is far"}, counts{1, 1, 0}, "without leave"},
		{"a failure", run2, nil, counts{0, 2, 0}, "    c_test.go:3: got 1, want 2\n"},
		{"a build", run2, nil, counts{0, 2, 0}, "FAIL  the build of m/b\nb.go:1: oh no\n"},
	} {
		got, out := sum(t, tt.input, tt.leaves...)
		if got != tt.want || !strings.Contains(out, tt.says) {
			t.Errorf("%s: %v, want %v and %q in\n%s", tt.name, got, tt.want, tt.says, out)
		}
	}
}

func TestTotal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "total")
	for _, c := range []counts{{3, 1, 2}, {4, 0, 0}} {
		if err := c.addTo(file); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "7 passed, 1 failed, 2 skipped\n" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestBadLeaves(t *testing.T) {
	for _, line := range []string{"unit | a | b", "unit | ( | b | c", "unit | a | b |  "} {
		if _, err := parseLeave(line); err == nil {
			t.Errorf("%q was taken", line)
		}
	}
}
