package cmd

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"muster/cmd/internal/term"
)

// runLine runs one command line on streams of its own.
func runLine(t *testing.T, args ...string) (out, errs string, status int) {
	t.Helper()
	s, o, e := term.Test("")
	status = Run(context.Background(), args, s)
	return o.String(), e.String(), status
}

// runLineOn runs a command line of words until ctx ends, which is Ctrl-C.
func runLineOn(ctx context.Context, line string) (out, errs string, status int) {
	s, o, e := term.Test("")
	status = Run(ctx, strings.Fields(line), s)
	return o.String(), e.String(), status
}

func everyCommand(c *cobra.Command, f func(*cobra.Command)) {
	f(c)
	for _, sub := range c.Commands() {
		everyCommand(sub, f)
	}
}

// TestOneVocabulary: a flag means the same in every command that has it: its letter,
// its kind of value, and what it takes.
func TestOneVocabulary(t *testing.T) {
	letters := map[string]string{"i": "interface", "c": "count", "d": "duration", "W": "wait", "q": "quiet", "v": "verbose", "r": "read", "w": "write", "h": "help"}
	kinds := map[string]string{
		"duration": "duration", "wait": "duration", "interval": "duration", "frequency": "duration", "drop-time": "duration",
		"strict": "bool", "junit": "string", "output": "string", "json": "bool", "color": "string", "quiet": "bool", "verbose": "bool",
		"server-xml": "string", "release": "string", "profile": "string", "group": "string", "port": "uint16", "tcp-port": "uint16",
		"auto-bind": "int", "bind": "string",
	}
	everyCommand(Root(), func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if want, ok := letters[f.Shorthand]; ok && f.Name != want {
				t.Errorf("%s: -%s is --%s, elsewhere --%s", c.CommandPath(), f.Shorthand, f.Name, want)
			}
			for letter, name := range letters {
				if f.Name == name && f.Shorthand != letter && !f.Hidden && name != "help" {
					t.Errorf("%s: --%s has no -%s", c.CommandPath(), name, letter)
				}
			}
			if want, ok := kinds[f.Name]; ok && f.Value.Type() != want {
				t.Errorf("%s: --%s takes a %s, elsewhere a %s", c.CommandPath(), f.Name, f.Value.Type(), want)
			}
			if f.Value.Type() != "duration" {
				return
			}
			for _, text := range []string{"4s", "0.5", "5m", "1500ms"} {
				if err := f.Value.Set(text); err != nil {
					t.Errorf("%s --%s %s: %v", c.CommandPath(), f.Name, text, err)
				}
			}
			if f.Name == "duration" || f.Name == "wait" {
				if err := f.Value.Set("4"); err != nil || f.Value.String() != "4s" {
					t.Errorf("%s --%s 4: %s, %v", c.CommandPath(), f.Name, f.Value, err)
				}
			}
		})
	})
}

// TestWrongValues: a value that cannot be is told in words of its kind, without those of
// the language that muster is written in.
func TestWrongValues(t *testing.T) {
	everyCommand(Root(), func(c *cobra.Command) {
		if c.Name() == "completion" || c.Name() == "help" || c.HasSubCommands() {
			return
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Value.Type() == "string" || strings.HasPrefix(f.Value.Type(), "string") {
				return
			}
			args := append(strings.Fields(c.CommandPath())[1:], "--"+f.Name+"=nonsense")
			_, errs, status := runLine(t, args...)
			if status != exitUsage {
				t.Errorf("%q: status %d, %s", args, status, errs)
			}
			for _, word := range []string{"strconv", "parsing", "time:", "invalid syntax"} {
				if strings.Contains(errs, word) {
					t.Errorf("%q says %q: %s", args, word, errs)
				}
			}
		})
	})
}

func TestWrongWords(t *testing.T) {
	for _, c := range []struct{ line, says string }{
		{"verson", "did you mean version?"},
		{"help nosuch", `unknown command "nosuch"`},
		{"help tribes nosuch", `unknown command "nosuch" for "muster tribes"`},
		{"completion nosuch", "bash, zsh, fish or powershell"},
		{"completion", "an argument is missing"},
		{"check extra", `muster check takes no arguments; unexpected: "extra"`},
		{"ping 239.1.1.1 --intervall 3s", "did you mean --interval?"},
		{"mesh 239.1.1.1 --output pigeon", "say nagios or checkmk"},
		{"querier -d x", "say a time such as 500ms, 3s, 5m, or seconds"},
	} {
		_, errs, status := runLine(t, strings.Fields(c.line)...)
		if status != exitUsage || !strings.Contains(errs, c.says) {
			t.Errorf("muster %s: status %d, %q, want %q", c.line, status, errs, c.says)
		}
	}
	for _, line := range []string{"--version", "version", "help", "help tribes join", "completion bash", "completion fish"} {
		if out, errs, status := runLine(t, strings.Fields(line)...); status != 0 || out == "" || errs != "" {
			t.Errorf("muster %s: status %d, %d bytes, %q", line, status, len(out), errs)
		}
	}
}

// TestSummaryAlways: the last JSON line is the one summary with its status, also where a
// command could not begin.
func TestSummaryAlways(t *testing.T) {
	for _, line := range []string{
		"check -i nosuch0", "doctor -i nosuch0", "node -i nosuch0", "send 239.1.1.1 -i nosuch0", "listen 239.1.1.1 -i nosuch0",
		"ping 239.1.1.1 -i nosuch0", "mesh 239.1.1.1 -i nosuch0", "querier -i nosuch0", "sniff -i nosuch0", "sniff -r nosuch.pcap",
		"tribes join -i nosuch0", "tribes members -i nosuch0", "tribes sessions -i nosuch0", "tribes send --all x -i nosuch0",
		"tribes logs nosuch.log", "smoke -i nosuch0", "discover -i nosuch0", "compare nosuch.xml nosuch.tar.gz", "check --from nosuch.json",
		"doctor --from nosuch.tar.gz", "tribes decode nosuch.bin", "tribes probe nosuch.invalid", "tribes send nosuch.invalid x",
		"mesh --server-xml nosuch.xml", "ping --server-xml nosuch.xml", "listen --server-xml nosuch.xml", "tribes members --server-xml nosuch.xml",
	} {
		out, errs, status := runLine(t, append(strings.Fields(line), "--json")...)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		var last struct{ Type, Status string }
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Type != "summary" || last.Status != "unknown" || status != exitUnknown {
			t.Errorf("muster %s: status %d, %q, %v; %s", line, status, out, err, errs)
		}
	}
}

// TestOutputs: one line for a monitoring system, and the verdicts as JUnit beside it.
func TestOutputs(t *testing.T) {
	report := filepath.Join(t.TempDir(), "report.xml")
	facts := filepath.Join(t.TempDir(), "facts.json")
	if _, errs, status := runLine(t, "check", "--save", facts); status != 0 {
		t.Fatal(errs)
	}
	out, _, status := runLine(t, "check", "--from", facts, "--output", "nagios", "--junit", report)
	if strings.Count(out, "\n") != 1 || !strings.Contains(out, " | pass=") || status < 0 || status > 3 {
		t.Errorf("status %d, %q", status, out)
	}
	states := []string{"OK - ", "WARNING - ", "CRITICAL - ", "UNKNOWN - "}
	if !strings.HasPrefix(out, states[status]) {
		t.Errorf("status %d goes with %q", status, out)
	}
	text, err := os.ReadFile(report)
	if err != nil || !strings.Contains(string(text), `classname="muster check"`) {
		t.Errorf("the report: %v\n%s", err, text)
	}
	out, _, status = runLine(t, "check", "--from", facts, "--output", "checkmk")
	if status != 0 || !strings.Contains(out, ` "muster check" - `) {
		t.Errorf("checkmk: status %d, %q", status, out)
	}
}
