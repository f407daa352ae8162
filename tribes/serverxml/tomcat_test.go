package serverxml

import (
	"flag"
	"regexp"
	"strings"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/tomcat"
)

// everyStart starts a Tomcat for the silent mistakes too, which takes minutes.
var everyStart = flag.Bool("every-start", false, "start a Tomcat with every broken file, also those to which it says nothing")

// Verify against a real Tomcat 10.1 what the tables say of it: for each broken
// file whether it starts, what its log says, and what it then has open. What it
// says nothing to must leave no warning.
func TestWhatTomcatDoes(t *testing.T) {
	base := testFile("base.xml")
	files := archive("howto.txtar")
	cases := append([]broken{{name: "sound", edit: func(s string) string { return s }, starts: starts}}, brokenFiles...)
	for _, h := range howTos {
		cases = append(cases, broken{name: h.name, edit: func(string) string { return files[h.name] }, starts: h.starts, says: h.says})
	}
	for name, content := range archive("lab.txtar") {
		if strings.HasPrefix(name, "delta") && !strings.Contains(name, "static") {
			cases = append(cases, broken{name: name, edit: func(string) string { return content }, starts: starts})
		}
	}
	cases = append(cases, broken{name: "tomcat10-cluster.xml", edit: func(string) string { return testFile("tomcat10-cluster.xml") }, starts: starts,
		files: map[string]string{"conf/tomcat-users.xml": "<tomcat-users/>"}})
	if m := tomcat.Missing(); m != "" {
		t.Skipf("tomcat: %s", m)
	}
	if *update {
		var names []string
		for _, c := range cases {
			names = append(names, c.name)
		}
		t.Cleanup(func() { writeSockets(t, names) })
	}
	for _, c := range cases {
		if c.starts == starts && c.says == "" && len(c.want) > 0 && !*everyStart {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, c.edit(base))
		})
	}
}

// noise are lines that have nothing to do with the configuration.
var noise = regexp.MustCompile(`AprLifecycleListener|APR|unregisterJmx|createSecureRandom|No global web\.xml|loadConfiguration|Failed to open stream`)

var complaint = regexp.MustCompile(`\b(WARNING|SEVERE)\b`)

func (c broken) run(t *testing.T, content string) {
	lab := netlab.New(t, netlab.Config{Hosts: 1})
	files := map[string]string{"conf/server.xml": content}
	for name, text := range c.files {
		files[name] = text
	}
	s := tomcat.Launch(t, lab.Host(1), tomcat.Config{Files: files, JVM: c.java})
	limit := 60 * time.Second
	if c.starts == hangs {
		limit = 20 * time.Second
	}
	up, ended := s.Outcome(limit)
	for end := time.Now().Add(5 * time.Second); up && c.says != "" && s.Count(regexp.QuoteMeta(c.says)) == 0 && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond) // some things it says after its start
	}
	got := hangs
	switch {
	case up:
		got = starts
	case ended:
		got = fails
	}
	var log, complaints []string
	for _, l := range s.Log() {
		log = append(log, l.Text)
		if complaint.MatchString(l.Text) && !noise.MatchString(l.Text) {
			complaints = append(complaints, l.Text)
		}
	}
	whole := strings.Join(log, "\n")
	if got != c.starts {
		t.Errorf("Tomcat %s, the table says that it %s\n%s", got, c.starts, whole)
	}
	switch {
	case c.says != "" && !strings.Contains(whole, c.says):
		t.Errorf("Tomcat does not say %q, but:\n%s", c.says, strings.Join(complaints, "\n"))
	case c.says == "" && c.starts == starts && len(complaints) > 0:
		t.Errorf("Tomcat complains, and the table says nothing of it:\n%s", strings.Join(complaints, "\n"))
	}
	if got == starts {
		holdSockets(t, lab.Host(1), c.name)
	}
}
