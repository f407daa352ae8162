// Package checks is the catalogue of failures, embedded: a page for each id and
// the table from error texts to pages. The Markdown files beside this one are
// the source; nothing here repeats them.
package checks

import (
	"embed"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"muster/internal/verdict"
)

//go:embed *.md
var files embed.FS

// Page is one entry of the catalogue.
type Page struct {
	ID         verdict.ID `json:"id"`
	Title      string     `json:"title"`
	Severity   string     `json:"severity"`   // fail, warn or info
	Confidence string     `json:"confidence"` // in words; begins with definite, likely or hint
	FoundBy    string     `json:"found_by"`
	Markdown   string     `json:"markdown"`
}

// All returns every page in the order of the catalogue's index.
func All() []Page {
	all, _ := load()
	return all
}

// Find returns the page of an id.
func Find(id verdict.ID) (Page, bool) {
	_, byID := load()
	p, ok := byID[id]
	return p, ok
}

var indexRow = regexp.MustCompile(`(?m)^\| \[([a-z0-9.-]+)\]\(`)

var load = sync.OnceValues(func() ([]Page, map[verdict.ID]Page) {
	index, err := files.ReadFile("README.md")
	if err != nil {
		panic(err) // embedded: it cannot be missing
	}
	var all []Page
	byID := map[verdict.ID]Page{}
	for _, m := range indexRow.FindAllStringSubmatch(string(index), -1) {
		text, err := files.ReadFile(m[1] + ".md")
		if err != nil {
			continue // the test of the index says so
		}
		p, err := parse(string(text))
		if err != nil {
			continue
		}
		all = append(all, p)
		byID[p.ID] = p
	}
	return all, byID
})

// parse reads the head of a page: "# ID", "**Title**" and the list of severity,
// confidence and what finds it.
func parse(text string) (Page, error) {
	p := Page{Markdown: text}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "## "):
			if p.ID == "" || p.Title == "" || p.Severity == "" || p.Confidence == "" || p.FoundBy == "" {
				return p, fmt.Errorf("page %q: its head is not complete", p.ID)
			}
			return p, nil
		case strings.HasPrefix(line, "# "):
			p.ID = verdict.ID(line[2:])
		case strings.HasPrefix(line, "**"):
			p.Title = strings.Trim(line, "*")
		case strings.HasPrefix(line, "- Severity: "):
			p.Severity = line[len("- Severity: "):]
		case strings.HasPrefix(line, "- Confidence: "):
			p.Confidence = line[len("- Confidence: "):]
		case strings.HasPrefix(line, "- Found by: "):
			p.FoundBy = line[len("- Found by: "):]
		}
	}
	return p, fmt.Errorf("page %q has no sections", p.ID)
}
