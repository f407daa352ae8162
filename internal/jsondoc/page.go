// Package jsondoc holds docs/json.md, the page of every command's JSON, to what
// the commands print: [Of] reads the structs, [Parse] the page, and
// [Page.Check] holds real output against the page. It is for tests.
package jsondoc

import (
	"fmt"
	"regexp"
	"strings"
)

// Page is docs/json.md.
type Page struct {
	Intro   string // all before the table of the commands
	Lines   []Line
	Objects []Object
}

// Line is one kind of line, or document, that a command prints.
type Line struct {
	Command string // "tribes join", "ping --respond"
	Type    string // the value of its field "type"
	Object  string
	When    string // in words
}

// Object is a struct as it stands in JSON.
type Object struct {
	Name   string
	Text   string // what it is
	Fields []Field
}

// Field is a field of an object. Type is string, boolean, integer, number, time,
// any, the name of an object, "list of X" or "map of X".
type Field struct {
	Name     string
	Type     string
	Optional bool // may be absent
	Null     bool // may be null
	Meaning  string
}

// Embedded is the name of a field that stands for all the fields of its type: they
// are the object's own.
const Embedded = "..."

const (
	commandsHeading = "## Lines and documents"
	objectsHeading  = "## Objects"
)

// Object returns the object of that name.
func (p *Page) Object(name string) (*Object, bool) {
	for i := range p.Objects {
		if p.Objects[i].Name == name {
			return &p.Objects[i], true
		}
	}
	return nil, false
}

// Markdown is the whole page.
func (p *Page) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n\n| command | `type` | object | when |\n|---|---|---|---|\n", strings.TrimSpace(p.Intro), commandsHeading)
	for _, l := range p.Lines {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", l.Command, l.Type, link(l.Object), l.When)
	}
	fmt.Fprintf(&b, "\n%s\n", objectsHeading)
	for _, o := range p.Objects {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n| field | type | meaning |\n|---|---|---|\n", o.Name, o.Text)
		for _, f := range o.Fields {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Name, f.word(), f.Meaning)
		}
	}
	return b.String()
}

func link(object string) string { return fmt.Sprintf("[%s](#%s)", object, strings.ToLower(object)) }

// word is the type as the page writes it.
func (f Field) word() string {
	prefix, name := "", f.Type
	for _, p := range []string{"list of ", "map of "} {
		for strings.HasPrefix(name, p) {
			prefix, name = prefix+p, name[len(p):]
		}
	}
	if name != strings.ToLower(name) {
		name = link(name)
	}
	word := prefix + name
	if f.Null {
		word += " or null"
	}
	if f.Optional {
		word += ", optional"
	}
	return word
}

var linkText = regexp.MustCompile(`\[(\w+)\]\(#\w+\)`)

// Parse reads the page.
func Parse(text string) (*Page, error) {
	intro, rest, ok := strings.Cut(text, commandsHeading)
	commands, objects, ok2 := strings.Cut(rest, objectsHeading)
	if !ok || !ok2 {
		return nil, fmt.Errorf("the page has no %q or no %q", commandsHeading, objectsHeading)
	}
	p := &Page{Intro: strings.TrimSpace(intro)}
	for _, c := range rows(commands, 4) {
		p.Lines = append(p.Lines, Line{code(c[0]), code(c[1]), linkText.ReplaceAllString(c[2], "$1"), c[3]})
	}
	for _, part := range strings.Split("\n"+objects, "\n### ")[1:] {
		name, body, _ := strings.Cut(part, "\n")
		o := Object{Name: strings.TrimSpace(name)}
		before, _, ok := strings.Cut(body, "| field |")
		if !ok {
			return nil, fmt.Errorf("the object %s has no table of fields", o.Name)
		}
		o.Text = strings.TrimSpace(before)
		for _, c := range rows(body[len(before):], 3) {
			f := Field{Name: code(c[0]), Type: linkText.ReplaceAllString(c[1], "$1"), Meaning: c[2]}
			f.Type, f.Optional = strings.CutSuffix(f.Type, ", optional")
			f.Type, f.Null = strings.CutSuffix(f.Type, " or null")
			o.Fields = append(o.Fields, f)
		}
		p.Objects = append(p.Objects, o)
	}
	return p, nil
}

func code(s string) string { return strings.Trim(s, "`") }

// rows are the cells of a table's rows below its heading.
func rows(text string, columns int) [][]string {
	var out [][]string
	heading := true
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "|---"):
			heading = false
		case !heading && strings.HasPrefix(line, "|"):
			cells := strings.SplitN(strings.Trim(line, "|"), "|", columns)
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			if len(cells) == columns {
				out = append(out, cells)
			}
		}
	}
	return out
}
