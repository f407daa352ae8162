package view

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/internal/verdict"
	"muster/tribes/serverxml"
)

// ConfigDocument is what "muster tribes config --json" prints.
type ConfigDocument struct {
	Type   string `json:"type"` // "config"
	Tomcat string `json:"tomcat"`
	// From says how the release is known: "--release", a file, or the classes.
	From     string              `json:"release_from,omitempty"`
	Files    []*serverxml.File   `json:"files"`
	Verdicts []serverxml.Finding `json:"verdicts"`
	Summary  verdict.Summary     `json:"summary"`
}

// NewConfigDocument collects what was read and found.
func NewConfigDocument(v serverxml.Version, files []*serverxml.File, found []serverxml.Finding) ConfigDocument {
	d := ConfigDocument{Type: "config", Tomcat: v.String(), Files: files, Verdicts: found}
	if d.Files == nil {
		d.Files = []*serverxml.File{}
	}
	if d.Verdicts == nil {
		d.Verdicts = []serverxml.Finding{}
	}
	var vs []verdict.Verdict
	for _, f := range found {
		vs = append(vs, f.Verdict)
	}
	d.Summary = verdict.Summarize(vs).OrPass(len(files) > 0)
	return d
}

// ConfigText says how to print it for people.
type ConfigText struct {
	All   bool // every attribute, also those at their defaults
	Quiet bool // the findings only
}

// Render prints d as text.
func (d ConfigDocument) Render(s *term.Stream, o ConfigText) error {
	var b strings.Builder
	if !o.Quiet {
		for _, f := range d.Files {
			if err := d.file(s, &b, f, o); err != nil {
				return err
			}
		}
	}
	for _, f := range d.Verdicts {
		b.WriteString(VerdictText(s, f.Verdict))
	}
	if !o.Quiet {
		b.WriteString(d.verdict() + "\n")
	}
	_, err := io.WriteString(s, b.String())
	return err
}

func (d ConfigDocument) verdict() string {
	n := d.Summary
	if len(d.Verdicts) == 0 {
		return fmt.Sprintf("nothing wrong found, for Tomcat %s%s", d.Tomcat, d.from())
	}
	parts := []string{}
	for _, p := range []struct {
		n    int
		what string
	}{{n.Fail, "fail"}, {n.Warn, "warn"}, {n.Unknown, "unknown"}, {n.Skip, "skip"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	word := "findings"
	if len(d.Verdicts) == 1 {
		word = "finding"
	}
	return fmt.Sprintf("%d %s for Tomcat %s%s: %s", len(d.Verdicts), word, d.Tomcat, d.from(), strings.Join(parts, ", "))
}

// from says how the release is known, where nobody named it.
func (d ConfigDocument) from() string {
	if d.From == "" {
		return ""
	}
	return " (" + d.From + ")"
}

func (d ConfigDocument) file(s *term.Stream, b *strings.Builder, f *serverxml.File, o ConfigText) error {
	for _, c := range f.Clusters {
		where := shown(c.Name)
		if c.Self.Position != nil {
			where += fmt.Sprintf(", line %d", c.Self.Line)
		}
		b.WriteString(s.Hang(fmt.Sprintf("%s: cluster in <%s> %s\n", s.Style().Bold(true).Render(shown(f.Name)), c.Container, where)))
		for _, sentence := range c.Summary {
			b.WriteString(s.Hang("  " + shown(sentence) + "\n"))
		}
		b.WriteByte('\n')
		t, hidden := clusterTable(s, c, o.All)
		var table strings.Builder
		if err := t.Render(&term.Stream{Writer: &table, TTY: s.TTY, Color: s.Color, Width: s.Width}); err != nil {
			return err
		}
		b.WriteString(table.String())
		if hidden > 0 {
			fmt.Fprintf(b, "%s\n", s.Dim(fmt.Sprintf("and %d attributes at their defaults (--all lists them)", hidden)))
		}
		b.WriteByte('\n')
	}
	return nil
}

// clusterTable lists the attributes with where their values come from.
func clusterTable(s *term.Stream, c *serverxml.Cluster, all bool) (t term.Table, hidden int) {
	t.Header = []string{"ELEMENT", "CLASS", "ATTRIBUTE", "VALUE", "FROM"}
	add := func(p *serverxml.Component) {
		if p == nil {
			return
		}
		rows := 0
		element, class := p.Element, shortClass(p.Class)
		if p.Default {
			class += " (default)"
		}
		for _, v := range p.Attributes {
			if !v.Shown(all) {
				hidden++
				continue
			}
			t.Add(element, class, shown(v.Name), attributeText(v), originText(s, v))
			rows++
		}
		if rows == 0 {
			from := "default"
			if p.Position != nil {
				from = p.Position.String()
			}
			t.Add(element, class, "", "", from)
		}
	}
	for _, p := range c.Components() {
		add(p)
	}
	return t, hidden
}

func shortClass(name string) string { return shown(name[strings.LastIndexByte(name, '.')+1:]) }

func attributeText(v serverxml.Value) string {
	text := shown(v.Text)
	switch {
	case v.Ignored != "":
		text += ` (not "` + shown(v.Written) + `")`
	case len(v.Unresolved) > 0:
		text += " (not known)"
	case v.Text == "":
		text = "-"
	}
	return text
}

func originText(s *term.Stream, v serverxml.Value) string {
	from := string(v.From)
	if v.From == serverxml.FromFile {
		from = ""
	}
	if v.Position != nil {
		from = strings.TrimSpace(v.Position.String() + " " + from)
	}
	if len(v.Properties) > 0 {
		from += " " + shown(strings.Join(v.Properties, ", "))
	}
	if v.From == serverxml.FromDefault {
		return s.Dim(from)
	}
	return from
}

// shown is text of a local file: as it stands where all of it can be printed,
// backslashes of a pattern included, else escaped.
func shown(s string) string {
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return escape.Text(s)
		}
	}
	if !utf8.ValidString(s) {
		return escape.Text(s)
	}
	return s
}
