// Package cmd is the command line: flags and arguments, one call into the room
// that knows, a renderer, and the one switch from errors to exit statuses. It
// opens no socket and reads no packet itself.
package cmd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/term"
)

// app is what every command shares: the streams and the words that mean the
// same everywhere.
type app struct {
	*term.Streams
	json    bool
	color   string
	quiet   bool
	verbose bool
	report  reporting
	closing *closing // of JSON lines; nil for text and for one document
}

// Main runs the command line of this process and returns its exit status.
func Main(args []string) int {
	s := term.System()
	ctx, stop := untilStopped(s)
	defer stop()
	status := Run(ctx, args, s)
	s.Flush()
	return status
}

// Run runs one command line on the given streams. A cancelled ctx is Ctrl-C.
func Run(ctx context.Context, args []string, s *term.Streams) int {
	own := *s
	own.In = interruptible(ctx, s.In)
	own.Err = s.Err.Hanging()
	a := &app{Streams: &own}
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	return a.end(err)
}

// end closes what a command that ended with err leaves, tells the error, and returns
// the exit status.
func (a *app) end(err error) int {
	report(a.Streams, err)
	if a.closing != nil && exitStatus(err) != exitUsage {
		if e := a.closing.end(err); e != nil && exitStatus(err) == exitOK {
			err = e
		}
	}
	status, e := a.report.end(err)
	if e != nil {
		report(a.Streams, e)
		return exitStatus(e)
	}
	return status
}

// Root is the whole command tree, for the generator of the man pages.
func Root() *cobra.Command { return (&app{Streams: term.System()}).root() }

// root is the command tree.
func (a *app) root() *cobra.Command {
	s := a.Streams
	printVersion := false
	root := &cobra.Command{
		Use:   "muster COMMAND",
		Short: "tell whether multicast and a Tomcat cluster work here, and if not, why",
		Long: `Muster tells, in seconds and with evidence, whether multicast and a Tomcat-style
cluster work on this node and between these nodes, and if not, why, and which
command fixes it.

GROUP is [SOURCE,]ADDRESS[:PORT][+NUM]; IPv6 goes in brackets when a port follows,
%zone is allowed, +NUM is a range of NUM groups upwards, and a SOURCE makes it
source-specific. Durations are written 500ms, 3s, 5m, or in plain seconds: 4, 0.5.`,
		SilenceErrors:              true,
		SuggestionsMinimumDistance: 2,
		SilenceUsage:               true,
		Args:                       commandGroupArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if printVersion {
				return a.printVersion()
			}
			return c.Help()
		},
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			if !a.SetColor(a.color) {
				return usagef("--color %q: say auto, always or never", a.color)
			}
			if a.json && !printsDocument(c) {
				a.closing = &closing{w: a.Out.Writer, began: time.Now()}
				a.Out.Writer = a.closing
			}
			return a.report.begin(a, c)
		},
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetFlagErrorFunc(flagError)
	root.Flags().BoolVar(&printVersion, "version", false, "print the version of this binary")
	p := root.PersistentFlags()
	p.BoolVar(&a.json, "json", false, "print JSON lines, the last one the summary")
	p.StringVar(&a.color, "color", "auto", "colours: `auto|always|never` (NO_COLOR is honoured)")
	p.BoolVarP(&a.quiet, "quiet", "q", false, "print results only")
	p.BoolVarP(&a.verbose, "verbose", "v", false, "log to stderr what is sent, received and dropped, and why")

	root.AddCommand(
		newDoctorCmd(a),
		newCompareCmd(a),
		newCheckCmd(a),
		newDiscoverCmd(a),
		newExplainCmd(a),
		newListenCmd(a),
		newMeshCmd(a),
		newNodeCmd(a),
		newPingCmd(a),
		newQuerierCmd(a),
		newSendCmd(a),
		newSniffCmd(a),
		newTribesCmd(a),
		newSmokeCmd(a),
		newVersionCmd(a),
		newCompletionCmd(a),
	)
	root.SetHelpCommand(newHelpCmd())
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpFunc(help)
	oneVocabulary(root)
	completeValues(root)
	return root
}

// commandGroupArgs refuses an unknown word where only a command may stand, and
// names the nearest ones.
func commandGroupArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	msg := "unknown command %q for %q"
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		return usagef(msg+"; did you mean %s?", args[0], c.CommandPath(), strings.Join(near, " or "))
	}
	return usagef(msg+" (see '%s --help')", args[0], c.CommandPath(), c.CommandPath())
}

// exitHelp closes every help page.
const exitHelp = `
EXIT STATUS
  0    yes: it works, or what was asked for was found
  1    no: a check failed, or too few answered
  2    the command line is wrong
  3    could not tell: permission, interface, system, nothing seen
  130  interrupted before a verdict
`

// help is written by code: a template would link text/template, whose calls of
// methods by name keep every exported method of the program in the binary
// (2 MB).
func help(c *cobra.Command, _ []string) {
	text := c.Long
	if text == "" {
		text = c.Short
	}
	usage := c.UsageString()
	if s, ok := c.OutOrStdout().(*term.Stream); ok && s.TTY {
		text, usage = narrowed(text, s.Width), s.Hang(usage)
	}
	fmt.Fprint(c.OutOrStdout(), strings.TrimRight(text, " \n"), "\n\n", usage, exitHelp)
}
