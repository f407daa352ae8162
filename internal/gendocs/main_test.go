package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestManPagesAreFresh(t *testing.T) {
	fresh := t.TempDir()
	if err := generate(fresh); err != nil {
		t.Fatal(err)
	}
	committed := filepath.Join("..", "..", "docs", "man")
	names := map[string]bool{}
	for _, dir := range []string{fresh, committed} {
		pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pages {
			names[filepath.Base(p)] = true
		}
	}
	if len(names) < 5 {
		t.Fatalf("only %d man pages", len(names))
	}
	for name := range names {
		want, err1 := os.ReadFile(filepath.Join(fresh, name))
		got, err2 := os.ReadFile(filepath.Join(committed, name))
		if err1 != nil || err2 != nil || !bytes.Equal(want, got) {
			t.Errorf("docs/man/%s is stale: run 'make docs'", name)
		}
	}
}
