package tomcat

import (
	"context"
	"errors"
	"time"

	"muster/internal/verdict"
	"muster/tribes/cluster/membership"
	"muster/tribes/smoke"
)

// run is one run of the scenario.
type run struct {
	Config
	nodes  []*node
	app    App
	wire   *wire // nil: HTTP alone
	report Report
	s1, s2 *life
	// suspects are what a failed step speaks for; see Judge.
	suspects  suspects
	began     time.Time
	marks     []smoke.Mark // of the current step
	overtaken int          // changes that did not arrive, though the next one did
	alone     string       // why the cluster's own protocol is not looked at
}

// step is one entry of a scenario.
type step struct {
	name func(*run) string
	do   func(ctx context.Context, r *run, detail map[string]any) error
}

// skipped is the reason why a step was not tried.
type skipped string

func (s skipped) Error() string { return string(s) }

// Run goes through the scenario and reports each step. The error is nil when it
// could be tried, whatever came of it.
func Run(ctx context.Context, cfg Config) (Report, error) {
	if err := cfg.complete(); err != nil {
		return Report{}, err
	}
	r := &run{Config: cfg, app: cfg.App, alone: "--http-only"}
	for i := range cfg.URLs {
		r.nodes = append(r.nodes, newNode(i, &cfg))
	}
	if err := r.distinct(ctx); err != nil {
		return Report{}, err
	}
	plan := Plan{}
	if cfg.Cluster != nil {
		var err error
		r.wire, err = join(ctx, cfg.Cluster)
		var old *membership.Tomcat55Error
		switch {
		case errors.As(err, &old) && !cfg.Guest:
			// HTTP alone tells then: no step may look for members.
			r.Cluster, r.alone = nil, "a Tomcat 5.5 is in the group, which hears nothing for half a second after each heartbeat of ours"
			plan.Notes = []string{old.Error() + "; the sessions are tried by HTTP alone"}
		case err != nil:
			return Report{}, err
		default:
			defer r.wire.leave()
			plan.Guest, plan.Notes = r.wire.node, r.wire.node.Notes
			plan.Interface = r.wire.node.Interface
			plan.Group.Addr, plan.Group.Port, plan.Group.Count = cfg.Cluster.Group.Addr(), cfg.Cluster.Group.Port(), 1
		}
	}
	steps := scenario
	if cfg.Guest {
		steps = guestScenario
	}
	plan.Nodes, plan.Planned = len(cfg.URLs), len(steps)
	for _, s := range steps {
		plan.Names = append(plan.Names, s.name(r))
	}
	r.report.Plan = plan.Plan
	cfg.OnStart(plan)
	r.began = time.Now()
	for i, s := range steps {
		st := smoke.Step{Number: i + 1, Name: plan.Names[i], Detail: map[string]any{}}
		at := time.Now()
		err := s.do(ctx, r, st.Detail)
		st.Took, st.Marks, r.marks = time.Since(at), r.marks, nil
		if ctx.Err() != nil {
			r.report.Took = time.Since(r.began)
			return r.report, ctx.Err()
		}
		var skip skipped
		if errors.As(err, &skip) {
			st.Skipped = string(skip)
			r.report.Skipped++
		} else {
			st.Err = err
		}
		r.report.Steps = append(r.report.Steps, st)
		cfg.OnStep(st)
		if st.Err != nil {
			r.report.Failed = &st
			break
		}
	}
	r.judge(ctx)
	r.report.Took = time.Since(r.began)
	return r.report, nil
}

// mark notes what a node has just done, for the picture of the run. Muster itself
// has no row in it.
func (r *run) mark(node int, deed smoke.Deed, set string) {
	if node != itself {
		r.marks = append(r.marks, smoke.Mark{At: time.Since(r.began), Step: len(r.report.Steps) + 1, Node: node, Deed: deed, Set: set})
	}
}

// judge says what is behind a failure, and what is worth knowing of a success.
func (r *run) judge(ctx context.Context) {
	facts := r.facts(ctx)
	r.report.Half, r.report.Verdicts = Judge(facts)
	if r.report.Failed == nil && verdict.Summarize(r.report.Verdicts).Status == verdict.Fail {
		r.report.Failed = &r.report.Steps[len(r.report.Steps)-1]
	}
	r.advised(ctx)
}
