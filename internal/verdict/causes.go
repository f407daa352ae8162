package verdict

import (
	"cmp"
	"slices"
)

// Causes returns the ids of the root causes among vs: those that failed (or
// warned) and are no consequence of another one that did. The one that explains
// most comes first, by the catalogue and by what the verdicts say themselves; how
// sure it is decides only between equals. What a healthy system has as well
// (Entry.Background) comes last.
func Causes(vs []Verdict) []ID {
	w := weigh(vs)
	var roots []Verdict
	for _, v := range vs {
		consequence := slices.ContainsFunc(v.CausedBy, func(id ID) bool { return id != v.ID && w.status[id].Bad() })
		if v.Status.Bad() && !consequence {
			roots = append(roots, v)
		}
	}
	slices.SortStableFunc(roots, func(a, b Verdict) int {
		return cmp.Or(
			cmp.Compare(background(a.ID), background(b.ID)),
			cmp.Compare(w.weight(b.ID), w.weight(a.ID)),
			cmp.Compare(doubt(a.Confidence), doubt(b.Confidence)),
		)
	})
	out := []ID{}
	for _, v := range roots {
		if !slices.Contains(out, v.ID) {
			out = append(out, v.ID)
		}
	}
	return out
}

// weights tells how much of what is wrong each id explains.
type weights struct {
	status   map[ID]Status // the worst one of each id
	explains map[ID][]ID   // among the ids that are bad
}

func weigh(vs []Verdict) weights {
	w := weights{map[ID]Status{}, map[ID][]ID{}}
	for _, v := range vs {
		if v.Status.Bad() && w.status[v.ID] != Fail {
			w.status[v.ID] = v.Status
		}
	}
	for _, v := range vs {
		if !v.Status.Bad() {
			continue
		}
		for _, cause := range v.CausedBy {
			w.explains[cause] = append(w.explains[cause], v.ID)
		}
		e, _ := Find(v.ID)
		for _, id := range e.Explains {
			if w.status[id].Bad() {
				w.explains[v.ID] = append(w.explains[v.ID], id)
			}
		}
	}
	return w
}

// weight of an id is its own and that of all that may follow from it, so that a
// cause always weighs more than its symptoms. A failure outweighs warnings.
func (w weights) weight(id ID) int {
	own := map[Status]int{Fail: 100, Warn: 1}
	sum, seen := 0, map[ID]bool{}
	var visit func(ID)
	visit = func(id ID) {
		if seen[id] {
			return
		}
		seen[id] = true
		sum += own[w.status[id]]
		for _, next := range w.explains[id] {
			visit(next)
		}
	}
	visit(id)
	return sum
}

func background(id ID) int {
	if e, _ := Find(id); e.Background != "" {
		return 1
	}
	return 0
}

func doubt(c Confidence) int { return slices.Index([]Confidence{Definite, Likely, Hint}, c) }
