// Command census counts what the house wants only one of, or none, and prints it: one
// line each, with the number that is allowed. It exits 1 where there is more.
//
//	go run ./internal/ci/census
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A count is one line of the census.
type count struct {
	what    string
	allowed int // -1: only shown
	found   []string
}

func main() {
	counts, err := census(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, "census:", err)
		os.Exit(1)
	}
	failed := false
	for _, c := range counts {
		allowed := "shown"
		if c.allowed >= 0 {
			allowed = fmt.Sprintf("allowed %d", c.allowed)
		}
		fmt.Printf("%5d  %s (%s)\n", len(c.found), c.what, allowed)
		if c.allowed >= 0 && len(c.found) > c.allowed {
			failed = true
			for _, f := range c.found[:min(len(c.found), 20)] {
				fmt.Println("         " + f)
			}
		}
	}
	if failed {
		os.Exit(1)
	}
}

// patterns are counted by a regular expression in Go files that are no tests.
var patterns = []struct {
	what    string
	allowed int
	re      *regexp.Regexp
	except  string // a folder that is left out
}{
	{"builders of verdicts", 1, regexp.MustCompile(`\bVerdict\{$|\bVerdict\{\s*(ID|Status):`), ""},
	{"painters of verdicts", 1, regexp.MustCompile(`^func VerdictText\(`), ""},
	{"titles of verdicts beside the catalogue's", 0, regexp.MustCompile(`\bv(s\[\w+\])?\.Title = `), "internal/verdict"},
	{"clients of netlink", 1, regexp.MustCompile(`unix\.Socket\(unix\.AF_NETLINK`), ""},
	{"engines that read many datagrams a call", -1, regexp.MustCompile(`unix\.SYS_RECVMMSG`), ""},
	{"thresholds for the lack of a querier", -1, regexp.MustCompile(`^\t*(const )?(\w*[pP]atience|queryWait|watchSure)\b.* = .*(time\.Second|second)`), ""},
}

// prose are the lines of comments and pages that are too long to read.
const mostColumns = 120

// census counts in the tree below root.
func census(root string) ([]count, error) {
	out := make([]count, len(patterns), len(patterns)+2)
	for i, p := range patterns {
		out[i] = count{what: p.what, allowed: p.allowed}
	}
	words := count{what: "words of a dialect", allowed: 0}
	long := count{what: fmt.Sprintf("lines of comments over %d columns", mostColumns), allowed: -1}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "testdata" || d.Name() == "census"):
			return filepath.SkipDir
		case d.IsDir(), !strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, ".md") && !strings.HasSuffix(path, ".txtar"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		code := strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go")
		for n, line := range strings.Split(string(text), "\n") {
			place := fmt.Sprintf("%s:%d: %s", path, n+1, strings.TrimSpace(line))
			if w := dialect.FindString(line); w != "" {
				words.found = append(words.found, place)
			}
			if !code {
				continue
			}
			if strings.HasPrefix(strings.TrimSpace(line), "//") && len([]rune(line)) > mostColumns {
				long.found = append(long.found, place)
			}
			for i, p := range patterns {
				if p.re.MatchString(line) && (p.except == "" || !strings.Contains(filepath.ToSlash(path), p.except+"/")) {
					out[i].found = append(out[i].found, place)
				}
			}
		}
		return nil
	})
	return append(out, words, long), err
}

// dialect are words that only this project would use for it; beside each what to say.
var dialect = regexp.MustCompile(`(?i)\b(` +
	`mend|mends|mended|` + // fix
	`cures|cured|the cure|` + // fix
	`is too much: write` + // unexpected argument
	`)\b`)
