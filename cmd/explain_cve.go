package cmd

import (
	"fmt"
	"strings"
	"time"

	"muster/cmd/internal/term"
	"muster/internal/hint"
	"muster/internal/lazyregexp"
	"muster/tribes/release"
)

// cveNumber is the number of a published vulnerability.
var cveNumber = lazyregexp.New(`(?i)^CVE-\d{4}-\d{4,}$`)

// advisoryDocument is what explain prints of a CVE.
type advisoryDocument struct {
	Type      string          `json:"type"`
	CVE       string          `json:"cve"`
	Title     string          `json:"title"`
	Text      string          `json:"text"`
	Needs     string          `json:"needs"` // what must be there to be affected
	Published string          `json:"published,omitempty"`
	Exploited string          `json:"exploited,omitempty"` // since when it is known to be exploited
	Topic     string          `json:"topic"`               // the part of a cluster that it is about
	Ranges    []advisoryRange `json:"ranges"`
	Note      string          `json:"note,omitempty"`
	Trust     string          `json:"trust"` // how well it is founded: two sources, one, inferred, memory
	AsOf      string          `json:"as_of"` // the day of the table
}

// advisoryRange is the affected releases of one line.
type advisoryRange struct {
	Line  string `json:"line"`            // such as 9.0
	From  string `json:"from"`            // the first affected release
	To    string `json:"to"`              // the last
	Fixed string `json:"fixed,omitempty"` // the release that has the repair; none where the line gets none
}

func explainCVE(a *app, number string) error {
	adv, ok := release.FindAdvisory(number)
	if !ok {
		return hint.Wrap(fmt.Errorf("explain %s: it is none of the advisories about Tomcat's clusters that were known on %s", strings.ToUpper(number), release.AsOf),
			"https://tomcat.apache.org/security.html lists those of Tomcat")
	}
	doc := advisoryDocument{
		Type: "advisory", CVE: adv.CVE, Title: adv.Title, Text: adv.Text, Needs: adv.Needs, Published: adv.Published, Exploited: adv.Exploited,
		Topic: string(adv.Topic), Ranges: []advisoryRange{}, Note: adv.Note, Trust: string(adv.Trust), AsOf: release.AsOf,
	}
	for _, r := range adv.Ranges {
		doc.Ranges = append(doc.Ranges, advisoryRange{r.Line, fmt.Sprintf("%s.%d", r.Line, r.From), fmt.Sprintf("%s.%d", r.Line, r.To), r.Fixed})
	}
	if a.json {
		return term.Document(a.Out, doc)
	}
	return printAdvisory(a.Out, doc)
}

func printAdvisory(out *term.Stream, d advisoryDocument) error {
	var b strings.Builder
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-9s %s\n", name, term.Wrap(text, max(out.Width, 40), "          "))
		}
	}
	fmt.Fprintf(&b, "%s: %s\n", d.CVE, d.Title)
	line("what", d.Text)
	line("needs", d.Needs)
	line("published", d.Published)
	line("exploited", d.Exploited)
	for i, r := range d.Ranges {
		fixed := "fixed in " + r.Fixed
		if r.Fixed == "" {
			fixed = "not fixed in this line"
		}
		line(map[bool]string{true: "affected", false: ""}[i == 0], fmt.Sprintf("%s to %s; %s", r.From, r.To, fixed))
	}
	line("note", d.Note)
	asOf := d.AsOf
	if release.Stale(time.Now()) {
		asOf += ", more than a year ago: look for what was published since"
	}
	line("as of", asOf)
	_, err := fmt.Fprint(out, b.String())
	return err
}
