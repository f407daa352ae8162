package verdict

import (
	"flag"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"muster/docs/checks"
)

// notPages are the files beside the pages.
var notPages = []string{"README.md", "messages.md", "accuracy.md", "config-accuracy.md"}

var update = flag.Bool("update", false, "write the rows of docs/checks/README.md")

func TestPages(t *testing.T) {
	names, err := fs.Glob(checks.Files, "*.md")
	if err != nil {
		t.Fatal(err)
	}
	pages := 0
	for _, name := range names {
		if slices.Contains(notPages, name) {
			continue
		}
		pages++
		id := ID(strings.TrimSuffix(name, ".md"))
		e, err := read(id)
		if err != nil || e.ID != id {
			t.Errorf("%s: its head says %q, %v", name, e.ID, err)
			continue
		}
		if !slices.Contains([]string{"fail", "warn", "info"}, e.Severity) {
			t.Errorf("%s: severity %q", name, e.Severity)
		}
		confidence := regexp.MustCompile(`^(definite|likely|hint)\b`).FindString(e.Confidence)
		if confidence == "" {
			t.Errorf("%s: confidence %q", name, e.Confidence)
		}
		if (confidence == "likely" || confidence == "hint") && len(e.Innocent) == 0 {
			t.Errorf("%s: it is %s, and no innocent explanation is named", name, confidence)
		}
		for _, x := range e.Explains {
			if _, ok := Find(x); !ok || x == id {
				t.Errorf("%s explains %q, which is no other entry", name, x)
			}
		}
		for _, h := range []string{"## What you see", "## Why", "## How to tell", "## How to fix it"} {
			if section(e.Markdown, h) == "" {
				t.Errorf("%s has no section %q", e.ID, h)
			}
		}
	}
	if got := len(All()); got != pages {
		t.Errorf("the index names %d pages that exist, of %d", got, pages)
	}
}

// TestNoCircles: nothing explains itself by way of others.
func TestNoCircles(t *testing.T) {
	var visit func(id ID, above []ID)
	visit = func(id ID, above []ID) {
		if slices.Contains(above, id) {
			t.Fatalf("a circle: %q explains %s", above, id)
		}
		e, _ := Find(id)
		for _, x := range e.Explains {
			visit(x, append(above, id))
		}
	}
	for _, e := range All() {
		visit(e.ID, nil)
	}
}

// TestIndex: the rows of README.md say what the heads of the pages say.
func TestIndex(t *testing.T) {
	text, err := checks.Files.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`(?m)^\| \[([a-z0-9.-]+)\]\(.*$`)
	want := row.ReplaceAllStringFunc(string(text), func(s string) string {
		id := row.FindStringSubmatch(s)[1]
		e, ok := Find(ID(id))
		if !ok {
			t.Errorf("README.md has a row of %s, which has no page", id)
		}
		return "| [" + id + "](" + id + ".md) | " + e.Failure + " | " + e.Severity + " | " + e.Confidence + " | " + e.FoundBy + " |"
	})
	if want == string(text) {
		return
	}
	if *update {
		if err := os.WriteFile("../../docs/checks/README.md", []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Error("README.md is not up to date: go test ./internal/verdict -run TestIndex -update")
}

// TestLinks: an id named anywhere in the catalogue has its page.
func TestLinks(t *testing.T) {
	names, _ := fs.Glob(checks.Files, "*.md")
	families := map[string]bool{}
	for _, p := range All() {
		family, _, _ := strings.Cut(string(p.ID), ".")
		families[family] = true
	}
	id := regexp.MustCompile("`([a-z]+)\\.([a-z0-9-]+|\\*)`")
	for _, name := range names {
		text, _ := checks.Files.ReadFile(name)
		for _, m := range id.FindAllStringSubmatch(string(text), -1) {
			if !families[m[1]] || m[2] == "xml" || m[2] == "properties" {
				continue
			}
			if len(expand(m[1]+"."+m[2])) == 0 {
				t.Errorf("%s names %s, which has no page", name, m[0])
			}
		}
	}
}

func TestMessages(t *testing.T) {
	for _, c := range []struct {
		text  string
		want  string
		exact bool
	}{
		{"SEVERE: Unable to join multicast group, make sure your system has multicasting enabled.", "route.none", true},
		{"java.net.SocketException: Network is unreachable", "route.none", true},
		{"INFO: Verification complete. Member disappeared[org.apache.catalina...]", "tribes.half-open", true},
		{"Recovery attempt number [7] failed. Trying again in [5000] seconds.", "tribes.not-joined", true},
		{"bind: address already in use", "sock.port-in-use", true},
		{"Received memberDisappeared[org.x] message. Will verify.", "tribes.gc-pause", true},
		{"it works only while tcpdump runs", "iface.nic-filter", true},
		{"multicast group join unable", "route.none", false},
		{"WireGuard tunnel nobody hears", "iface.point-to-point", false},
	} {
		got := Messages(c.text)
		if len(got) == 0 {
			t.Errorf("%q: nothing found", c.text)
			continue
		}
		found := slices.ContainsFunc(got, func(m Match) bool {
			return m.Exact == c.exact && slices.ContainsFunc(m.Pages, func(id ID) bool { return string(id) == c.want })
		})
		if !found {
			t.Errorf("%q: %+v, want %s (exact %v)", c.text, got, c.want, c.exact)
		}
	}
	for _, none := range []string{"", "zz", "the quick brown fox jumped"} {
		if got := Messages(none); len(got) != 0 {
			t.Errorf("%q: %+v, want nothing", none, got)
		}
	}
	for _, row := range messageTable() {
		if len(row.Pages) == 0 {
			t.Errorf("row %q leads nowhere", row.Text)
		}
	}
}
