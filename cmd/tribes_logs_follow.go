package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/cmd/internal/term"
	"muster/cmd/internal/view"
	"muster/internal/verdict"
	"muster/tribes/logs"
)

// followLogs prints what the logs hold, then what is new until Ctrl-C or its bound, and at the end
// all verdicts.
func (o logsOptions) followLogs(ctx context.Context, a *app, options logs.Options) error {
	began := time.Now()
	ctx, cancel := bounded(ctx, o.duration)
	defer cancel()
	out := term.NewLines(a.Out)
	text := &view.LogsText{All: o.all, Quiet: a.quiet}
	r, err := logs.Follow(ctx, options, func(u logs.Update) error {
		if !a.json {
			return text.Update(a.Out, u)
		}
		var lines []any
		if u.First {
			for _, n := range u.Result.Nodes {
				lines = append(lines, view.NewLogNode(n))
			}
		}
		for _, e := range u.Events {
			lines = append(lines, view.NewLogEvent(e))
		}
		for _, v := range u.Verdicts {
			lines = append(lines, view.NewVerdict(v))
		}
		for _, l := range lines {
			if err := out.Write(l); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if a.json {
		err = out.Write(view.NewLogSummary(r, time.Since(began)))
	} else {
		_, err = fmt.Fprint(a.Out, "\n"+view.VerdictsText(a.Out, r.Verdicts))
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
