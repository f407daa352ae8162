package main

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// rules are those of the house: what a room must not import, and why. A
// rule covers the packages below its room too; test files are free.
var rules = []struct {
	room   string
	never  []string
	except []string // packages below the room that may
	why    string
}{
	{"muster/mcast", []string{"muster/ping", "muster/sniff", "muster/routecheck", "muster/tribes", "muster/internal/doctor"}, nil,
		"mcast is the bottom: everything stands on it"},
	{"muster/tribes", []string{"muster/ping", "muster/sniff", "muster/routecheck", "muster/internal/doctor"}, nil,
		"the protocol does not know who looks at it"},
	{"muster/ping", []string{"muster/tribes", "muster/sniff", "muster/routecheck", "muster/internal/doctor"}, nil,
		"reachability is older than any cluster protocol"},
	{"muster/routecheck", []string{"muster/ping", "muster/sniff", "muster/tribes", "muster/internal/doctor"}, nil,
		"facts of the host are judged without live traffic"},
	{"muster/routecheck/facts", []string{"muster/routecheck/collect", "muster/routecheck/judge", "muster/internal/verdict", "muster/internal/netlink"}, nil,
		"facts are data: saved here, judged anywhere"},
	{"muster/routecheck/judge", []string{"muster/routecheck/collect", "muster/internal/netlink", "os"}, nil,
		"the checks are pure functions of facts"},
	{"muster/routecheck/collect", []string{"muster/routecheck/judge", "muster/internal/verdict"}, nil,
		"what is read does not know what follows from it"},
	{"muster/sniff", []string{"muster/ping", "muster/routecheck", "muster/internal/doctor"}, nil,
		"packets speak for themselves"},
	{"muster/internal/doctor", []string{"muster/cmd"}, nil,
		"the doctor asks rooms and does not print"},
	{"muster/tribes/tlspsk", []string{"muster"}, nil,
		"TLS does not know what it carries"},
	{"muster/internal/verdict", []string{"muster/cmd", "muster/mcast", "muster/ping", "muster/sniff", "muster/routecheck", "muster/tribes", "muster/internal"}, nil,
		"a verdict does not know where it comes from; the pages of the catalogue are all that it reads"},
	{"muster/docs/checks", []string{"muster"}, nil,
		"pages are files; who reads them is internal/verdict"},
	{"muster", []string{"github.com/google/gopacket"}, []string{"muster/sniff"},
		"gopacket is the referee of the tests of header decoding; the binary does not carry it"},
	{"muster", []string{"github.com/spf13/cobra", "github.com/charmbracelet/lipgloss"}, []string{"muster/cmd", "muster", "muster/internal/gendocs"},
		"rooms return structs; only the command line parses flags and paints"},
	{"muster", []string{"go.yaml.in/yaml/v3"}, []string{"muster/tribes/provider/manifest"},
		"YAML is read in one place, where a stranger's file is bounded"},
	{"muster", []string{"text/template", "html/template"}, []string{"muster/internal/netlab"},
		"a template calls methods by name: with one, the linker keeps every method and the binary has two megabytes more"},
	{"muster", []string{"muster/internal/netlab"}, []string{"muster/internal/netlab"},
		"namespaces are for tests; the product never makes one"},
	{"muster", []string{"muster/cmd"}, []string{"muster", "muster/cmd", "muster/testscripts", "muster/internal/gendocs"},
		"rooms do not know the command line: imports point down"},
}

func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	seen := 0
	for dec.More() {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		seen++
		for _, rule := range rules {
			if !within(p.ImportPath, rule.room) || excepted(p.ImportPath, rule.except) {
				continue
			}
			for _, imp := range p.Imports {
				for _, never := range rule.never {
					if within(imp, strings.TrimSuffix(never, "/")) {
						t.Errorf("%s imports %s: %s", p.ImportPath, imp, rule.why)
					}
				}
			}
		}
	}
	if seen < 5 {
		t.Fatalf("go list named only %d packages", seen)
	}
}

func within(pkg, room string) bool { return pkg == room || strings.HasPrefix(pkg, room+"/") }

// excepted: "muster" alone means the main package, every other entry its whole room.
func excepted(pkg string, rooms []string) bool {
	for _, r := range rooms {
		if pkg == r || r != "muster" && within(pkg, r) {
			return true
		}
	}
	return false
}
