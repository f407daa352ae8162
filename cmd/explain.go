package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"muster/cmd/internal/ui"
	"muster/docs/checks"
	"muster/internal/hint"
	"muster/internal/verdict"
)

func newExplainCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [ID | GROUP | TEXT...]",
		Short: "tell what a verdict, a group, a port or an error text means",
		Long: `Explain prints the catalogue's page of a verdict (its symptom, cause, evidence
and cure), tells what a group, a port or an Ethernet address is known for, or
finds the pages that match an error text from a log. Without an argument it
lists every id; with the first word of ids (route, igmp) those of the family.

It reads only what is built into the program: no packet, no privilege.`,
		Example: `  # what a verdict means and what mends it
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
		return explainIndex(a, checks.All())
	}
	if p, ok := checks.Find(verdict.ID(subject)); ok {
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

func pagesOf(ids []verdict.ID) []checks.Page {
	var out []checks.Page
	for _, id := range ids {
		if p, ok := checks.Find(id); ok {
			out = append(out, p)
		}
	}
	return out
}

func family(name string) []checks.Page {
	var out []checks.Page
	for _, p := range checks.All() {
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
	Severity   string     `json:"severity"`
	Confidence string     `json:"confidence"`
	FoundBy    string     `json:"found_by"`
}

func explainIndex(a *app, pages []checks.Page) error {
	doc := indexDocument{"index", []indexPage{}}
	table := ui.Table{Header: []string{"ID", "SEVERITY", "FAILURE"}}
	for _, p := range pages {
		doc.Pages = append(doc.Pages, indexPage{p.ID, p.Title, p.Severity, p.Confidence, p.FoundBy})
		table.Add(p.ID, p.Severity, p.Title)
	}
	if a.json {
		return ui.Document(a.Out, doc)
	}
	return table.Render(a.Out)
}

type pageDocument struct {
	Type string `json:"type"`
	checks.Page
}

func explainPage(a *app, p checks.Page) error {
	if a.json {
		return ui.Document(a.Out, pageDocument{"page", p})
	}
	return a.Out.Markdown(p.Markdown)
}

type matchesDocument struct {
	Type    string         `json:"type"`
	Text    string         `json:"text"`
	Matches []checks.Match `json:"matches"`
}

func explainText(a *app, text string) error {
	matches := checks.Messages(text)
	if len(matches) == 0 {
		return hint.Wrap(fmt.Errorf("explain %q: it is no id, no group or port, and no error text that the catalogue knows", text),
			"'muster explain' lists every id; of an error text, give the words that do not change")
	}
	if a.json {
		return ui.Document(a.Out, matchesDocument{"matches", text, matches})
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
			p, _ := checks.Find(id)
			fmt.Fprintf(a.Out, "  %s  %s\n", id, p.Title)
		}
	}
	if len(matches) == 1 && len(matches[0].Pages) == 1 {
		fmt.Fprintln(a.Out)
		p, _ := checks.Find(matches[0].Pages[0])
		return a.Out.Markdown(p.Markdown)
	}
	fmt.Fprintf(a.Out, "\n%s\n", a.Out.Dim("'muster explain ID' prints a page"))
	return nil
}
