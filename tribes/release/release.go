package release

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"muster/internal/lazyregexp"
)

// Release is a line of Tomcat's releases and, where known, the release in it.
type Release struct {
	Line  string // "5.5", "6.0", ... "11.0"; "" is no release at all
	Patch int    // -1: not known; then the newest one of the line that is known here is meant
}

// Lines are the lines that there are, oldest first. 9.1 is announced and has no
// release yet.
var Lines = []string{"5.5", "6.0", "7.0", "8.0", "8.5", "9.0", "10.0", "10.1", "11.0"}

// shortNames are lines that people call by their first number: the newest one
// with that number, which is what is meant since the older one ended.
var shortNames = map[string]string{
	"5": "5.5", "6": "6.0", "7": "7.0", "8": "8.5", "9": "9.0", "10": "10.1", "11": "11.0",
}

// milestone is what stands behind the number of a release before the first
// stable one: 9.0.0.M23, 10.1.0-M15, 8.0.0-RC1.
var milestone = lazyregexp.New(`[.-](M|RC|alpha|beta)[0-9]*$`)

// Parse reads "5.5", "8", "10.1", "11.0.20", "9.0.0.M23".
func Parse(s string) (Release, error) {
	bad := fmt.Errorf("no Tomcat %q is known here: want a line (5.5, 6, 7, 8, 8.5, 9, 10, 10.1, 11) or a release such as 10.1.60", s)
	text := s
	if m := milestone().FindStringIndex(s); m != nil && strings.Count(s[:m[0]], ".") == 2 {
		text = s[:m[0]]
	}
	if line, ok := shortNames[text]; ok {
		return Release{line, -1}, nil
	}
	parts := strings.Split(text, ".")
	if len(parts) < 2 || len(parts) > 3 {
		return Release{}, bad
	}
	var n [3]int
	for i, p := range parts {
		v, err := strconv.Atoi(p)
		if err != nil || v < 0 || v > 9999 || strconv.Itoa(v) != p {
			return Release{}, bad
		}
		n[i] = v
	}
	r := Release{Line: fmt.Sprintf("%d.%d", n[0], n[1]), Patch: -1}
	if !slices.Contains(Lines, r.Line) {
		return Release{}, bad
	}
	if len(parts) == 3 {
		r.Patch = n[2]
	}
	return r, nil
}

// IsZero reports whether r is no release.
func (r Release) IsZero() bool { return r.Line == "" }

// Exact reports whether the very release is known, and not its line alone.
func (r Release) Exact() bool { return r.Line != "" && r.Patch >= 0 }

func (r Release) String() string {
	if r.Patch < 0 {
		return r.Line
	}
	return fmt.Sprintf("%s.%d", r.Line, r.Patch)
}

// Compare orders releases: by line, then by number; a line alone comes behind
// all of its releases.
func (r Release) Compare(o Release) int {
	if r.Line != o.Line {
		return slices.Index(Lines, r.Line) - slices.Index(Lines, o.Line)
	}
	const newest = 1 << 20
	number := func(r Release) int {
		if r.Patch < 0 {
			return newest
		}
		return r.Patch
	}
	return number(r) - number(o)
}

// AtLeast reports whether r is of the line or of a later one.
func (r Release) AtLeast(line string) bool {
	return slices.Index(Lines, r.Line) >= slices.Index(Lines, line)
}

// Has reports whether r is at or after the release that since names for its
// line. since lists one release a line ("9.0.119 10.1.56 11.0.23"); a line that
// it does not name never has it, and an empty since means always.
func (r Release) Has(since string) bool {
	if since == "" {
		return true
	}
	first, named := r.Named(since)
	return named && (r.Patch < 0 || r.Patch >= first)
}

// Named returns the number of the release that since names for r's line.
func (r Release) Named(since string) (patch int, ok bool) {
	for s := range strings.FieldsSeq(since) {
		if p, found := strings.CutPrefix(s, r.Line+"."); found {
			n, err := strconv.Atoi(p)
			return n, err == nil
		}
	}
	return 0, false
}
