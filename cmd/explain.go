package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"muster/cmd/internal/term"
	"muster/internal/hint"
	"muster/internal/verdict"
)

func newExplainCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [ID | GROUP | TEXT...]",
		Short: "tell what a verdict, a group, a port or an error text means",
		Long: `Explain prints the catalogue's page of a verdict (its symptom, cause, evidence
and fix), tells what a group, a port or an Ethernet address is known for, or
finds the pages that match an error text from a log. Without an argument it
lists every id; with the first word of ids (route, igmp) those of the family.

It reads only what is built into the program: no packet, no privilege.`,
		Example: `  # what a verdict means and how to fix it
  muster explain rpf.strict

  # whose group and port is this, and which groups share its Ethernet address
  muster explain 228.0.0.4:45564

  # a line from catalina.log
  muster explain Unable to join multicast group`,
		RunE: func(_ *cobra.Command, args []string) error { return runExplain(a, strings.Join(args, " ")) },
	}
}

func runExplain(a *app, subject string) error {
	subject = strings.TrimSpace(subject)
	if subject == "" {
		return explainIndex(a, verdict.All())
	}
	if p, ok := verdict.Find(verdict.ID(subject)); ok {
		return explainPage(a, p)
	}
	if family := family(subject); len(family) > 0 {
		return explainIndex(a, family)
	}
	if g, ok := parseSubject(subject); ok {
		return explainGroup(a, g)
	}
	return explainText(a, subject)
}

func pagesOf(ids []verdict.ID) []verdict.Entry {
	var out []verdict.Entry
	for _, id := range ids {
		if p, ok := verdict.Find(id); ok {
			out = append(out, p)
		}
	}
	return out
}

func family(name string) []verdict.Entry {
	var out []verdict.Entry
	for _, p := range verdict.All() {
		if strings.HasPrefix(string(p.ID), strings.TrimSuffix(name, ".*")+".") {
			out = append(out, p)
		}
	}
	return out
}

type indexDocument struct {
	Type  string      `json:"type"`
	Pages []indexPage `json:"pages"`
}

type indexPage struct {
	ID         verdict.ID `json:"id"`
	Title      string     `json:"title"`
	Failure    string     `json:"failure"` // what is wrong where the check fails
	Severity   string     `json:"severity"`
	Confidence string     `json:"confidence"`
	FoundBy    string     `json:"found_by"`
}

func explainIndex(a *app, pages []verdict.Entry) error {
	doc := indexDocument{"index", []indexPage{}}
	table := term.Table{Header: []string{"ID", "SEVERITY", "FAILURE"}}
	for _, p := range pages {
		doc.Pages = append(doc.Pages, indexPage{p.ID, p.Title, p.Failure, p.Severity, p.Confidence, p.FoundBy})
		table.Add(p.ID, p.Severity, p.Failure)
	}
	if a.json {
		return term.Document(a.Out, doc)
	}
	return table.Render(a.Out)
}

type pageDocument struct {
	Type string `json:"type"`
	verdict.Entry
}

func explainPage(a *app, p verdict.Entry) error {
	if a.json {
		return term.Document(a.Out, pageDocument{"page", p})
	}
	return a.Out.Markdown(p.Markdown)
}

type matchesDocument struct {
	Type    string          `json:"type"`
	Text    string          `json:"text"`
	Matches []verdict.Match `json:"matches"`
}

func explainText(a *app, text string) error {
	matches := verdict.Messages(text)
	if len(matches) == 0 {
		return hint.Wrap(fmt.Errorf("explain %q: it is no id, no group or port, and no error text that the catalogue knows", text),
			"'muster explain' lists every id; of an error text, give the words that do not change")
	}
	if a.json {
		return term.Document(a.Out, matchesDocument{"matches", text, matches})
	}
	for i, m := range matches {
		if i > 0 {
			fmt.Fprintln(a.Out)
		}
		if !m.Exact {
			fmt.Fprint(a.Out, "perhaps: ")
		}
		if err := a.Out.Markdown(m.Text); err != nil {
			return err
		}
		if err := a.Out.Markdown("look at " + m.LookAt); err != nil {
			return err
		}
		for _, id := range m.Pages {
			p, _ := verdict.Find(id)
			fmt.Fprintf(a.Out, "  %s  %s\n", id, p.Failure)
		}
	}
	if len(matches) == 1 && len(matches[0].Pages) == 1 {
		fmt.Fprintln(a.Out)
		p, _ := verdict.Find(matches[0].Pages[0])
		return a.Out.Markdown(p.Markdown)
	}
	fmt.Fprintf(a.Out, "\n%s\n", a.Out.Dim("'muster explain ID' prints a page"))
	return nil
}
