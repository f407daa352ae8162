package cmd

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"muster/cmd/internal/term"
	"muster/internal/verdict"
	"muster/sniff"
	"muster/sniff/analysis"
)

// others are where the heartbeats of members of other hosts come from, and own how many
// members send from this one: they prove nothing about the network. In a file nobody is
// this host's.
func (r *sniffRun) others(a *analysis.Analysis) (others []netip.Addr, own int) {
	for _, m := range a.Members {
		switch from := m.Hosts(); {
		case !m.Heard():
		case len(from) > 0 && r.own.has(from[0]):
			own++
		case len(from) > 0:
			others = append(others, from[0])
		}
	}
	return others, own
}

// alone judges who else was heard, where that was asked or a live summary shows it.
func (r *sniffRun) alone(res *sniff.Result) []verdict.Verdict {
	const id = verdict.ID("tribes.alone")
	others, own := r.others(res.Analysis)
	heard := term.Count(len(others), "member") + " of other hosts heard"
	next := []verdict.Part{
		verdict.Next("on the other nodes: muster sniff --summary; on all at once: muster mesh"),
		verdict.Next("sudo muster check; sudo muster querier --provoke"),
	}
	met := r.own.met(r.expected, others)
	switch missing := r.own.missing(r.expected, others); {
	case !met && len(missing) > 0:
		who := strings.Join(missing, ", ")
		return []verdict.Verdict{verdict.New(id, verdict.Fail, verdict.Definite, who, heard+"; not heard: "+who, next...)}
	case !met:
		return []verdict.Verdict{verdict.New(id, verdict.Fail, verdict.Definite, "", fmt.Sprintf("%s, %d expected", heard, r.expected.Count), next...)}
	case r.read != "" || !r.summary && !r.top:
	case own > 0 && len(others) == 0:
		return []verdict.Verdict{verdict.New(id, verdict.Unknown, verdict.Definite, "", "only this host is heard: its own heartbeats never left it, and prove nothing about the network", next...)}
	case len(others) > 0:
		return []verdict.Verdict{verdict.New(id, verdict.Pass, verdict.Definite, "", heard+"; whether they hear this one is not seen from here", next[0])}
	}
	return nil
}

// isAlone: fewer were heard than must be, or nobody but this host.
func isAlone(vs []verdict.Verdict) bool {
	return slices.ContainsFunc(vs, func(v verdict.Verdict) bool {
		return v.ID == "tribes.alone" && v.Status != verdict.Pass
	})
}
