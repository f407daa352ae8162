package cmd

import (
	"net"
	"strings"
	"testing"
)

// TestCompletionOfValues: the shell is told the values of flags and arguments.
func TestCompletionOfValues(t *testing.T) {
	is, err := net.Interfaces()
	if err != nil || len(is) == 0 {
		t.Skip("needs an interface")
	}
	for line, want := range map[string]string{
		"ping -i ":                 is[0].Name,
		"check --interface ":       is[0].Name,
		"explain ":                 "route.none\t",
		"check --ignore ":          "igmp.no-querier\t",
		"check --only ":            "fw.input-drop\t",
		"check --profile ":         "jgroups",
		"check --release ":         "10.1",
		"tribes config --release ": "5.5",
		"mesh --output ":           "nagios",
		"tribes members --color ":  "never",
		"completion ":              "zsh",
		"help tribes ":             "members",
	} {
		args := append([]string{"__complete"}, strings.Split(line, " ")...)
		out, errs, _ := runLine(t, args...)
		if !strings.Contains("\n"+out, "\n"+want) {
			t.Errorf("%q completes to %q, not %q; %s", line, out, want, errs)
		}
	}
}
