package cmd

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"muster/cmd/internal/term"
)

// The help of every command fits the terminal, and no word of it is lost or cut.
func TestHelpFits(t *testing.T) {
	for _, width := range []int{60, 80, 120, 200} {
		for _, line := range []string{"", "check", "doctor", "sniff", "mesh", "ping", "querier", "listen", "send", "smoke", "discover", "explain", "compare",
			"tribes", "tribes members", "tribes join", "tribes sessions", "tribes config", "tribes logs", "tribes probe", "tribes send", "tribes decode"} {
			help := func(tty bool) string {
				s, out, _ := term.Test("")
				s.Out.TTY, s.Out.Width = tty, width
				Run(context.Background(), append(strings.Fields(line), "--help"), s)
				return out.String()
			}
			whole, fits := help(false), help(true)
			if a, b := strings.Fields(whole), strings.Fields(fits); strings.Join(a, " ") != strings.Join(b, " ") {
				t.Errorf("muster %s --help at %d columns says something else", line, width)
			}
			flags := false
			for l := range strings.Lines(fits) {
				l = strings.TrimRight(l, "\n")
				flags = flags && l != "EXIT STATUS" || l == "Flags:"
				words := len(strings.Fields(l))
				if len(l) > width && (flags && words > 3 || words > 1 && !strings.HasPrefix(l, " ")) {
					t.Errorf("muster %s --help at %d columns: %q", line, width, l)
				}
			}
		}
	}
}

// The value of each flag has a noun as its name in the help, which no type of Go and no
// word of a sentence is.
func TestPlaceholdersAreNouns(t *testing.T) {
	no := []string{"string", "strings", "int", "uint", "float", "duration", "long", "often", "many", "yes"}
	everyCommand(Root(), func(c *cobra.Command) {
		for _, flags := range []*pflag.FlagSet{c.Flags(), c.PersistentFlags()} {
			flags.VisitAll(func(f *pflag.Flag) {
				if name, _ := pflag.UnquoteUsage(f); !f.Hidden && slices.Contains(no, name) {
					t.Errorf("%s --%s %s: what is that?", c.CommandPath(), f.Name, name)
				}
			})
		}
	})
}
