package serverxml

import (
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"testing"
)

// judge reads and checks one file and returns the findings as lines.
func judge(t *testing.T, content string, opts Options, given Given) []string {
	t.Helper()
	f, err := Read(Source{Name: "server.xml", Data: strings.NewReader(content), Mode: fs.FileMode(0o640), ModeKnown: true}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return lines(Check([]*File{f}, given))
}

func lines(fs []Finding) []string {
	var out []string
	for _, f := range fs {
		out = append(out, fmt.Sprintf("%s %s %s", f.ID, f.Status, f.Position))
	}
	return out
}

// labHost is the host that the files are judged for: like a fresh Debian, with
// the address that base.xml has.
var labHost = Given{Host: &Host{Name: "n1", Addrs: []netip.Addr{netip.MustParseAddr("127.0.1.1")},
	Local: []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("10.77.0.11")}}}

// Verify that each mistake is found, alone, and at its place.
func TestBrokenFiles(t *testing.T) {
	base := testFile("base.xml")
	if got := judge(t, base, Options{}, labHost); len(got) > 0 {
		t.Fatalf("base.xml is not clean: %q", got)
	}
	for _, c := range brokenFiles {
		t.Run(c.name, func(t *testing.T) {
			got := judge(t, c.edit(base), Options{}, labHost)
			if os.Getenv("PRINT_WANTS") != "" {
				fmt.Printf("W\t%s\t%s\n", c.name, strings.Join(got, "\t"))
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}
