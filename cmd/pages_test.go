package cmd

import (
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"muster/internal/verdict"
)

// codeSpan is a span that runs muster, in a page.
var codeSpan = regexp.MustCompile("`(?:sudo )?muster ([^`]*)`")

// unknownIn says what of a command line does not exist: its command, or a flag.
func unknownIn(line string) string {
	line, _, _ = strings.Cut(line, " #")
	line = strings.FieldsFunc(line+" ", func(r rune) bool { return r == '|' || r == ';' || r == '&' || r == '>' })[0]
	words := strings.Fields(line)
	if len(words) == 0 {
		return "no command"
	}
	root := Root()
	c, _, err := root.Find(words)
	if err != nil || c == root && !strings.HasPrefix(words[0], "-") {
		return "no command " + words[0]
	}
	if i := len(strings.Fields(c.CommandPath())) - 1; c.HasSubCommands() && i < len(words) && !strings.HasPrefix(words[i], "-") && words[0] != "completion" {
		return "no command " + words[i] + " in " + c.CommandPath()
	}
	for _, w := range words {
		name, _, _ := strings.Cut(w, "=")
		name = strings.TrimRight(name, ".,:)]")
		var f *pflag.Flag
		switch {
		case strings.HasPrefix(name, "--"):
			f = c.Flag(strings.TrimPrefix(name, "--"))
		case len(name) == 2 && name[0] == '-' && (name[1] < '0' || name[1] > '9'):
			if f = c.Flags().ShorthandLookup(name[1:]); f == nil {
				f = c.InheritedFlags().ShorthandLookup(name[1:])
			}
		default:
			continue
		}
		if f == nil && name != "--help" && name != "-h" && name != "--version" {
			return c.CommandPath() + " has no " + name
		}
	}
	return ""
}

// TestPagesNameCommands: every command, with its flags, that a page of the catalogue names
// exists; and every page says which of them finds it.
func TestPagesNameCommands(t *testing.T) {
	spans := 0
	for _, p := range verdict.All() {
		if codeSpan.FindString(p.FoundBy) == "" {
			t.Errorf("%s is found by no command: %q", p.ID, p.FoundBy)
		}
		for _, m := range codeSpan.FindAllStringSubmatch(p.Markdown, -1) {
			spans++
			if wrong := unknownIn(m[1]); wrong != "" {
				t.Errorf("%s: `muster %s`: %s", p.ID, m[1], wrong)
			}
		}
	}
	if spans < 200 {
		t.Errorf("only %d spans name a command: they are not looked for as they are written", spans)
	}
	for line, wrong := range map[string]string{
		"checks": "no command checks", "tribes member": "no command", "check --expct 3": "muster check has no --expct", "ping G -Z": "muster ping has no -Z",
		"check --expect=3 -i eth0": "", "mesh GROUP -d 5m | tee log": "",
	} {
		if got := unknownIn(line); !strings.HasPrefix(got, wrong) || (wrong == "") != (got == "") {
			t.Errorf("muster %s: %q, want %q", line, got, wrong)
		}
	}
}
