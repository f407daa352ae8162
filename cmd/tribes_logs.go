package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/term"
	"muster/cmd/internal/view"
	"muster/internal/hint"
	"muster/internal/verdict"
	"muster/tribes/logs"
)

type logsOptions struct {
	files        []string
	nodes        []string // NAME=FILE
	since, until string
	all          bool
	follow       bool
	duration     time.Duration
	strict       bool
}

func newTribesLogsCmd(a *app) *cobra.Command {
	o := logsOptions{}
	c := &cobra.Command{
		Use:   "logs FILE...",
		Short: "read catalina.out of one node or several: a timeline, who saw whom, what is wrong",
		Long: `Reads the logs of Tomcats of any release from 5.5 to 11, as java.util.logging,
logback, log4j, Spring Boot or JSON wrote them, in any language that Tomcat
speaks, packed by gzip or with what docker compose, kubectl or journald put
before each line. FILE may be - and may be a pattern; rotated files of one log
(catalina.out.1.gz, catalina.2026-11-29.log) belong together. Each other file is
a node of its own, or what --node says.

The logs of several nodes become one timeline: by the alive times that heartbeats
carry, differences of the clocks are found, told and taken out. What both logs
say together decides what one alone cannot. What a log does not tell is named,
with the command that does. Nothing is sent, no privilege is needed.`,
		Example: `  # what happened on this node
  muster tribes logs /var/log/tomcat10/catalina.out

  # both nodes on one clock: who lost whom, and why
  muster tribes logs --node shop1=n1/catalina.out --node shop2=n2/catalina.out

  # while it happens, on both nodes; rotation does not end it
  muster tribes logs --follow n1/catalina.out n2/catalina.out

  # only the last hour, from the journal
  journalctl -u tomcat10 | muster tribes logs --since 1h -`,
		RunE: func(c *cobra.Command, args []string) error {
			o.files = args
			if err := positive(c, "duration", o.duration); err != nil {
				return err
			}
			return runTribesLogs(c.Context(), a, o)
		},
	}
	f := c.Flags()
	f.StringArrayVar(&o.nodes, "node", nil, "a log and the node that it is of: `NAME=FILE`; repeatable")
	f.BoolVarP(&o.follow, "follow", "f", false, "go on with what is written to the files, also when they are rotated, until Ctrl-C")
	f.DurationVarP(&o.duration, "duration", "d", 0, "with --follow: end after this `time`")
	f.StringVar(&o.since, "since", "", "leave out what was before this `TIME`: 2026-11-29T17:00:00, 17:00, or an hour before the end as 1h")
	f.StringVar(&o.until, "until", "", "leave out what came after this `TIME`")
	f.BoolVar(&o.all, "all", false, "show every event, settings and applications too")
	a.judging(c, &o.strict)
	return c
}

func runTribesLogs(ctx context.Context, a *app, o logsOptions) error {
	if o.duration > 0 && !o.follow {
		return usagef("--duration goes with --follow: without it the files are read to their ends")
	}
	inputs, err := o.inputs(a)
	if err != nil {
		return err
	}
	began := time.Now()
	bounds, err := logs.ParseBounds(o.since, o.until)
	if err != nil {
		return usagef("%w", err)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(50)) // logs are large, and memory is for the Tomcat beside
	options := logs.Options{Inputs: inputs, Bounds: bounds}
	if o.follow {
		return o.followLogs(ctx, a, options)
	}
	r, err := logs.Run(ctx, options)
	if err != nil {
		return err
	}
	if a.json {
		err = printLogsJSON(a, r, time.Since(began))
	} else {
		err = (&view.LogsText{All: o.all, Quiet: a.quiet}).Render(a.Out, r)
	}
	if err != nil {
		return err
	}
	a.judged(r.Verdicts)
	if len(r.Errors) > 0 {
		return errors.Join(r.Errors...)
	}
	return checkStatus(verdict.Summarize(r.Verdicts), r.Verdicts, o.strict)
}

func printLogsJSON(a *app, r *logs.Result, took time.Duration) error {
	out := term.NewLines(a.Out)
	var lines []any
	for _, n := range r.Nodes {
		lines = append(lines, view.NewLogNode(n))
	}
	for i := range r.Events {
		lines = append(lines, view.NewLogEvent(r.Events[i]))
	}
	for i := range r.Pairs {
		lines = append(lines, view.NewLogPair(&r.Pairs[i]))
	}
	for _, v := range r.Verdicts {
		lines = append(lines, view.NewVerdict(v))
	}
	for _, l := range append(lines, view.NewLogSummary(r, took)) {
		if err := out.Write(l); err != nil {
			return err
		}
	}
	return nil
}

// inputs are the files of the command line, patterns resolved.
func (o logsOptions) inputs(a *app) ([]logs.Input, error) {
	var out []logs.Input
	add := func(node, file string) error {
		names := []string{file}
		if file != "-" && strings.ContainsAny(file, "*?[") {
			if _, err := os.Stat(file); err != nil {
				found, err := filepath.Glob(file)
				if err != nil || len(found) == 0 {
					return fmt.Errorf("no file fits %s", file)
				}
				names = found
			}
		}
		for _, n := range names {
			out = append(out, logs.Input{Name: n, Node: node, Open: openLog(a, n)})
		}
		return nil
	}
	for _, s := range o.nodes {
		node, file, ok := strings.Cut(s, "=")
		if !ok || node == "" || file == "" {
			return nil, usagef("--node %q: want NAME=FILE", s)
		}
		if err := add(node, file); err != nil {
			return nil, err
		}
	}
	for _, f := range o.files {
		if err := add("", f); err != nil {
			return nil, err
		}
	}
	if len(out) == 0 {
		return nil, usagef("tribes logs needs a file: muster tribes logs catalina.out")
	}
	return out, nil
}

func openLog(a *app, name string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		if name == "-" {
			return io.NopCloser(a.In), nil
		}
		f, err := os.Open(name)
		if err != nil {
			if errors.Is(err, os.ErrPermission) {
				err = hint.Wrap(err, "sudo muster tribes logs "+name)
			}
			return nil, fmt.Errorf("reading a log: %w", err)
		}
		if info, err := f.Stat(); err == nil && info.IsDir() {
			f.Close()
			return nil, hint.Wrap(fmt.Errorf("reading a log: %s is a folder", name), "muster tribes logs "+filepath.Join(name, "catalina.*"))
		}
		return f, nil
	}
}
