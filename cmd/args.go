package cmd

import (
	"strings"

	"github.com/spf13/cobra"
)

// The numbers of arguments that commands take. A wrong number is a usage error that
// shows what to write instead.

func noArgs(c *cobra.Command, args []string) error { return takes(c, args, 0, 0) }

func exactArgs(n int) cobra.PositionalArgs { return rangeArgs(n, n) }

func minArgs(n int) cobra.PositionalArgs { return rangeArgs(n, -1) }

// rangeArgs takes lo to hi arguments; -1 is any number.
func rangeArgs(lo, hi int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error { return takes(c, args, lo, hi) }
}

func takes(c *cobra.Command, args []string, lo, hi int) error {
	write := strings.TrimSuffix(c.CommandPath(), c.Name()) + c.Use
	switch {
	case len(args) < lo:
		return usagef("an argument is missing: write %s (see '%s --help')", write, c.CommandPath())
	case hi >= 0 && len(args) > hi:
		if hi == 0 {
			return usagef("%s takes no arguments; unexpected: %q (see '%s --help')", c.CommandPath(), args[hi], c.CommandPath())
		}
		return usagef("one argument too many: %q; write %s (see '%s --help')", args[hi], write, c.CommandPath())
	}
	return nil
}
