package cmd

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/view"
	"muster/internal/escape"
	"muster/internal/verdict"
)

// reporting is what commands with verdicts give to other systems: a JUnit report, or
// one line and an exit status for a monitoring system.
type reporting struct {
	junit  string
	output string
	// what is known at the end
	command  string
	began    time.Time
	verdicts []verdict.Verdict
	stdout   io.Writer // where the line goes: the command itself prints nothing then
}

// judging adds the flags of every command with verdicts: --strict and --junit.
func (a *app) judging(c *cobra.Command, strict *bool) {
	c.Flags().BoolVar(strict, "strict", false, "exit status 1 for warnings too")
	c.Flags().StringVar(&a.report.junit, "junit", "", "write the verdicts as a JUnit report to `FILE`, too")
}

// outputFlag adds --output.
func (a *app) outputFlag(c *cobra.Command) {
	c.Flags().StringVar(&a.report.output, "output", "", "print one line for `SYSTEM`, nagios or checkmk, and exit as it wants")
}

// judged takes the verdicts of the command, for the reports.
func (a *app) judged(vs []verdict.Verdict) { a.report.verdicts = vs }

// begin looks at the flags of reporting before the command runs.
func (r *reporting) begin(a *app, c *cobra.Command) error {
	r.command, r.began = c.Name(), time.Now()
	switch r.output {
	case "":
	case "nagios", "checkmk":
		if a.json {
			return usagef("--output and --json exclude each other")
		}
		r.stdout = a.Out.Writer
		a.Out.Writer, a.Out.TTY, a.quiet = io.Discard, false, true
	default:
		return usagef("--output %q: say nagios or checkmk", r.output)
	}
	return nil
}

// end writes the reports of a command that ended with err, and returns the status to
// exit with.
func (r *reporting) end(err error) (status int, failed error) {
	status = exitStatus(err)
	if r.junit != "" && status != exitUsage {
		if e := r.writeJUnit(err); e != nil {
			return exitUnknown, e
		}
	}
	if r.stdout == nil {
		return status, nil
	}
	state, text := r.state(err)
	if r.output == "checkmk" {
		_, e := fmt.Fprintf(r.stdout, "%d \"muster %s\" - %s\n", state, r.command, text)
		return exitOK, e
	}
	s := verdict.Summarize(r.verdicts)
	_, e := fmt.Fprintf(r.stdout, "%s - %s | pass=%d warn=%d fail=%d unknown=%d\n",
		[]string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}[state], text, s.Pass, s.Warn, s.Fail, s.Unknown)
	return state, e
}

// state is that of Nagios and Checkmk: 0 good, 1 warning, 2 critical, 3 unknown; with a
// line about it.
func (r *reporting) state(err error) (int, string) {
	s := verdict.Summarize(r.verdicts)
	var told []string
	for _, id := range s.Causes {
		for _, v := range r.verdicts {
			if v.ID == id && v.Status.Bad() {
				told = append(told, string(id)+": "+v.Saw)
				break
			}
		}
	}
	text := strings.Join(told, "; ")
	if text == "" && err != nil && exitStatus(err) != exitNo {
		text = err.Error()
	}
	if text == "" {
		text = "muster " + r.command + " found nothing wrong"
		if exitStatus(err) == exitNo {
			text = "muster " + r.command + ": too few answered"
		}
	}
	text = strings.NewReplacer("|", "/", "\n", " ").Replace(escape.Text(text))
	switch {
	case exitStatus(err) == exitNo && s.Fail == 0 && s.Warn > 0:
		return 1, text // --strict: it stays what it is here
	case exitStatus(err) == exitNo:
		return 2, text
	case exitStatus(err) != exitOK:
		return 3, text
	case s.Warn > 0:
		return 1, text
	}
	return 0, text
}

func (r *reporting) writeJUnit(stopped error) error {
	f, err := os.Create(r.junit)
	if err != nil {
		return fmt.Errorf("--junit: %w", err)
	}
	if exitStatus(stopped) <= exitNo {
		stopped = nil
	}
	err = view.WriteVerdictsJUnit(f, "muster "+r.command, r.verdicts, r.began, stopped)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("write the JUnit report: %w", err)
	}
	return nil
}
