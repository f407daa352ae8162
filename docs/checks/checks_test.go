package checks

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"muster/internal/verdict"
)

// notPages are the files beside the pages.
var notPages = []string{"README.md", "messages.md", "accuracy.md", "config-accuracy.md"}

func TestIndexAndPagesAgree(t *testing.T) {
	index, err := files.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(files, "*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if slices.Contains(notPages, name) {
			continue
		}
		text, _ := files.ReadFile(name)
		p, err := parse(string(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if string(p.ID)+".md" != name {
			t.Errorf("%s: its head says %q", name, p.ID)
		}
		if !slices.Contains([]string{"fail", "warn", "info"}, p.Severity) {
			t.Errorf("%s: severity %q", name, p.Severity)
		}
		if !regexp.MustCompile(`^(definite|likely|hint)\b`).MatchString(p.Confidence) {
			t.Errorf("%s: confidence %q", name, p.Confidence)
		}
		row := "| [" + string(p.ID) + "](" + name + ") | " + p.Title + " | " + p.Severity + " | "
		if !strings.Contains(string(index), row) {
			t.Errorf("README.md has no row %q", row)
		}
	}
	if got, want := len(All()), 164; got != want {
		t.Errorf("the index names %d pages that exist, want %d", got, want)
	}
	for _, p := range All() {
		for _, h := range []string{"## What you see", "## Why", "## How to tell", "## What mends it"} {
			if section(p.Markdown, h) == "" {
				t.Errorf("%s has no section %q", p.ID, h)
			}
		}
	}
}

// TestLinks: an id named anywhere in the catalogue has its page.
func TestLinks(t *testing.T) {
	names, _ := fs.Glob(files, "*.md")
	families := map[string]bool{}
	for _, p := range All() {
		family, _, _ := strings.Cut(string(p.ID), ".")
		families[family] = true
	}
	id := regexp.MustCompile("`([a-z]+)\\.([a-z0-9-]+|\\*)`")
	for _, name := range names {
		text, _ := files.ReadFile(name)
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
			return m.Exact == c.exact && slices.ContainsFunc(m.Pages, func(id verdict.ID) bool { return string(id) == c.want })
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
