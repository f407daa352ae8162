package view

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
	"time"

	"muster/internal/doctor"
	"muster/internal/verdict"
	"muster/ping/mesh"
)

// HTML writes one self-contained page: no script, nothing from elsewhere, readable in
// light and dark, on a phone and on paper. It is written by code: a template would link
// text/template, whose calls of methods by name keep every method in the binary.
func (r Doctor) HTML(w io.Writer, name string, at time.Time) error {
	var p page
	p.add(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>muster doctor: %s on %s</title>
<style>
`, r.Summary.Status, name)
	p.WriteString(doctorStyle)
	p.add(`</style></head><body>
<h1><span class="%[1]s">%[1]s</span> on %[2]s</h1>
<p class="dim">muster doctor, %[3]s; the wire was watched for %[4]s, the whole took %[5]s. `, r.Summary.Status, name,
		at.Format("2006-01-02 15:04:05 MST"), r.Watched.Round(time.Second), r.Took.Round(100*time.Millisecond))
	p.add("%d fail, %d warn, %d unknown, %d pass.</p>\n", r.Summary.Fail, r.Summary.Warn, r.Summary.Unknown, r.Summary.Pass)
	bad, rest, open := r.sorted()
	p.WriteString("<h2>What is wrong</h2>\n")
	if len(bad) == 0 {
		p.WriteString("<p>Nothing that could be seen from here.</p>\n")
	}
	p.verdicts("", bad)
	p.verdicts("What could not be told", open)
	p.verdicts("What follows from it", rest)
	p.members(r.Members)
	p.matrix(r.Mesh)
	if len(r.Blind) > 0 {
		p.WriteString("<h2>What could not be asked</h2><ul>")
		for _, b := range r.Blind {
			p.add("<li>%s</li>", b)
		}
		p.WriteString("</ul>\n")
	}
	p.WriteString("</body></html>\n")
	_, err := w.Write(p.Bytes())
	return err
}

// sorted are the verdicts of the causes, those that follow from them, and those that could
// not be told.
func (r Doctor) sorted() (bad, rest, open []verdict.Verdict) {
	for _, id := range r.Summary.Causes {
		for _, v := range r.Verdicts {
			if v.ID == id && v.Status.Bad() {
				bad = append(bad, v)
			}
		}
	}
	for _, v := range r.Verdicts {
		switch {
		case v.Status.Bad() && !slices.Contains(r.Summary.Causes, v.ID):
			rest = append(rest, v)
		case v.Status == verdict.Unknown:
			open = append(open, v)
		}
	}
	return bad, rest, open
}

// page is the HTML written so far.
type page struct{ bytes.Buffer }

// add writes form with the values, each of which is text and no HTML.
func (p *page) add(form string, values ...any) {
	for i, v := range values {
		if _, number := v.(int); !number {
			values[i] = html.EscapeString(fmt.Sprint(v))
		}
	}
	fmt.Fprintf(p, form, values...)
}

// verdicts writes a section where there is one; the caller has written the heading of one
// without a title.
func (p *page) verdicts(title string, vs []verdict.Verdict) {
	if len(vs) > 0 && title != "" {
		p.add("<h2>%s</h2>\n", title)
	}
	for _, v := range vs {
		p.verdict(v)
	}
}

func (p *page) verdict(v verdict.Verdict) {
	p.add(`<article class="%[1]s"><h3><span class="%[1]s">%[1]s</span> %[2]s <code>%[3]s</code></h3>`+"\n<p>", v.Status, v.Title, v.ID)
	if v.Subject != "" {
		p.add("<strong>%s</strong>: ", v.Subject)
	}
	p.add(`%s <span class="dim">(%s)</span></p>`+"\n", v.Saw, v.Confidence)
	if len(v.Evidence) > 0 {
		p.WriteString("<dl>")
		for _, e := range v.Evidence {
			p.add(`<dt>%s</dt><dd>%s <span class="dim">%s</span></dd>`, e.What, e.Value, e.ReadFrom)
		}
		p.WriteString("</dl>\n")
	}
	p.commands("Fix", v.Fix)
	p.commands("Next", v.Next)
	p.WriteString("</article>\n")
}

func (p *page) commands(title string, lines []string) {
	if len(lines) > 0 {
		p.add("<p>%s:</p><pre>%s\n</pre>", title, strings.Join(lines, "\n"))
	}
}

func (p *page) members(ms []doctor.Member) {
	if len(ms) == 0 {
		return
	}
	p.WriteString("<h2>Members</h2><div class=\"scroll\"><table><tr><th>member</th><th>heartbeats</th><th>TCP</th><th>known by</th></tr>\n")
	for _, m := range ms {
		own := ""
		if m.Own {
			own = " (this host)"
		}
		p.add("<tr><td>%s%s</td><td>%v</td><td>%v</td><td>%v</td></tr>", m.Addr, own, m.Heard, m.TCP, m.From)
	}
	p.WriteString("</table></div>\n")
}

// widestMatrix is how many nodes a page has room for.
const widestMatrix = 40

// matrix writes who hears whom: a row for each node that hears.
func (p *page) matrix(m *mesh.Report) {
	if m == nil || len(m.Nodes) < 2 || len(m.Nodes) > widestMatrix {
		return
	}
	p.WriteString("<h2>Who hears whom</h2><div class=\"scroll\"><table><tr><th>hears</th>")
	for _, n := range m.Nodes {
		p.add("<th>%s</th>", nodeLabel(n))
	}
	p.WriteString("</tr>\n")
	for i, n := range m.Nodes {
		p.add("<tr><th>%s</th>", nodeLabel(n))
		for j := range m.Nodes {
			cell := ""
			if i != j {
				cell = directionWord(m.Direction(j, i))
			}
			p.add("<td>%s</td>", cell)
		}
		p.WriteString("</tr>")
	}
	p.WriteString("</table></div>\n")
}

func nodeLabel(n mesh.NodeInfo) string {
	if n.Name == "" {
		return n.Address()
	}
	return n.Name + " " + n.Address()
}

// directionWord is how the row's node hears the column's.
func directionWord(a mesh.Direction) string {
	switch a.State {
	case mesh.Heard:
		return "yes"
	case mesh.Ended:
		return "yes, until one left"
	case mesh.Never, mesh.Stopped:
		return "no"
	}
	return "not known"
}

const doctorStyle = `:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#57606a;--line:#d0d7de;--fail:#b3261e;--warn:#8a5a00;--pass:#1a6b33;--box:#f6f8fa}
@media (prefers-color-scheme:dark){:root{--bg:#11151a;--fg:#e6edf3;--dim:#9aa4af;--line:#30363d;--fail:#ff8a80;--warn:#f2c14e;--pass:#7ee2a0;--box:#1a2027}}
body{margin:0 auto;max-width:60rem;padding:1.5rem 1rem;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}.dim{color:var(--dim)}
.fail{color:var(--fail)}.warn{color:var(--warn)}.pass{color:var(--pass)}.unknown{color:var(--dim)}
article{border:1px solid var(--line);border-left:4px solid currentColor;border-radius:6px;padding:.75rem 1rem;margin:.75rem 0;background:var(--box);break-inside:avoid}
article>*{color:var(--fg)}article h3{margin:0;font-size:1rem}article p{margin:.35rem 0}
code,pre{font:13px/1.45 ui-monospace,monospace;overflow-wrap:anywhere}pre{white-space:pre-wrap;margin:.35rem 0;padding:.5rem;border:1px solid var(--line);border-radius:4px}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem}th,td{border:1px solid var(--line);padding:.3rem .5rem;text-align:left}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .75rem;margin:.35rem 0;font-size:.9rem}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
@media (max-width:30rem){dl{grid-template-columns:1fr}}
@media print{body{max-width:none;padding:0}article{background:none}}
`
