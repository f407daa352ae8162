package view

import (
	"encoding/json"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"muster/internal/sarif"
	"muster/internal/verdict"
	"muster/tribes/serverxml"
)

// WriteSARIF writes the findings as a SARIF 2.1.0 log: one run, a rule for each id. What
// is in order is not in it; what could not be decided is "open", what does not apply
// "notApplicable", and both have the level "none", as 3.27.10 wants.
func (d ConfigDocument) WriteSARIF(w io.Writer, version string) error {
	run := sarif.Run{ColumnKind: "unicodeCodePoints", Results: []sarif.Result{}}
	run.Tool.Driver = sarif.Driver{Name: "muster", Version: version, Rules: []sarif.Rule{}}
	for _, f := range d.Verdicts {
		kind, level := sarifKind(f.Status)
		if kind == "pass" {
			continue
		}
		rules := &run.Tool.Driver.Rules
		at := slices.IndexFunc(*rules, func(r sarif.Rule) bool { return r.ID == string(f.ID) })
		if at < 0 {
			at = len(*rules)
			*rules = append(*rules, sarif.Rule{ID: string(f.ID), Short: sarif.Message{Text: f.Title}, Help: sarif.Message{Text: "muster explain " + string(f.ID)}})
		}
		text := f.Saw
		for _, fix := range f.Fix {
			text += "\nfix: " + fix
		}
		for _, next := range f.Next {
			text += "\nnext: " + next
		}
		run.Results = append(run.Results, sarif.Result{Rule: string(f.ID), Index: at, Kind: kind, Level: level, Message: sarif.Message{Text: text},
			Locations: []sarif.Location{sarifPlace(f)}, More: sarif.Properties{Confidence: string(f.Confidence)}})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(sarif.Log{Schema: sarif.Schema, Version: "2.1.0", Runs: []sarif.Run{run}})
}

func sarifKind(s verdict.Status) (kind, level string) {
	switch s {
	case verdict.Fail:
		return "fail", "error"
	case verdict.Warn:
		return "fail", "warning"
	case verdict.Unknown:
		return "open", "none"
	case verdict.Skip:
		return "notApplicable", "none"
	}
	return "pass", "none"
}

// sarifPlace is where a finding is: a relative path stays one, which is how tools match it
// with a repository.
func sarifPlace(f serverxml.Finding) sarif.Location {
	var p sarif.Physical
	u := url.URL{Path: filepath.ToSlash(f.File)}
	if filepath.IsAbs(f.File) {
		u.Scheme, u.Path = "file", "/"+strings.TrimPrefix(u.Path, "/") // a drive has no slash before it
	}
	p.Artifact.URI = u.String()
	if !f.Position.IsZero() {
		p.Region = &sarif.Region{Line: f.Line, Column: f.Column}
	}
	return sarif.Location{Physical: p}
}
