package ui

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"muster/internal/escape"
	"muster/internal/verdict"
	"muster/routecheck/judge"
)

// CheckReport is what muster check found, for its readers.
type CheckReport struct {
	Host     *judge.Host
	Verdicts []verdict.Verdict
	Summary  verdict.Summary
	TookMS   int64
	Short    bool
}

// JSON writes a line for each verdict and the summary.
func (r CheckReport) JSON(w io.Writer) error {
	lines := NewLines(w)
	for _, v := range r.Verdicts {
		if err := lines.Write(NewVerdict(v)); err != nil {
			return err
		}
	}
	return lines.Write(VerdictSummaryLine{"summary", r.Summary, r.TookMS})
}

// families are the headings of the text, by the first word of the ids.
var families = []struct{ title, words string }{
	{"interface", "iface"},
	{"routes and addresses", "route rpf addr"},
	{"firewall and permissions", "fw icmp sec"},
	{"IGMP, MLD and bridges", "igmp mld bridge switch"},
	{"group", "group ttl ipv6 java"},
	{"sockets, limits and sizes", "sock limit mtu"},
	{"where this host lives", "env"},
	{"Tomcat", "tribes config"},
}

// Text is for people: what is wrong first, with its evidence and cure, then a line
// for each check, by family; with Short only one line for what is wrong, and the
// sum.
func (r CheckReport) Text(s *Stream) error {
	var b strings.Builder
	r.head(&b)
	if r.Short {
		for _, v := range r.Verdicts {
			if v.Status.Bad() || v.Status == verdict.Unknown {
				fmt.Fprintf(&b, "%s  %s  %s\n", pad(s, v.Status), v.ID, escape.Text(v.Saw))
			}
		}
	} else {
		r.wrong(&b, s)
		r.all(&b, s)
	}
	r.sum(&b, s)
	_, err := io.WriteString(s, b.String())
	return err
}

// head says what was judged.
func (r CheckReport) head(b *strings.Builder) {
	h := r.Host
	q := h.Query
	what := fmt.Sprintf("%s port %d", q.Group, q.Port)
	if q.Source.IsValid() {
		what += " from " + q.Source.String()
	}
	if !h.OK {
		fmt.Fprintf(b, "%s: no interface is judged (%s)\n", escape.Text(what), escape.Text(h.Reason))
		return
	}
	name := h.Link.Name
	if h.Src.IsValid() {
		name += " (" + h.Src.String() + ")"
	}
	fmt.Fprintf(b, "%s on %s: %s\n", escape.Text(what), escape.Text(name), escape.Text(h.Reason))
}

// wrong tells the causes, each with what follows from it.
func (r CheckReport) wrong(b *strings.Builder, s *Stream) {
	told := map[verdict.ID]bool{}
	for _, id := range r.Summary.Causes {
		for _, v := range r.Verdicts {
			if v.ID == id && v.Status.Bad() {
				r.finding(b, s, v)
			}
		}
		told[id] = true
		for _, v := range r.Verdicts {
			if v.Status.Bad() && !told[v.ID] && follows(v, id) {
				fmt.Fprintf(b, "    follows  %s: %s\n", v.ID, wrapAt(s, escape.Text(v.Saw), 13))
				for _, f := range v.Fix {
					fmt.Fprintf(b, "             %s\n", escape.Text(f))
				}
				told[v.ID] = true
			}
		}
	}
	for _, v := range r.Verdicts {
		if v.Status == verdict.Unknown {
			r.finding(b, s, v)
		}
	}
}

func follows(v verdict.Verdict, id verdict.ID) bool {
	for _, c := range v.CausedBy {
		if c == id {
			return true
		}
	}
	return false
}

func (r CheckReport) finding(b *strings.Builder, s *Stream, v verdict.Verdict) {
	title := escape.Text(v.Title)
	if v.Subject != "" && !strings.Contains(title, v.Subject) {
		title = escape.Text(v.Subject) + ": " + title
	}
	fmt.Fprintf(b, "\n%s  %s  %s\n", pad(s, v.Status), s.Style().Bold(true).Render(string(v.ID)), title)
	fmt.Fprintf(b, "    saw      %s", wrapAt(s, escape.Text(v.Saw), 13))
	if v.Confidence != verdict.Definite {
		fmt.Fprintf(b, " %s", s.Dim("("+string(v.Confidence)+")"))
	}
	b.WriteByte('\n')
	for _, e := range v.Evidence {
		fmt.Fprintf(b, "    %s\n", s.Dim("evidence "+escape.Text(e.What)+": "+escape.Text(e.Value)+" ["+escape.Text(e.ReadFrom)+"]"))
	}
	word := "mend"
	for _, f := range v.Fix {
		fmt.Fprintf(b, "    %-8s %s\n", word, escape.Text(f))
		word = ""
	}
	fmt.Fprintf(b, "    more     muster explain %s\n", v.ID)
}

// all gives each verdict its line; those of one family that are skipped for one
// reason share one.
func (r CheckReport) all(b *strings.Builder, s *Stream) {
	for _, f := range families {
		var lines []verdict.Verdict
		ids := map[int][]string{}
		for _, v := range r.Verdicts {
			family, _, _ := strings.Cut(string(v.ID), ".")
			if !word(f.words, family) {
				continue
			}
			at := slices.IndexFunc(lines, func(o verdict.Verdict) bool {
				return v.Status == verdict.Skip && o.Status == verdict.Skip && o.Saw == v.Saw
			})
			if at < 0 {
				at = len(lines)
				lines = append(lines, v)
			}
			ids[at] = append(ids[at], string(v.ID))
		}
		if len(lines) == 0 {
			continue
		}
		fmt.Fprintf(b, "\n%s\n", s.Style().Bold(true).Render(f.title))
		for i, v := range lines {
			fmt.Fprintf(b, "  %s  %s  %s\n", pad(s, v.Status), s.Dim(fmt.Sprintf("%-24s", strings.Join(ids[i], ", "))), escape.Text(v.Saw))
		}
	}
}

func (r CheckReport) sum(b *strings.Builder, s *Stream) {
	m := r.Summary
	text := fmt.Sprintf("%d pass, %d warn, %d fail, %d skip, %d unknown in %d ms", m.Pass, m.Warn, m.Fail, m.Skip, m.Unknown, r.TookMS)
	if len(m.Causes) > 0 {
		var ids []string
		for _, id := range m.Causes {
			ids = append(ids, string(id))
		}
		text = strings.Join(ids, ", ") + "; " + text
	}
	if !r.Short {
		b.WriteByte('\n')
	}
	fmt.Fprintf(b, "%s: %s\n", s.Status(m.Status), text)
}

// Script prints the cures as a shell script. Words that are no command stand as
// comments.
func (r CheckReport) Script(w io.Writer) error {
	var b strings.Builder
	b.WriteString("#!/bin/sh\n# Cures that 'muster check' proposes. Read each, then run what you want.\n")
	n := 0
	for _, id := range r.Summary.Causes {
		for _, v := range r.Verdicts {
			if v.ID != id || !v.Status.Bad() || len(v.Fix) == 0 {
				continue
			}
			n++
			fmt.Fprintf(&b, "\n# %s %s: %s\n", v.Status, v.ID, oneLine(v.Saw))
			for _, f := range v.Fix {
				if !isCommand(f) {
					f = "# " + oneLine(f)
				}
				b.WriteString(f + "\n")
			}
		}
	}
	if n == 0 {
		b.WriteString("\n# Nothing to cure.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func oneLine(s string) string { return strings.ReplaceAll(escape.Text(s), "\n", " ") }

// isCommand: the first word is one that the cures use, and nothing in capitals
// waits to be filled in.
func isCommand(f string) bool {
	if strings.ContainsAny(f, "\n\r") || escape.Text(f) != f && !strings.Contains(f, `\`) {
		return false
	}
	head, _, _ := strings.Cut(f, "   #")
	words := strings.Fields(head)
	if len(words) == 0 || !word("ip bridge sysctl nft iptables ip6tables iptables-legacy ip6tables-legacy firewall-cmd ufw ethtool iw systemctl semanage route ifconfig echo setcap tc ss", words[0]) {
		return false
	}
	for _, hole := range []string{"ADDRESS", "PREFIX", "IF", "PF", "N", "PROGRAM", "MEMBERS", "SOURCE", "ADDRESS/PREFIX"} {
		if word(strings.Join(words, " "), hole) {
			return false
		}
	}
	return true
}

// word reports whether list, words with blanks between, has w.
func word(list, w string) bool {
	for _, x := range strings.Fields(list) {
		if x == w {
			return true
		}
	}
	return false
}

func pad(s *Stream, st verdict.Status) string {
	return s.Status(st) + strings.Repeat(" ", max(0, 7-len(st)))
}

// wrapAt wraps text that begins at a column, on a terminal.
func wrapAt(s *Stream, text string, column int) string {
	if !s.TTY {
		return text
	}
	return Wrap(text, max(40, s.Width-column), strings.Repeat(" ", column))
}
