package view

import (
	"io"
	"slices"
	"sync"
	"text/template"
	"time"

	"muster/internal/verdict"
	"muster/ping/mesh"
)

// The page is made by text/template, and every value goes through its html function:
// html/template would make the binary a megabyte larger.

// HTML writes one self-contained page: no script, nothing from elsewhere, readable in
// light and dark, on a phone and on paper.
func (r Doctor) HTML(w io.Writer, name string, at time.Time) error {
	type matrixRow struct {
		Name  string
		Cells []string
	}
	page := struct {
		Doctor
		Name     string
		At       string
		Took     string
		Bad      []verdict.Verdict
		Rest     []verdict.Verdict
		Open     []verdict.Verdict
		Columns  []string
		Matrix   []matrixRow
		Watching string
	}{Doctor: r, Name: name, At: at.Format("2006-01-02 15:04:05 MST"), Took: r.Took.Round(100 * time.Millisecond).String(), Watching: r.Watched.Round(time.Second).String()}
	for _, id := range r.Summary.Causes {
		for _, v := range r.Verdicts {
			if v.ID == id && v.Status.Bad() {
				page.Bad = append(page.Bad, v)
			}
		}
	}
	for _, v := range r.Verdicts {
		switch {
		case v.Status.Bad() && !slices.Contains(r.Summary.Causes, v.ID):
			page.Rest = append(page.Rest, v)
		case v.Status == verdict.Unknown:
			page.Open = append(page.Open, v)
		}
	}
	if m := r.Mesh; m != nil && len(m.Nodes) > 1 && len(m.Nodes) <= 40 {
		for i, n := range m.Nodes {
			page.Columns = append(page.Columns, nodeLabel(n))
			row := matrixRow{Name: nodeLabel(n)}
			for j := range m.Nodes {
				cell := ""
				if i != j {
					cell = directionWord(m.Direction(j, i))
				}
				row.Cells = append(row.Cells, cell)
			}
			page.Matrix = append(page.Matrix, row)
		}
	}
	return doctorPage().Execute(w, page)
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
	case mesh.Never, mesh.Stopped:
		return "no"
	}
	return "not known"
}

var doctorPage = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("doctor").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>muster doctor: {{html .Summary.Status}} on {{html .Name}}</title>
<style>
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#57606a;--line:#d0d7de;--fail:#b3261e;--warn:#8a5a00;--pass:#1a6b33;--box:#f6f8fa}
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
</style></head><body>
<h1><span class="{{html .Summary.Status}}">{{html .Summary.Status}}</span> on {{html .Name}}</h1>
<p class="dim">muster doctor, {{html .At}}; the wire was watched for {{html .Watching}}, the whole took {{html .Took}}. {{html .Summary.Fail}} fail, {{html .Summary.Warn}} warn, {{html .Summary.Unknown}} unknown, {{html .Summary.Pass}} pass.</p>
{{define "verdict"}}<article class="{{html .Status}}"><h3><span class="{{html .Status}}">{{html .Status}}</span> {{html .Title}} <code>{{html .ID}}</code></h3>
<p>{{if .Subject}}<strong>{{html .Subject}}</strong>: {{end}}{{html .Saw}} <span class="dim">({{html .Confidence}})</span></p>
{{if .Evidence}}<dl>{{range .Evidence}}<dt>{{html .What}}</dt><dd>{{html .Value}} <span class="dim">{{html .ReadFrom}}</span></dd>{{end}}</dl>{{end}}
{{if .Fix}}<p>Fix:</p><pre>{{range .Fix}}{{html .}}
{{end}}</pre>{{end}}{{if .Next}}<p>Ask next:</p><pre>{{range .Next}}{{html .}}
{{end}}</pre>{{end}}</article>{{end}}
<h2>What is wrong</h2>
{{range .Bad}}{{template "verdict" .}}{{else}}<p>Nothing that could be seen from here.</p>{{end}}
{{if .Open}}<h2>What could not be told</h2>{{range .Open}}{{template "verdict" .}}{{end}}{{end}}
{{if .Rest}}<h2>What follows from it</h2>{{range .Rest}}{{template "verdict" .}}{{end}}{{end}}
{{if .Members}}<h2>Members</h2><div class="scroll"><table><tr><th>member</th><th>heartbeats</th><th>TCP</th><th>known by</th></tr>
{{range .Members}}<tr><td>{{html .Addr}}{{if .Own}} (this host){{end}}</td><td>{{html .Heard}}</td><td>{{html .TCP}}</td><td>{{html .From}}</td></tr>{{end}}</table></div>{{end}}
{{if .Matrix}}<h2>Who hears whom</h2><div class="scroll"><table><tr><th>hears</th>{{range .Columns}}<th>{{html .}}</th>{{end}}</tr>
{{range .Matrix}}<tr><th>{{html .Name}}</th>{{range .Cells}}<td>{{html .}}</td>{{end}}</tr>{{end}}</table></div>{{end}}
{{if .Blind}}<h2>What could not be asked</h2><ul>{{range .Blind}}<li>{{html .}}</li>{{end}}</ul>{{end}}
</body></html>
`))
})
