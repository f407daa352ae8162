package analysis

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"muster/internal/verdict"
	"muster/tribes"
)

// versionMix: Tomcat 6 and later ones do not understand each other, nor do those of 2026
// that encrypt a time stamp and those before them.
func (j *judge) versionMix() {
	const id = "tribes.version-mix"
	byGroup := map[netip.AddrPort]map[tribes.Generation]*Member{}
	for _, m := range j.heard {
		for _, g := range m.Groups.List() {
			if byGroup[g] == nil {
				byGroup[g] = map[tribes.Generation]*Member{}
			}
			byGroup[g][m.Record.Generation] = m
		}
	}
	for _, g := range j.SortedGroups() {
		forms := byGroup[g.Addr]
		if len(forms) < 2 {
			continue
		}
		var parts []string
		for _, f := range slices.Sorted(maps.Keys(forms)) {
			parts = append(parts, fmt.Sprintf("%s sends the heartbeats of %s", forms[f].Name(), f.Tomcat()))
		}
		j.add(id, verdict.Warn, verdict.Definite, g.Addr.String(),
			strings.Join(parts, ", ")+": neither takes the other's",
			verdict.Fix("one Tomcat generation in a cluster, or a group of its own for each"))
	}
	j.sealingMix(id)
	if len(j.heard) > 0 && !j.bad(id) {
		j.pass(id, "the heartbeats of %s are of one generation", all(len(j.heard), "member"))
	}
}

// sealingMix: the two forms of EncryptInterceptor, told by a key that opens both.
func (j *judge) sealingMix(id verdict.ID) {
	var parts, subject []string
	forms := map[bool]bool{}
	for _, m := range append(append([]*Member{}, j.heard...), j.silent...) {
		for s := range m.Talk.Sealed {
			forms[s.Stamped] = true
			parts = append(parts, fmt.Sprintf("%s encrypts with %s", m.Name(), s))
			subject = append(subject, m.Name())
		}
	}
	if len(forms) < 2 {
		return
	}
	slices.Sort(parts)
	slices.Sort(subject)
	j.add(id, verdict.Fail, verdict.Definite, strings.Join(slices.Compact(subject), ", "), strings.Join(parts, "; ")+": neither can read the other's messages",
		verdict.Fix("releases of one side of 9.0.119, 10.1.56 and 11.0.23 on all nodes; until then no EncryptInterceptor, all stopped before"))
}
