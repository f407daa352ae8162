package judge

import (
	"slices"

	"muster/docs/checks"
	"muster/internal/verdict"
	"muster/routecheck/facts"
)

// Check is one entry of the catalogue that a host's facts can decide.
type Check struct {
	ID verdict.ID
	// Because names the checks of which a bad verdict of this one may be only a
	// consequence.
	Because []verdict.ID
	// Judge returns at least one verdict; several where there are several subjects.
	// Judge's caller fills in what follows from the id.
	Judge func(h *Host) []verdict.Verdict
}

// Judge runs the checks that want is true for (nil: all) over the facts and
// returns their verdicts in the catalogue's order.
func Facts(f *facts.Facts, want func(verdict.ID) bool) []verdict.Verdict {
	h := NewHost(f)
	var out []verdict.Verdict
	for _, c := range All {
		if want != nil && !want(c.ID) {
			continue
		}
		for _, v := range c.Judge(h) {
			v.ID, v.Docs = c.ID, verdict.DocsPage(c.ID)
			if p, ok := checks.Find(c.ID); ok && v.Title == "" {
				v.Title = p.Title
			}
			if v.Confidence == "" {
				v.Confidence = verdict.Definite
			}
			if v.Subject == "" {
				v.Subject = h.Link.Name
			}
			out = append(out, v)
		}
	}
	link(out)
	return out
}

// link points bad verdicts at the bad ones that they follow from.
func link(vs []verdict.Verdict) {
	bad := map[verdict.ID]bool{}
	for _, v := range vs {
		bad[v.ID] = bad[v.ID] || v.Status.Bad()
	}
	for i := range vs {
		v := &vs[i]
		if !v.Status.Bad() {
			v.CausedBy = []verdict.ID{}
			continue
		}
		causes := v.CausedBy
		if c, ok := Find(v.ID); ok {
			causes = append(causes, c.Because...)
		}
		v.CausedBy = slices.DeleteFunc(slices.Compact(causes), func(id verdict.ID) bool { return !bad[id] || id == v.ID })
	}
}

// Find returns the check of an id.
func Find(id verdict.ID) (Check, bool) {
	i := slices.IndexFunc(All, func(c Check) bool { return c.ID == id })
	if i < 0 {
		return Check{}, false
	}
	return All[i], true
}
