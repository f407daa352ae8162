package cmd

import "github.com/spf13/cobra"

// noArgs and its like are cobra's, with errors that exit 2.
func noArgs(c *cobra.Command, args []string) error { return asUsage(cobra.NoArgs(c, args), c) }

func exactArgs(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error { return asUsage(cobra.ExactArgs(n)(c, args), c) }
}

func minArgs(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error { return asUsage(cobra.MinimumNArgs(n)(c, args), c) }
}

func rangeArgs(lo, hi int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error { return asUsage(cobra.RangeArgs(lo, hi)(c, args), c) }
}

func asUsage(err error, c *cobra.Command) error {
	if err == nil {
		return nil
	}
	return usagef("%w (see '%s --help')", err, c.CommandPath())
}
