package view

import (
	"errors"
	"fmt"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/internal/verdict"
	"muster/tribes/smoke/tomcat"
)

// StartTomcats tells what is about to be tried with real Tomcats, and where.
func (r *Smoke) StartTomcats(p tomcat.Plan) {
	if r.quiet {
		return
	}
	if p.Guest == nil {
		fmt.Fprintf(r.s.Err, "%s, by HTTP alone\n", term.Count(p.Nodes, "Tomcat"))
		return
	}
	fmt.Fprintf(r.s.Err, "%s; muster is a guest of their cluster: group %s on %s, receiver %s\n",
		term.Count(p.Nodes, "Tomcat"), p.Group, p.Interface, p.Guest.Receiver())
	for _, n := range p.Notes {
		fmt.Fprintf(r.s.Err, "note: %s\n", escape.Text(n))
	}
}

// CloseTomcats prints the outcome of a run with real Tomcats: the verdicts, then
// the summary.
func (r *Smoke) CloseTomcats(rep tomcat.Report) error {
	unknown := rep.Failed != nil && errors.Is(rep.Failed.Err, tomcat.ErrPage)
	if r.lines != nil {
		for _, v := range rep.Verdicts {
			r.lines.Write(NewVerdict(v))
		}
		s := r.summary(rep.Report)
		s.Half, s.Causes, s.Skipped = string(rep.Half), verdict.Causes(rep.Verdicts), rep.Skipped
		if unknown {
			s.Status = string(verdict.Unknown)
		}
		return r.lines.Write(s)
	}
	if unknown {
		return nil // the error of the command says it
	}
	fmt.Fprint(r.s.Out, VerdictsText(r.s.Out, rep.Verdicts))
	return r.Close(rep.Report)
}
