package routecheck

import (
	"slices"

	"muster/docs/checks"
	"muster/internal/check"
)

// Check is one entry of the catalogue that a host's facts can decide.
type Check struct {
	ID check.ID
	// Because names the checks of which a bad verdict of this one may be only a
	// consequence.
	Because []check.ID
	// Judge returns at least one verdict; several where there are several subjects.
	// Judge's caller fills in what follows from the id.
	Judge func(h *Host) []check.Verdict
}

// Judge runs the checks that want is true for (nil: all) over the facts and
// returns their verdicts in the catalogue's order.
func Judge(f *Facts, want func(check.ID) bool) []check.Verdict {
	h := NewHost(f)
	var out []check.Verdict
	for _, c := range All {
		if want != nil && !want(c.ID) {
			continue
		}
		for _, v := range c.Judge(h) {
			v.ID, v.Docs = c.ID, check.DocsPage(c.ID)
			if p, ok := checks.Find(c.ID); ok && v.Title == "" {
				v.Title = p.Title
			}
			if v.Confidence == "" {
				v.Confidence = check.Definite
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
func link(vs []check.Verdict) {
	bad := map[check.ID]bool{}
	for _, v := range vs {
		bad[v.ID] = bad[v.ID] || v.Status.Bad()
	}
	for i := range vs {
		v := &vs[i]
		if !v.Status.Bad() {
			v.CausedBy = []check.ID{}
			continue
		}
		causes := v.CausedBy
		if c, ok := Find(v.ID); ok {
			causes = append(causes, c.Because...)
		}
		v.CausedBy = slices.DeleteFunc(slices.Compact(causes), func(id check.ID) bool { return !bad[id] || id == v.ID })
	}
}

// Find returns the check of an id.
func Find(id check.ID) (Check, bool) {
	i := slices.IndexFunc(All, func(c Check) bool { return c.ID == id })
	if i < 0 {
		return Check{}, false
	}
	return All[i], true
}
