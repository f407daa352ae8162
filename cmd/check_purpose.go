package cmd

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"muster/internal/verdict"
	"muster/ping"
	"muster/ping/mesh"
	"muster/routecheck/facts"
	"muster/routecheck/judge"
)

// purposes are the commands of muster whose own packets a firewall may drop, and
// their ports.
var purposes = map[string]uint16{"mesh": mesh.DefaultPort, "ping": ping.DefaultPort}

func knownPurposes(names []string) error {
	for _, n := range names {
		if purposes[n] == 0 {
			return usagef("--for %s: say %s", n, strings.Join(slices.Sorted(maps.Keys(purposes)), " or "))
		}
	}
	return nil
}

// forCommands judges the firewall for the packets of muster's own commands to the
// group.
func forCommands(f *facts.Facts, names []string, want func(verdict.ID) bool) []verdict.Verdict {
	var out []verdict.Verdict
	for _, n := range names {
		own := *f
		own.Query.Port = purposes[n]
		vs := judge.Facts(&own, func(id verdict.ID) bool { return want(id) && (id == "fw.input-drop" || id == "fw.output-drop") })
		for _, v := range vs {
			v.Subject = fmt.Sprintf("%s, UDP port %d of muster %s", v.Subject, purposes[n], n)
			out = append(out, v)
		}
	}
	return out
}
