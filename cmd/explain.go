package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"muster/cmd/internal/term"
	"muster/internal/explain"
	"muster/internal/hint"
	"muster/internal/verdict"
)

func newExplainCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [ID | GROUP | CVE | TEXT... | -]",
		Short: "tell what a verdict, a group, a port or an error text means",
		Long: `Explain prints the catalogue's page of a verdict (its symptom, cause, evidence
and fix), tells what a group, a port or an Ethernet address is known for, or
tells what an error text from a log means: every message that Tomcat's cluster
packages can log, in every release and language, the errors of the systems as
Java, Go, Python and Node write them, what kernels and firewalls log. With - it
reads a line, a stack trace or a whole log from stdin. A CVE number tells what
it is about and which releases have it. Without an argument it
lists every id; with the first word of ids (route, igmp) those of the family.

It reads only what is built into the program: no packet, no privilege.`,
		Example: `  # what a verdict means and how to fix it
  muster explain rpf.strict

  # whose group and port is this, and which groups share its Ethernet address
  muster explain 228.0.0.4:45564

  # a line from catalina.log
  muster explain Unable to join multicast group

  # a stack trace or a whole log, the likeliest cause first
  muster explain - < catalina.out`,
		ValidArgsFunction: completeIDs,
		RunE:              func(_ *cobra.Command, args []string) error { return runExplain(a, strings.Join(args, " ")) },
	}
}

func runExplain(a *app, subject string) error {
	subject = strings.TrimSpace(subject)
	switch subject {
	case "":
		return explainIndex(a, verdict.All())
	case "-":
		return explainInput(a)
	}
	if p, ok := verdict.Find(verdict.ID(subject)); ok {
		return explainPage(a, p)
	}
	if cveNumber().MatchString(subject) {
		return explainCVE(a, subject)
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
	Text    string          `json:"text"`            // that was asked about; "-" for what was piped in
	Lines   int             `json:"lines,omitempty"` // of what was piped in
	Matches []explain.Match `json:"matches"`
}

// explainInput explains what is piped in: a line, a stack trace or a whole log.
func explainInput(a *app) error {
	found, lines, err := explain.Log(a.In)
	if err != nil {
		return fmt.Errorf("reading the text: %w", err)
	}
	if len(found) == 0 {
		return hint.Wrap(fmt.Errorf("explain -: none of %d lines is an error text that the catalogue knows", lines),
			"muster tribes logs FILE tells what happened in the cluster, from the logs of one node or several")
	}
	if a.json {
		return term.Document(a.Out, matchesDocument{"matches", "-", lines, found})
	}
	return printMatches(a, found)
}

func explainText(a *app, text string) error {
	matches := explain.Text(text)
	if len(matches) == 0 {
		return hint.Wrap(fmt.Errorf("explain %q: it is no id, no group or port, and no error text that the catalogue knows", text),
			"'muster explain' lists every id; of an error text, give the words that do not change")
	}
	if a.json {
		return term.Document(a.Out, matchesDocument{"matches", text, 0, matches})
	}
	if err := printMatches(a, matches); err != nil {
		return err
	}
	if m := matches[0]; len(matches) == 1 && m.Exact && len(m.Pages) == 1 {
		fmt.Fprintln(a.Out)
		p, _ := verdict.Find(m.Pages[0])
		return a.Out.Markdown(p.Markdown)
	}
	return nil
}

// printMatches tells what texts mean. A mere resemblance is told with what would
// tell whether it is that.
func printMatches(a *app, matches []explain.Match) error {
	for i, m := range matches {
		if i > 0 {
			fmt.Fprintln(a.Out)
		}
		text := m.Text
		if !m.Exact {
			text = "perhaps: " + text
		}
		if err := a.Out.Markdown(text); err != nil {
			return err
		}
		switch {
		case m.Count > 1:
			fmt.Fprintf(a.Out, "  %d times, first in line %d\n", m.Count, m.Line)
		case m.Count == 1:
			fmt.Fprintf(a.Out, "  line %d\n", m.Line)
		}
		if m.Meaning != "" {
			fmt.Fprint(a.Out, a.Out.Hang("  "+m.Meaning+"\n"))
		}
		if m.Harmless {
			fmt.Fprintln(a.Out, "  By itself it is harmless.")
		}
		if m.LookAt != "" {
			if err := a.Out.Markdown("look at " + m.LookAt); err != nil {
				return err
			}
		}
		for _, id := range m.Pages {
			p, _ := verdict.Find(id)
			fmt.Fprint(a.Out, a.Out.Hang(fmt.Sprintf("  %s  %s\n", id, p.Failure)))
			if !m.Exact {
				fmt.Fprint(a.Out, a.Out.Hang(fmt.Sprintf("      %s %s\n", a.Out.Dim("would tell:"), plainCode(p.FoundBy))))
			}
		}
	}
	fmt.Fprintf(a.Out, "\n%s\n", a.Out.Dim("'muster explain ID' prints a page"))
	return nil
}

// plainCode takes the marks of code off Markdown.
func plainCode(s string) string { return strings.ReplaceAll(s, "`", "") }
