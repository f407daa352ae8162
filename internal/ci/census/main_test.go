package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCensus holds the house to what it wants only one of, or none.
func TestCensus(t *testing.T) {
	counts, err := census("../../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counts {
		if len(c.found) > c.allowed {
			t.Errorf("%d %s, allowed are %d: %q", len(c.found), c.what, c.allowed, c.found)
		}
		if c.allowed == 1 && len(c.found) == 0 {
			t.Errorf("none of the %s was found: what is looked for is not what is there", c.what)
		}
	}
}

func TestDialect(t *testing.T) {
	for _, s := range []string{"a command that mends it", "Cured by a restart", "with the cure.", "an arrow stopped", "Arrows point down"} {
		if !isDialect(s) {
			t.Errorf("%q passes", s)
		}
	}
	for _, s := range []string{"a secure port", "recommended", "obscured", "a narrow column", `{"type":"arrow","from":"n1"}`, "the line `arrow`"} {
		if isDialect(s) {
			t.Errorf("%q does not pass", s)
		}
	}
}

// tell names each count with what it found, by the first word of what is counted.
func tell(t *testing.T, files map[string]string) map[string][]string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	counts, err := census(root)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, c := range counts {
		for _, f := range c.found {
			out[c.what] = append(out[c.what], strings.TrimPrefix(filepath.ToSlash(f), filepath.ToSlash(root)+"/"))
		}
	}
	return out
}

// TestCounts: each count sees what it is there for.
func TestCounts(t *testing.T) {
	long := strings.Repeat("word ", 30)
	got := tell(t, map[string]string{
		"a/a.go": "package a\n\nimport \"muster/b\"\n\n// Used is used.\nfunc Used() Shown { b.F(); return Shown{} }\n\ntype Shown struct{ X Deep; y Inner }\ntype Deep int\n" +
			"type Inner int\ntype private int\nfunc Alone() {}\nfunc (s Shown) Method() Answer { return 0 }\ntype Answer int\nconst (\n\tOne Deep = iota\n\tTwo\n)\n",
		"a/a_test.go":       "package a_test\nimport \"muster/a\"\nvar _ = a.Alone\n",
		"b/b_windows.go":    "package b\n\nimport \"muster/a\"\n\nfunc F() { a.Used() }\n",
		"c/c.go":            "package c\n\n// " + long + "\nfunc f() { x := v{}; x.y() }\n",
		"c/engine_linux.go": "package c\n\nvar n = unix.SYS_RECVMMSG\nvar m = unix.SYS_RECVMMSG\n",
		"c/wait.go":         "package c\n\nconst wait = 130 * time.Second\nconst life = 260 * time.Second\nconst interval = 125 * time.Second\n",
		"c/verdict.go":      "package c\n\nfunc g() { v.Title = \"x\" }\n",
		"docs/x.md":         long + "\n\n```\n" + long + "\n```\n| " + long + "|\nthe arrow\n",
	})
	for what, want := range map[string][]string{
		"exported names that only their own package uses": {"a/a.go:10:6: a.Inner"},
		"import circles of rooms":                         {"a and b need each other"},
		"engines that read many datagrams a call":         {"c/engine_linux.go:3: var n = unix.SYS_RECVMMSG", "c/engine_linux.go:4: var m = unix.SYS_RECVMMSG"},
		"thresholds for the lack of a querier":            {"c/wait.go:3: const wait = 130 * time.Second"},
		"lifetimes of a membership without a querier":     {"c/wait.go:4: const life = 260 * time.Second"},
		"titles that differ from the catalogue":           {"c/verdict.go:3: func g() { v.Title = \"x\" }"},
		"words of a dialect":                              {"docs/x.md:7: the arrow"},
		"lines of prose over 120 columns":                 {"c/c.go:3: // " + strings.TrimSpace(long), "docs/x.md:1: " + strings.TrimSpace(long)},
	} {
		if !slices.Equal(got[what], want) {
			t.Errorf("%s: %q, want %q", what, got[what], want)
		}
	}
}
