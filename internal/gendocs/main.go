// Gendocs writes the man pages of every command into docs/man, from the command
// tree itself. Run it from the project's root with 'make docs'; a test fails
// when what is committed is not what it writes.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra/doc"

	"muster/cmd"
)

func main() {
	if err := generate("docs/man"); err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
}

// generate replaces the man pages in dir.
func generate(dir string) error {
	old, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil {
		return err
	}
	for _, f := range old {
		if err := os.Remove(f); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	// A fixed date: the pages change only when the commands do.
	date := time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)
	root := cmd.Root()
	root.DisableAutoGenTag = true
	return doc.GenManTree(root, &doc.GenManHeader{Title: "MUSTER", Section: "1", Date: &date, Source: "muster"}, dir)
}
