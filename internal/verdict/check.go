// Package check holds what every verdict of muster looks like, wherever it
// comes from: a fact of the host, a captured packet, a mesh of nodes. It knows
// neither how a verdict is found nor how it is printed.
package verdict

import "slices"

// ID names a failure for ever: in JSON, in --ignore, and as the page
// docs/checks/ID.md. The form is family.name, for example "route.none".
type ID string

// Status is the outcome of one check.
type Status string

const (
	Pass Status = "pass"
	Warn Status = "warn"
	Fail Status = "fail"
	// Skip: the check does not apply or was not possible; Saw tells why.
	Skip Status = "skip"
	// Unknown: the check ran, but what it read does not decide.
	Unknown Status = "unknown"
)

// Confidence says how sure a verdict is when its evidence is present.
type Confidence string

const (
	Definite Confidence = "definite" // the kernel or a packet says so
	Likely   Confidence = "likely"   // two or more signs agree
	Hint     Confidence = "hint"     // consistent, other causes possible
)

// Evidence is one fact that a verdict rests on, and where it was read.
type Evidence struct {
	What     string `json:"what"`
	Value    string `json:"value"`
	ReadFrom string `json:"read_from"`
}

// Verdict is the answer of one check about one subject (an interface, a
// member, a group).
type Verdict struct {
	ID         ID         `json:"id"`
	Status     Status     `json:"status"`
	Subject    string     `json:"subject"`
	Title      string     `json:"title"`
	Saw        string     `json:"saw"`
	Evidence   []Evidence `json:"evidence"`
	Confidence Confidence `json:"confidence"`
	// Fix holds the commands that mend it on this host, in their order.
	Fix []string `json:"fix"`
	// CausedBy names the verdicts of which this one is only a consequence.
	CausedBy []ID `json:"caused_by"`
	// Docs is the page about it, relative to the project's root.
	Docs string `json:"docs"`
}

// A Part is what a verdict has beside its words: Evidence, a Fix, or the ID of a
// cause.
type Part interface{ addTo(v *Verdict) }

// Fix is one command, or one thing to do, that mends it.
type Fix string

func (e Evidence) addTo(v *Verdict) { v.Evidence = append(v.Evidence, e) }
func (f Fix) addTo(v *Verdict)      { v.Fix = append(v.Fix, string(f)) }
func (id ID) addTo(v *Verdict)      { v.CausedBy = append(v.CausedBy, id) }

// New makes a verdict, with the page of its id. Lists that no part fills are empty,
// not nil: JSON has them.
func New(id ID, s Status, c Confidence, subject, title, saw string, parts ...Part) Verdict {
	v := Verdict{
		ID: id, Status: s, Subject: subject, Title: title, Saw: saw, Confidence: c,
		Evidence: []Evidence{}, Fix: []string{}, CausedBy: []ID{}, Docs: DocsPage(id),
	}
	for _, p := range parts {
		p.addTo(&v)
	}
	return v
}

// DocsPage is the page of an id, relative to the project's root.
func DocsPage(id ID) string { return "docs/checks/" + string(id) + ".md" }

// Bad reports whether the status speaks against the host or the network.
func (s Status) Bad() bool { return s == Warn || s == Fail }

// Causes returns the ids of the root causes among vs: those that failed (or
// warned) and are no consequence of another one that did. Failures come before
// warnings and more certain ones before less certain ones; otherwise the order
// of vs is kept.
func Causes(vs []Verdict) []ID {
	bad := map[ID]bool{}
	for _, v := range vs {
		if v.Status.Bad() {
			bad[v.ID] = true
		}
	}
	var roots []Verdict
	for _, v := range vs {
		if !v.Status.Bad() || slices.ContainsFunc(v.CausedBy, func(id ID) bool { return id != v.ID && bad[id] }) {
			continue
		}
		roots = append(roots, v)
	}
	slices.SortStableFunc(roots, func(a, b Verdict) int { return weight(a) - weight(b) })
	out := []ID{}
	for _, v := range roots {
		if !slices.Contains(out, v.ID) {
			out = append(out, v.ID)
		}
	}
	return out
}

func weight(v Verdict) int {
	w := map[Confidence]int{Definite: 0, Likely: 1, Hint: 2}[v.Confidence]
	if v.Status == Warn {
		w += 10
	}
	return w
}

// Summary counts verdicts, as the last line of a command's JSON gives them.
type Summary struct {
	Status  Status `json:"status"`
	Causes  []ID   `json:"causes"`
	Pass    int    `json:"pass"`
	Warn    int    `json:"warn"`
	Fail    int    `json:"fail"`
	Skip    int    `json:"skip"`
	Unknown int    `json:"unknown"`
}

// Summarize counts vs. The whole is as bad as its worst part: fail, else warn,
// else unknown, else pass; skips alone leave it at skip.
func Summarize(vs []Verdict) Summary {
	s := Summary{Causes: Causes(vs)}
	for _, v := range vs {
		switch v.Status {
		case Pass:
			s.Pass++
		case Warn:
			s.Warn++
		case Fail:
			s.Fail++
		case Skip:
			s.Skip++
		default:
			s.Unknown++
		}
	}
	switch {
	case s.Fail > 0:
		s.Status = Fail
	case s.Warn > 0:
		s.Status = Warn
	case s.Unknown > 0:
		s.Status = Unknown
	case s.Pass > 0 || s.Skip == 0:
		s.Status = Pass
	default:
		s.Status = Skip
	}
	return s
}
