package cmd

import "github.com/spf13/cobra"

// newCompletionCmd prints what a shell needs to complete muster's words.
func newCompletionCmd(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "completion SHELL",
		Short: "print the completion of bash, zsh, fish or powershell",
		Long: `Prints a script that lets a shell complete commands, flags and their values: ids of
verdicts, interfaces, words that a flag takes.`,
		Example: `  # in this shell
  source <(muster completion bash)

  # for all shells to come
  muster completion bash | sudo tee /etc/bash_completion.d/muster`,
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		Args:      exactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.Out, true)
			case "zsh":
				return root.GenZshCompletion(a.Out)
			case "fish":
				return root.GenFishCompletion(a.Out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.Out)
			}
			return usagef("completion %q: say bash, zsh, fish or powershell", args[0])
		},
	}
	return c
}

// newHelpCmd is "muster help COMMAND".
func newHelpCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "print the help of a command",
		Long:  "Prints what COMMAND does, its flags, examples and exit statuses, as COMMAND --help does.",
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			at, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var out []string
			for _, sub := range at.Commands() {
				if sub.IsAvailableCommand() {
					out = append(out, sub.Name()+"\t"+sub.Short)
				}
			}
			return out, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			at, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 && at.HasSubCommands() {
				word := args[max(0, len(args)-max(1, len(rest)))]
				if at == nil {
					at = c.Root()
				}
				return commandGroupArgs(at, []string{word})
			}
			if len(rest) > 0 {
				return usagef("help %q: %s has no commands below it", rest[0], at.CommandPath())
			}
			return at.Help()
		},
	}
}
