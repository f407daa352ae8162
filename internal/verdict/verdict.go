// Package verdict holds what every verdict of muster looks like, wherever it
// comes from: a fact of the host, a captured packet, a mesh of nodes; and the
// catalogue that says what each id means. It knows neither how a verdict is found
// nor how it is printed.
package verdict

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

// Bad reports whether the status speaks against the host or the network.
func (s Status) Bad() bool { return s == Warn || s == Fail }

// Confidence says how sure a verdict is when its evidence is present.
type Confidence string

const (
	// Definite: the evidence proves it, whoever looks from wherever.
	Definite Confidence = "definite"
	// Likely: two independent signs agree, and none of the entry's innocent
	// explanations was found.
	Likely Confidence = "likely"
	// Hint: consistent with it, other causes are possible.
	Hint Confidence = "hint"
)

// Verdict is the answer of one check about one subject (an interface, a
// member, a group).
type Verdict struct {
	ID      ID     `json:"id"`
	Status  Status `json:"status"`
	Subject string `json:"subject"`
	// Title is the catalogue's: what is judged, whatever came out.
	Title string `json:"title"`
	// Saw is the finding in one sentence.
	Saw        string     `json:"saw"`
	Evidence   []Evidence `json:"evidence"`
	Confidence Confidence `json:"confidence"`
	// Fix holds the commands that change this host so that it works, in their order.
	Fix []string `json:"fix"`
	// Next holds what to run or to look at in order to know more. It changes nothing.
	Next []string `json:"next"`
	// CausedBy names the verdicts of which this one is only a consequence.
	CausedBy []ID `json:"caused_by"`
	// Docs is the page about it, relative to the project's root.
	Docs string `json:"docs"`
}

// New makes a verdict with the title and the page of its id. Lists that no part
// fills are empty, not nil: JSON has them.
func New(id ID, s Status, c Confidence, subject, saw string, parts ...Part) Verdict {
	v := Verdict{
		Status: s, Subject: subject, Saw: saw, Confidence: c,
		Evidence: []Evidence{}, Fix: []string{}, Next: []string{}, CausedBy: []ID{},
	}.Of(id)
	Parts(parts).addTo(&v)
	return v
}

// Of is v as the verdict of another id, with that id's title and page.
func (v Verdict) Of(id ID) Verdict {
	v.ID, v.Title, v.Docs = id, string(id), DocsPage(id)
	if e, ok := Find(id); ok {
		v.Title = e.Title
	}
	return v
}

// DocsPage is the page of an id, relative to the project's root.
func DocsPage(id ID) string { return "docs/checks/" + string(id) + ".md" }
