package serverxml

import (
	"slices"

	"muster/tribes/release"
)

// guess takes the newest line that has every class of Tomcat's in the file's
// clusters, where the line that is judged for has not: an old file is right for
// the Tomcat that it was written for. Where no line has them all, nothing changes.
func (f *File) guess(root *node) {
	var named []string
	root.all(func(n *node) {
		for up := n; up != nil; up = up.parent {
			if up.name == "Cluster" {
				if a, ok := n.attr("className"); ok && ours(a.value) && lookup(a.value) != nil {
					named = append(named, a.value)
				}
				return
			}
		}
	})
	has := func(v Version) bool {
		return !slices.ContainsFunc(named, func(class string) bool { return !present(class, v) })
	}
	if len(named) == 0 || has(f.version) {
		return
	}
	for _, line := range slices.Backward(release.Lines) {
		if v := (Version{Line: line, Patch: -1}); has(v) {
			f.version, f.Tomcat, f.Guessed = v, v.String(), true
			return
		}
	}
}
