package cmd

import (
	"net"

	"github.com/spf13/cobra"

	"muster/internal/verdict"
	"muster/tribes/release"
)

// completeValues lets the shell complete the values of the flags that all commands share.
func completeValues(c *cobra.Command) {
	for name, values := range map[string]cobra.CompletionFunc{
		"interface": completeInterfaces,
		"output":    cobra.FixedCompletions([]string{"nagios", "checkmk"}, cobra.ShellCompDirectiveNoFileComp),
		"color":     cobra.FixedCompletions([]string{"auto", "always", "never"}, cobra.ShellCompDirectiveNoFileComp),
		"options":   cobra.FixedCompletions([]string{"async", "ack", "sync-ack", "none"}, cobra.ShellCompDirectiveNoFileComp),
		"release":   completeReleases,
		"ignore":    completeIDs,
		"only":      completeIDs,
	} {
		if f := c.LocalFlags().Lookup(name); f != nil {
			_ = c.RegisterFlagCompletionFunc(name, values) // it fails for a flag that completes by itself
		}
	}
	for _, sub := range c.Commands() {
		completeValues(sub)
	}
}

// completeInterfaces are those of this host.
func completeInterfaces(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var out []string
	is, _ := net.Interfaces() // without them the shell completes nothing
	for _, i := range is {
		out = append(out, i.Name)
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// completeReleases are the branches of Tomcat.
func completeReleases(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var out []string
	for _, b := range release.Branches {
		out = append(out, b.Line)
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// completeIDs are the pages of the catalogue, with their titles.
func completeIDs(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var out []string
	for _, e := range verdict.All() {
		out = append(out, cobra.CompletionWithDesc(string(e.ID), e.Title))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
