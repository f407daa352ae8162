package cmd

import (
	"path/filepath"
	"strings"
	"testing"

	"muster/docs"
	"muster/internal/jsondoc"
)

// TestJSONOutput holds what commands print for recorded input against docs/json.md;
// the scripts in testscripts do it for what they see live.
func TestJSONOutput(t *testing.T) {
	page, err := jsondoc.Parse(docs.JSON)
	if err != nil {
		t.Fatal(err)
	}
	captures, err := filepath.Glob("../sniff/testdata/captures/*.pcap")
	if err != nil || len(captures) < 10 {
		t.Fatalf("captures: %v %v", captures, err)
	}
	type run struct{ command, args string }
	runs := []run{
		{"version", ""},
		{"explain", ""},
		{"explain", "route"},
		{"explain", "route.none"},
		{"explain", "228.0.0.4:45564"},
		{"explain", "239.255.255.250"},
		{"explain", "01:00:5e:00:00:04"},
		{"explain", ":45564"},
		{"explain", "ff02::1"},
		{"explain", "10.0.0.1"},
		{"explain", "Unable to join multicast group"},
		{"explain", "CVE-2026-34486"},
		{"check", ""},
		{"check", "--server-xml ../tribes/serverxml/testdata/tomcat10-cluster.xml"},
		{"tribes config", "../tribes/serverxml/testdata/tomcat10-cluster.xml ../tribes/serverxml/testdata/tomcat10-server.xml"},
	}
	for _, c := range captures {
		runs = append(runs, run{"sniff", "-r " + c}, run{"tribes sessions", "--values -r " + c})
	}
	seen := map[string]bool{}
	for _, r := range runs {
		t.Run(r.command+" "+r.args, func(t *testing.T) {
			args := append(strings.Fields(r.command), "--json")
			if r.command == "explain" && r.args != "" {
				args = append(args, r.args)
			} else {
				args = append(args, strings.Fields(r.args)...)
			}
			out, errs, status := runConfigLine(t, "", args...)
			if out == "" {
				t.Fatalf("status %d: %s", status, errs)
			}
			if err := page.Check(r.command, []byte(out)); err != nil {
				t.Error(err, jsonAdvice)
			}
			for _, l := range page.Lines {
				if l.Command == r.command && (strings.Contains(out, `"type":"`+l.Type+`"`) || strings.Contains(out, `"type": "`+l.Type+`"`)) {
					seen[l.Command+" "+l.Type] = true
				}
			}
		})
	}
	for _, l := range page.Lines {
		switch l.Command {
		case "version", "explain", "check", "tribes config", "sniff":
			if !seen[l.Command+" "+l.Type] && l.Type != "invalid" && l.Type != "fail_ack" { // no capture has one
				t.Errorf("no run of muster %s has shown its %q", l.Command, l.Type)
			}
		}
	}
}
