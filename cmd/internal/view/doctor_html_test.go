package view

import (
	"encoding/xml"
	"net/netip"
	"strings"
	"testing"
	"time"

	"muster/internal/doctor"
	"muster/internal/verdict"
)

// TestDoctorHTML: the page has every section, is well-formed, and shows what comes from
// elsewhere as text.
func TestDoctorHTML(t *testing.T) {
	const hostile = `<script>alert("1")</script>%s&`
	vs := []verdict.Verdict{
		verdict.New("route.none", verdict.Fail, verdict.Definite, hostile, "sending fails: "+hostile,
			verdict.Fix("ip route add 224.0.0.0/4 dev eth0"), verdict.Fix("a > b"), verdict.Next("look & see"),
			verdict.Evidence{What: hostile, Value: hostile, ReadFrom: hostile}),
		verdict.New("tribes.one-way", verdict.Fail, verdict.Likely, "", "follows"),
		verdict.New("igmp.no-querier", verdict.Unknown, verdict.Hint, "", "too short"),
	}
	vs[1].CausedBy = []verdict.ID{"route.none"}
	r := Doctor{Result: &doctor.Result{
		Summary: verdict.Summarize(vs), Verdicts: vs, Blind: []string{hostile}, Watched: 8 * time.Second,
		Members: []doctor.Member{{Addr: netip.MustParseAddrPort("10.77.0.11:4000"), Own: true, Heard: 16, From: hostile}},
	}, Took: 1234 * time.Millisecond}
	var b strings.Builder
	if err := r.HTML(&b, hostile, time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{
		"What is wrong", "What could not be told", "What follows from it", "Members", "What could not be asked",
		`<span class="fail">fail</span> on &lt;script&gt;`, "2 fail, 0 warn, 1 unknown, 0 pass", "2026-11-21 12:00:00 UTC", "watched for 8s, the whole took 1.2s",
		"<p>Fix:</p><pre>ip route add 224.0.0.0/4 dev eth0\na &gt; b\n</pre>", "<p>Next:</p><pre>look &amp; see\n</pre>", "10.77.0.11:4000 (this host)</td><td>16<",
		"&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;%s&amp;",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if strings.Contains(text, "<script") || strings.Contains(text, "%!") {
		t.Errorf("the page has what was only said:\n%s", text)
	}
	dec := xml.NewDecoder(strings.NewReader(text))
	dec.Strict, dec.AutoClose, dec.Entity = false, []string{"meta"}, xml.HTMLEntity
	depth := 0
	for {
		tok, err := dec.Token()
		if tok == nil {
			if depth != 0 {
				t.Errorf("%d elements stay open, %v", depth, err)
			}
			break
		}
		switch tok.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
}
