package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// patterns are counted by a regular expression in the lines of Go files that are no tests.
var patterns = []struct {
	what    string
	allowed int
	re      *regexp.Regexp
	except  string // a folder that is left out
}{
	{"builders of verdicts", 1, regexp.MustCompile(`\bVerdict\{$|\bVerdict\{\s*(ID|Status):`), ""},
	{"painters of verdicts", 1, regexp.MustCompile(`^func VerdictText\(`), ""},
	{"clients of netlink", 1, regexp.MustCompile(`unix\.Socket\(unix\.AF_NETLINK`), ""},
	{"engines that read many datagrams a call", 1, regexp.MustCompile(`SYS_RECVMMSG`), ""},
	// What follows from a querier's interval of 125 s (RFC 3376 section 8) is named once, in mcast/querier.
	{"intervals of a querier that does not tell its own", 1, regexp.MustCompile(`\b125 \* (int64\()?time\.Second`), ""},
	{"thresholds for the lack of a querier", 1, regexp.MustCompile(`\bPatience\s+=|\b1(2[0-46-9]|3\d) \* (int64\()?time\.Second`), ""},
	{"lifetimes of a membership without a querier", 1, regexp.MustCompile(`\bDefaultLifetime\s+=|\b2[56]\d \* (int64\()?time\.Second`), ""},
	{"titles that differ from the catalogue", 0, regexp.MustCompile(`\bv(s\[\w+\])?\.Title = |\bVerdict\{[^}]*\bTitle:`), "internal/verdict"},
}

// mostColumns is how long a line of prose may be: a comment, or a line of a page that
// can be broken. Tables, code, links and what programs printed cannot.
const mostColumns = 120

// lines counts what is found line by line.
func lines(root string) ([]count, error) {
	out := make([]count, len(patterns), len(patterns)+3)
	for i, p := range patterns {
		out[i] = count{what: p.what, allowed: p.allowed}
	}
	words := count{what: "words of a dialect"}
	long := count{what: fmt.Sprintf("lines of prose over %d columns", mostColumns)}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && skipped(root, path, d):
			return filepath.SkipDir
		case d.IsDir() || !slices.Contains([]string{".go", ".md", ".txtar"}, filepath.Ext(path)):
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		path = filepath.ToSlash(path)
		text := strings.Split(string(b), "\n")
		words.found = append(words.found, where(path, text, isDialect)...)
		switch {
		case strings.HasSuffix(path, ".md"):
			long.found = append(long.found, longProse(path, text)...)
		case strings.HasSuffix(path, ".go"):
			long.found = append(long.found, where(path, text, longComment)...)
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		for i, p := range patterns {
			if p.except == "" || !strings.Contains(path, p.except+"/") {
				out[i].found = append(out[i].found, where(path, text, p.re.MatchString)...)
			}
		}
		return nil
	})
	return append(out, words, long), err
}

// skipped are the folders that hold no words of the project: hidden ones, data of tests,
// pages that are made of others, and the words that this program looks for.
func skipped(root, path string, d fs.DirEntry) bool {
	return strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "testdata" || d.Name() == "census"
}

// where are the lines that match, with their places.
func where(path string, text []string, match func(string) bool) []string {
	var out []string
	for n, line := range text {
		if match(line) {
			out = append(out, fmt.Sprintf("%s:%d: %s", path, n+1, strings.TrimSpace(line)))
		}
	}
	return out
}

func tooLong(line string) bool { return len([]rune(line)) > mostColumns }

func longComment(line string) bool {
	line = strings.TrimLeft(line, "\t")
	return strings.HasPrefix(line, "// ") && tooLong(line) && !strings.HasPrefix(line, "//nolint")
}

var (
	codeSpan   = regexp.MustCompile("`[^`]*`")
	linkTarget = regexp.MustCompile(`^\[[^]]*\]: `)
)

// longProse are the lines of a page that are too long and can be broken.
func longProse(path string, text []string) []string {
	code := false
	return where(path, text, func(line string) bool {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			code = !code
		}
		fixed := code || strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "|") || strings.HasPrefix(line, "#") || linkTarget.MatchString(line)
		whole := codeSpan.ReplaceAllStringFunc(line, func(span string) string { return strings.Repeat("x", len([]rune(span))) })
		return !fixed && tooLong(line) && strings.Contains(strings.TrimLeft(string([]rune(whole)[:mostColumns]), " -*"), " ")
	})
}
