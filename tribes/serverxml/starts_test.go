package serverxml

import (
	"encoding/json"
	"flag"
	"fmt"

	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"muster/internal/netlab/tomcat"
	"muster/internal/verdict"
)

// What makes testdata/starts.json anew: some 500 starts, half an hour.
var (
	startEach = flag.String("start-each", "", "start a Tomcat with each configuration of TestStarts: of a `RELEASE`, or of \"all\"")
	startOnly = flag.String("start-only", "", "with -start-each: those whose names match this `REGEXP`, besides the sound one")
)

const startsFile = "testdata/starts.json"

// startReleases are those of which each configuration was started.
var startReleases = []string{"5.5.15", "6.0.45", "7.0.109", "8.5.92", "9.0.113", "10.1.56", "11.0.21"}

// did is what a Tomcat did with a configuration.
type did struct {
	// Outcome is "member", "no heartbeat", "not reached" (of another host), "does not
	// start" or "hangs".
	Outcome string `json:"outcome"`
	// Says are the lines above information that a sound file does not bring.
	Says []string `json:"says,omitempty"`
}

// startsOf are the configurations of a release with their contents.
func startsOf(release string) (cases []start, contents map[string]string) {
	base := testFile("base.xml")
	if cases = starts6; release == "5.5.15" {
		cases, base = starts5, testFile("tomcat5.xml")
	}
	contents = map[string]string{}
	for _, c := range cases {
		contents[c.name] = c.edit(base)
		if release == "6.0.45" || release == "7.0.109" {
			contents[c.name] = old(contents[c.name])
		}
	}
	return cases, contents
}

func knownStarts(t *testing.T) map[string]map[string]did {
	t.Helper()
	out := map[string]map[string]did{}
	b, err := os.ReadFile(startsFile)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil && *startEach == "" {
		t.Fatal(err)
	}
	return out
}

// Start a Tomcat of each release with each configuration, and write down what it did.
func TestStartEach(t *testing.T) {
	if *startEach == "" {
		t.Skip("-start-each is not given: it takes a quarter of an hour, and TestStarts reads what it wrote")
	}
	all := knownStarts(t)
	for _, r := range startReleases {
		if *startEach != "all" && *startEach != r {
			continue
		}
		_, contents := startsOf(r)
		if all[r] == nil {
			all[r] = map[string]did{}
		}
		only := regexp.MustCompile(*startOnly)
		maps.DeleteFunc(contents, func(name, _ string) bool { return name != "sound" && !only.MatchString(name) })
		started := tomcat.StartEach(t, r, contents)
		usual := map[string]bool{}
		for _, l := range started["sound"].Complaints {
			usual[worded(l)] = true
		}
		for name, s := range started {
			d := did{Outcome: s.String()}
			for _, l := range s.Complaints {
				if w := worded(l); len(d.Says) < mostSaid && !noise.MatchString(l) && !advice.MatchString(l) && !slices.Contains(d.Says, w) && (name == "sound" || !usual[w]) {
					d.Says = append(d.Says, w)
				}
			}
			all[r][name] = d
		}
	}
	b, err := json.MarshalIndent(all, "", " ")
	if err == nil {
		err = os.WriteFile(startsFile, append(b, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

const (
	mostSaid  = 8 // lines of one start
	mostWords = 240
)

// advice are lines that have to do with the algorithm that is the release's default, with
// JMX, or with the connection of who watches.
var advice = regexp.MustCompile(`It is recommended to switch to using|JmxRegistry|NotCompliantMBean|All BIO server replication threads are busy`)

// worded is a line of a log without its time and what differs from run to run.
func worded(l string) string {
	l = regexp.MustCompile(`^[\d:.]+ `).ReplaceAllString(l, "")
	l = regexp.MustCompile(`/\S*/(conf|webapps|work|temp)\b`).ReplaceAllString(l, "$1")
	l = strings.TrimPrefix(l, "Caused by: ")
	l = regexp.MustCompile(`@[0-9a-f]{5,}|\b\d{10,}\b|id=\{[^}]*\}`).ReplaceAllString(l, "")
	if len(l) > mostWords {
		l = strings.ToValidUTF8(l[:mostWords], "")
	}
	return strings.ToValidUTF8(l, "?")
}

// quoted are the words of a log that a finding tells.
var quoted = regexp.MustCompile(`(?:says|start|serves nothing) \(?"([^"]+)"`)

// Verify what is said of each configuration against what a Tomcat of each release did
// with it: fail where it does not start or is no member, a warning at least where its
// log complains, in the words of that log, and no fail where it runs.
func TestStarts(t *testing.T) {
	all := knownStarts(t)
	for _, r := range startReleases {
		cases, contents := startsOf(r)
		if len(cases) < 15 || len(all[r]) != len(cases) {
			t.Errorf("%s: %d configurations, of which %d were started: make starts", r, len(cases), len(all[r]))
		}
		v := releaseOf(t, r)
		for _, c := range cases {
			d, ok := all[r][c.name]
			if !ok {
				continue
			}
			fs, worst := judged(contents[c.name], v)
			got := worst
			if c.quiet && d.Outcome == "no heartbeat" {
				d.Outcome = "member"
			}
			want := "pass, warn"
			switch {
			case c.unseen != "":
				continue
			case d.Outcome != "member":
				want = "fail"
			case len(d.Says) > 0:
				want = "warn, fail"
			}
			if !strings.Contains(want, string(got)) {
				t.Errorf("%s, %s: %s %v, and it is said: %s (want %s)%s", r, c.name, d.Outcome, d.Says, got, want, told(fs))
			}
			cut := slices.ContainsFunc(d.Says, func(s string) bool { return len(s) > mostWords-4 })
			for _, f := range fs {
				if cut || len(d.Says) >= mostSaid {
					break // the words may be behind what is kept
				}
				for _, m := range quoted.FindAllStringSubmatch(f.Saw, -1) {
					words := strings.Split(m[1], "...")[0]
					if !slices.ContainsFunc(d.Says, func(s string) bool { return strings.Contains(s, words) }) {
						t.Errorf("%s, %s: the log has no %q, but %q", r, c.name, words, d.Says)
					}
				}
			}
		}
	}
}

// judged is what is said of a file, and the worst of it.
func judged(content string, v Version) ([]Finding, verdict.Status) {
	f, err := Read(source(content), Options{Version: v})
	if err != nil {
		return nil, verdict.Fail // said on stderr, exit status 1
	}
	worst := verdict.Pass
	fs := Check([]*File{f}, Given{})
	for _, x := range fs {
		switch {
		case x.Status == verdict.Fail, x.Status == verdict.Warn && worst == verdict.Pass:
			worst = x.Status
		}
	}
	return fs, worst
}

// startsTable is the page's table of them.
func startsTable(t *testing.T) string {
	t.Helper()
	all := knownStarts(t)
	var b strings.Builder
	for _, releases := range [][]string{startReleases[1:], startReleases[:1]} {
		fmt.Fprintf(&b, "\n| configuration | %s |\n|---|%s\n", strings.Join(releases, " | "), strings.Repeat("---|", len(releases)))
		cases, _ := startsOf(releases[0])
		for _, c := range cases {
			row := []string{c.name}
			for _, r := range releases {
				_, contents := startsOf(r)
				_, worst := judged(contents[c.name], releaseOf(t, r))
				d := all[r][c.name]
				cell := d.Outcome
				if cell == "member" && len(d.Says) > 0 {
					cell = "member, complains"
				}
				row = append(row, fmt.Sprintf("%s: %s", cell, worst))
			}
			fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		}
	}
	return b.String()
}
