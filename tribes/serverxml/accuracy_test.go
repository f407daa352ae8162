package serverxml

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"muster/internal/verdict"
)

var update = flag.Bool("update", false, "write docs/checks/config-accuracy.md")

const accuracyFile = "../../docs/checks/config-accuracy.md"

// accuracy is the table of the broken files for people.
func accuracy(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(`# How true is muster tribes config?

Each row is a sound server.xml with one mistake in it: what ` + "`muster tribes config`" + ` says, and what Tomcat 10.1.60 does
when it is started with it, in a network of its own. A start that fails ends the whole Tomcat, not only the cluster.

All of it is held by tests: ` + "`TestBrokenFiles`" + `, and ` + "`go test ./tribes/serverxml -run TestWhatTomcatDoes -every-start`" + `,
which starts a real Tomcat for each row, 129 with those below (without the flag, for those that it does not start with
or says something to). Where *its log says* is empty and it starts, its log has neither a WARNING nor a SEVERE line. The
last column is what it then has open: the groups that it has joined, its UDP ports (the membership) and its TCP ports
(the receiver has 4000, the Connector 8080).

| mistake | muster says | Tomcat | its log says | and has open |
| --- | --- | --- | --- | --- |
`)
	sockets := knownSockets()
	cell := func(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
	for _, c := range brokenFiles {
		var says []string
		for _, w := range c.want {
			f := strings.Fields(w)
			says = append(says, fmt.Sprintf("%s `%s`", f[1], f[0]))
		}
		if says == nil {
			says = []string{"nothing"}
		}
		log := c.says
		if log != "" {
			log = "`" + cell(log) + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", c.name, strings.Join(says, ", "), c.starts, log, opened(c.starts, sockets[c.name]))
	}
	b.WriteString(`
The packaged configuration with its cluster enabled, the how-to's configurations and those of the lab are started too:

| configuration | muster says | Tomcat | its log says | and has open |
| --- | --- | --- | --- | --- |
`)
	fmt.Fprintf(&b, "| the package's server.xml, cluster enabled | nothing (with a host name that is no loopback) | starts | | %s |\n", sockets["tomcat10-cluster.xml"])
	for _, h := range howTos {
		says := "nothing"
		if len(h.want) > 0 {
			var s []string
			for _, w := range h.want {
				f := strings.Fields(w)
				s = append(s, fmt.Sprintf("%s `%s`", f[1], f[0]))
			}
			says = strings.Join(s, ", ")
		}
		log := h.says
		if log != "" {
			log = "`" + log + "`"
		}
		fmt.Fprintf(&b, "| how-to: %s | %s | %s | %s | %s |\n", strings.TrimSuffix(h.name, ".xml"), says, h.starts, log, opened(h.starts, sockets[h.name]))
	}
	b.WriteString(`
## Each release

What one Tomcat of each release did with a configuration, and behind it what ` + "`muster tribes config --release`" + ` says.
"member" is one whose heartbeats another host heard and whose receiver it reached; "complains": with a WARNING or SEVERE
in its log. Some faults one Tomcat alone does not show: there a warning or a failure beside "member" is right. With IPv4
sockets (` + "`-Djava.net.preferIPv4Stack=true`" + `) one that is bound to its own address starts. ` + "`make starts`" + ` starts all of
them anew; ` + "`TestStarts`" + ` holds what is said against what they did.
`)
	b.WriteString(startsTable(t))
	return b.String()
}

func opened(o outcome, sockets string) string {
	if o != starts {
		return ""
	}
	return sockets
}

// Verify that the page shows the table as the tests have it.
func TestAccuracyPage(t *testing.T) {
	want := accuracy(t)
	if *update {
		if err := os.WriteFile(accuracyFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(accuracyFile)
	if err != nil {
		t.Skipf("the project's docs are not here: %v", err)
	}
	if string(got) != want {
		t.Errorf("%s is not up to date: go test ./tribes/serverxml -run TestAccuracyPage -update", accuracyFile)
	}
}

// Verify that every id has its page.
func TestPages(t *testing.T) {
	for _, id := range Checks {
		if _, ok := verdict.Find(id); !ok {
			t.Errorf("%s has no page", id)
		}
	}
}
