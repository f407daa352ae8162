package serverxml

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"

	"muster/internal/verdict"
)

// finding is what a check has to say; report completes it.
type finding struct {
	id         verdict.ID
	status     verdict.Status
	confidence verdict.Confidence // definite where empty
	at         Position
	saw        string
	evidence   []Value // the attributes that it rests on, of element in
	more       []verdict.Evidence
	in         *Component
	fix        []string
	causedBy   []verdict.ID
	directory  string // of a FileStore
	moot       bool   // see Finding
}

// report adds a finding about f. A hostile file can hold any number of
// mistakes: those beyond maxFindings are only counted.
func (f *File) report(x finding) {
	if len(f.findings) >= maxFindings {
		f.left++
		return
	}
	f.findings = append(f.findings, f.finding(x))
}

func (f *File) finding(x finding) Finding {
	v := verdict.New(x.id, x.status, cmp.Or(x.confidence, verdict.Definite), f.place(x.at), x.saw)
	v.Fix, v.CausedBy = append(v.Fix, x.fix...), append(v.CausedBy, x.causedBy...)
	for _, e := range x.evidence {
		what := e.Name
		if x.in != nil {
			what = "<" + x.in.Element + "> " + e.Name
		}
		from := "Tomcat's default"
		if e.Position != nil {
			from = f.place(*e.Position)
		}
		v.Evidence = append(v.Evidence, verdict.Evidence{What: what, Value: cut(e.Text), ReadFrom: from})
	}
	v.Evidence = append(v.Evidence, x.more...)
	return Finding{Verdict: v, File: f.Name, Position: x.at, Moot: x.moot}
}

func (f *File) place(p Position) string {
	if p.IsZero() {
		return f.Name
	}
	return fmt.Sprintf("%s:%s", f.Name, p)
}

// cut shortens a value for a sentence.
func cut(s string) string {
	if utf8.RuneCountInString(s) <= maxValue {
		return s
	}
	n := 0
	for i := range s {
		if n++; n > maxValue {
			return s[:i] + "..."
		}
	}
	return s
}

// inOrder sorts by file, place and the order of Checks.
func inOrder(fs []Finding, files []string) {
	rank := map[verdict.ID]int{}
	for i, id := range Checks {
		rank[id] = i
	}
	slices.SortStableFunc(fs, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(slices.Index(files, a.File), slices.Index(files, b.File)),
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(rank[a.ID], rank[b.ID]),
		)
	})
}
