package judge

import (
	"slices"

	"muster/internal/verdict"
	"muster/routecheck/facts"
	"muster/routecheck/firewall"
)

// Check is one entry of the catalogue that a host's facts can decide.
type Check struct {
	ID verdict.ID
	// Judge returns at least one verdict; several where there are several subjects.
	// Judge's caller fills in what follows from the id.
	Judge func(h *Host) []verdict.Verdict
}

// Facts runs the checks that want is true for (nil: all) over the facts and
// returns their verdicts in the catalogue's order.
func Facts(f *facts.Facts, want func(verdict.ID) bool) []verdict.Verdict {
	h := NewHost(f)
	var out []verdict.Verdict
	for _, c := range All {
		if want != nil && !want(c.ID) {
			continue
		}
		vs := h.withoutMulticast(c.ID)
		if vs == nil {
			vs = c.Judge(h)
		}
		for _, v := range vs {
			v = v.Of(c.ID)
			if v.Confidence == "" {
				v.Confidence = verdict.Definite
			}
			if v.Subject == "" {
				v.Subject = h.Link.Name
			}
			out = append(out, v)
		}
	}
	shareFixes(out)
	for i := range out {
		h.keep(&out[i])
		if out[i].Fix == nil {
			out[i].Fix = []string{} // JSON has the list
		}
	}
	link(out)
	return out
}

// shareFixes gives a rule of the firewall that stops several kinds of packets all the
// commands that these take: who fixes the cause has fixed what follows from it.
func shareFixes(vs []verdict.Verdict) {
	for _, v := range vs {
		for _, cause := range v.CausedBy { // so far only firewalls' are said
			for i := range vs {
				if vs[i].ID == cause && vs[i].Status.Bad() {
					vs[i].Fix = firewall.Together(vs[i].Fix, v.Fix)
				}
			}
		}
	}
}

// link points bad verdicts at the bad ones that they follow from.
func link(vs []verdict.Verdict) {
	var bad []verdict.ID
	for _, v := range vs {
		if v.Status.Bad() && !slices.Contains(bad, v.ID) {
			bad = append(bad, v.ID)
		}
	}
	for i := range vs {
		v := &vs[i]
		if !v.Status.Bad() {
			v.CausedBy = []verdict.ID{}
			continue
		}
		causes := slices.DeleteFunc(v.CausedBy, func(id verdict.ID) bool { return id == v.ID || !slices.Contains(bad, id) })
		for _, id := range verdict.Explainers(v.ID, bad) {
			if !slices.Contains(causes, id) {
				causes = append(causes, id)
			}
		}
		v.CausedBy = causes
	}
}

// findCheck returns the check of an id.
func findCheck(id verdict.ID) (Check, bool) {
	i := slices.IndexFunc(All, func(c Check) bool { return c.ID == id })
	if i < 0 {
		return Check{}, false
	}
	return All[i], true
}
