package serverxml

import (
	"fmt"
	"strconv"
	"strings"
)

// Version is a line of Tomcat's releases and, where known, the release in it.
type Version struct {
	Line  string // "9.0", "10.1" or "11.0"
	Patch int    // -1: the newest one known here
}

// DefaultVersion is what a file is judged for unless somebody says otherwise.
//
// The tables of this package were read from the sources and documentation of
// 9.0.121, 10.1.59 and 11.0.25 (August 2026); a test compares them with the
// classes of 9.0.70 and 10.1.60.
var DefaultVersion = Version{"10.1", -1}

// ParseVersion reads "9", "9.0", "9.0.70", "10.1", "10.1.60", "11", "11.0.25".
func ParseVersion(s string) (Version, error) {
	bad := fmt.Errorf("no Tomcat %q here: want 9, 10.1 or 11, or a release of these such as 10.1.60", s)
	parts := strings.Split(s, ".")
	var n [3]int
	if len(parts) > 3 {
		return Version{}, bad
	}
	for i, p := range parts {
		v, err := strconv.Atoi(p)
		if err != nil || v < 0 || v > 9999 || strconv.Itoa(v) != p {
			return Version{}, bad
		}
		n[i] = v
	}
	v := Version{Patch: -1}
	switch {
	case n[0] == 9 && n[1] == 0, n[0] == 11 && n[1] == 0, n[0] == 10 && n[1] == 1:
		v.Line = fmt.Sprintf("%d.%d", n[0], n[1])
	default:
		return Version{}, bad
	}
	if len(parts) == 3 {
		v.Patch = n[2]
	}
	return v, nil
}

func (v Version) String() string {
	if v.Patch < 0 {
		return v.Line
	}
	return fmt.Sprintf("%s.%d", v.Line, v.Patch)
}

// has reports whether v is at or after the release that since names for its
// line. since lists one release a line ("9.0.119 10.1.56 11.0.23"); a line that
// it does not name never has it, and an empty since means always.
func (v Version) has(since string) bool {
	if since == "" {
		return true
	}
	for _, s := range strings.Fields(since) {
		if patch, ok := strings.CutPrefix(s, v.Line+"."); ok {
			n, _ := strconv.Atoi(patch)
			return v.Patch < 0 || v.Patch >= n
		}
	}
	return false
}
