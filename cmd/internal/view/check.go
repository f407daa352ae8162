package view

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"muster/cmd/internal/term"
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
	All      bool // a line for each check, not only for what is wrong or unknown
}

// JSON writes a line for each verdict and the summary.
func (r CheckReport) JSON(w io.Writer) error {
	lines := term.NewLines(w)
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
	{"Tomcat", "tribes config provider"},
}

// Text is for people: what is wrong or unknown, with its evidence and fix, and how
// many of each family are well; with All a line for each check besides; with Short
// only one line for what is wrong or unknown, and the sum.
func (r CheckReport) Text(s *term.Stream) error {
	var b strings.Builder
	r.head(&b)
	if r.Short {
		for _, v := range r.Verdicts {
			if v.Status.Bad() || v.Status == verdict.Unknown {
				b.WriteString(headline(s, v))
			}
		}
	} else {
		if wrong := wrongText(s, r.Verdicts); wrong != "" {
			b.WriteString("\n" + wrong)
		}
		if r.All {
			r.all(&b, s)
		} else {
			r.counts(&b, s)
		}
	}
	r.sum(&b, s)
	_, err := io.WriteString(s, s.Hang(b.String()))
	return err
}

// head says what was judged.
func (r CheckReport) head(b *strings.Builder) {
	h := r.Host
	q := h.Query
	what := fmt.Sprintf("%s port %d", q.Group, q.Port)
	if c := q.Cluster; c != nil && c.Static {
		what = fmt.Sprintf("TCP %d-%d, without multicast,", q.TCPPort, q.LastTCPPort())
	}
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

// all gives each verdict its line; those of one family that are skipped for one
// reason share one.
func (r CheckReport) all(b *strings.Builder, s *term.Stream) {
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
			fmt.Fprintf(b, "  %s  %s  %s\n", padStatus(s, v.Status), s.Dim(fmt.Sprintf("%-24s", strings.Join(ids[i], ", "))), escape.Text(v.Saw))
		}
	}
}

// counts gives each family a line: how many checks of it came out how.
func (r CheckReport) counts(b *strings.Builder, s *term.Stream) {
	b.WriteByte('\n')
	for _, f := range families {
		count := map[verdict.Status]int{}
		for _, v := range r.Verdicts {
			if family, _, _ := strings.Cut(string(v.ID), "."); word(f.words, family) {
				count[v.Status]++
			}
		}
		var parts []string
		for _, status := range []verdict.Status{verdict.Fail, verdict.Warn, verdict.Unknown, verdict.Pass, verdict.Skip} {
			if n := count[status]; n > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", n, status))
			}
		}
		if len(parts) > 0 {
			fmt.Fprintf(b, "%-27s %s\n", f.title, strings.Join(parts, ", "))
		}
	}
	b.WriteString(s.Dim("muster check --all shows each check") + "\n")
}

func (r CheckReport) sum(b *strings.Builder, s *term.Stream) {
	m := r.Summary
	text := fmt.Sprintf("%d pass, %d warn, %d fail, %d skip, %d unknown in %d ms", m.Pass, m.Warn, m.Fail, m.Skip, m.Unknown, r.TookMS)
	if len(m.Causes) > 0 {
		text = joinIDs(m.Causes) + "; " + text
	}
	if !r.Short {
		b.WriteByte('\n')
	}
	fmt.Fprintf(b, "%s: %s\n", Status(s, m.Status), text)
}

// Script prints the fixes as a shell script. Words that are no command stand as
// comments.
func (r CheckReport) Script(w io.Writer) error {
	var b strings.Builder
	b.WriteString("#!/bin/sh\n# Fixes that 'muster check' proposes. Read each, then run what you want.\n")
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
					f = "# " + shown(f)
				}
				b.WriteString(f + "\n")
			}
		}
	}
	if n == 0 {
		b.WriteString("\n# Nothing to fix.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func oneLine(s string) string { return strings.ReplaceAll(escape.Text(s), "\n", " ") }

// isCommand: the first word is one that the fixes use, and nothing in capitals
// waits to be filled in.
func isCommand(f string) bool {
	if shown(f) != f { // it would do something to a terminal
		return false
	}
	head, _, _ := strings.Cut(f, "   #")
	words := strings.Fields(head)
	if len(words) == 0 || words[0] != "hosts=$(sed" && !word("ip bridge sysctl nft iptables ip6tables iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy sed kill firewall-cmd ufw ethtool iw systemctl semanage route ifconfig echo setcap tc ss", words[0]) {
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
