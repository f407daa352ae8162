package smoke

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

// run is one run of the scenario.
type run struct {
	Config
	nodes  []*process // by index; nil while a node is down
	ports  []uint16   // of their receivers, once they are known
	report Report
	began  time.Time
	mu     sync.Mutex
	marks  []Mark // of the current step
	// counter is how often the sessions of the current set were served.
	counter int32
}

// Run goes through the scenario and reports each step. The error is nil when
// the scenario could be tried, whatever came of it; no process outlives Run.
func Run(ctx context.Context, cfg Config) (Report, error) {
	if err := cfg.complete(); err != nil {
		return Report{}, err
	}
	r := &run{Config: cfg, nodes: make([]*process, cfg.Nodes), ports: make([]uint16, cfg.Nodes), report: Report{Plan: Plan{
		Nodes: cfg.Nodes, Manager: cfg.Manager, Interface: cfg.Interface, Group: cfg.Group, Planned: len(scenario),
	}}}
	for _, s := range scenario {
		r.report.Names = append(r.report.Names, s.name(r))
	}
	defer r.killAll()
	cfg.OnStart(r.report.Plan)
	r.began = time.Now()
	for i, s := range scenario {
		step := Step{Number: i + 1, Name: r.report.Names[i], Detail: map[string]any{}}
		at := time.Now()
		step.Err = s.do(ctx, r, step.Detail)
		step.Took, step.Marks = time.Since(at), r.takeMarks()
		if ctx.Err() != nil {
			r.report.Took = time.Since(r.began)
			return r.report, ctx.Err()
		}
		r.report.Steps = append(r.report.Steps, step)
		cfg.OnStep(step)
		if step.Err != nil {
			r.report.Failed = &step
			break
		}
	}
	r.report.Took = time.Since(r.began)
	return r.report, nil
}

// start starts node i and waits until its receiver listens and it has sent its
// first heartbeat.
func (r *run) start(ctx context.Context, i int) (line, error) {
	p, err := startProcess(NodeName(i), r.Command)
	if err != nil {
		return line{}, err
	}
	r.nodes[i] = p
	setup, err := json.Marshal(nodeConfig{
		Name: p.name, Interface: r.Interface.Name, Group: r.Group.String(), TCPPort: r.ports[i],
		FrequencyMS: r.Frequency.Milliseconds(), DropTimeMS: r.DropTime.Milliseconds(), StateDir: r.StateDir,
		Options: r.Options, Domain: r.Domain, Manager: r.Manager,
		EncryptionKey: hex.EncodeToString(r.EncryptionKey), EncryptionAlgorithm: r.EncryptionAlgorithm, EncryptionBare: r.EncryptionBare,
		DropDeltas: r.DropDeltas && i > 0, TLS: r.TLS,
	})
	if err != nil {
		return line{}, err
	}
	if _, err := p.in.Write(append(setup, '\n')); err != nil {
		return line{}, fmt.Errorf("node %s takes no commands: %w%s", p.name, err, p.err.because())
	}
	ctx, cancel := context.WithTimeout(ctx, slack)
	defer cancel()
	p.self, err = p.wait(ctx, 0, "that it is ready", func(l line) bool { return l.Event == eventReady })
	if err != nil {
		return line{}, err
	}
	if ap, err := netip.ParseAddrPort(p.self.Address); err == nil {
		r.ports[i] = ap.Port()
	}
	r.mark(i, Started, "")
	return p.self, nil
}

// up are the indices of the nodes that run.
func (r *run) up() []int {
	var is []int
	for i, p := range r.nodes {
		if p != nil {
			is = append(is, i)
		}
	}
	return is
}

// each calls f for every given node at once and joins the errors.
func each(is []int, f func(i int) error) error {
	errs := make([]error, len(is))
	var wg sync.WaitGroup
	for k, i := range is {
		wg.Go(func() { errs[k] = f(i) })
	}
	wg.Wait()
	var all error
	for _, err := range errs {
		switch {
		case all == nil:
			all = err
		case err != nil:
			all = fmt.Errorf("%w; %w", all, err)
		}
	}
	return all
}

// kill ends node i with SIGKILL.
func (r *run) kill(i int) {
	r.nodes[i].kill()
	r.nodes[i] = nil
	r.mark(i, Killed, "")
}

func (r *run) killAll() {
	for _, i := range r.up() {
		r.nodes[i].kill()
		r.nodes[i] = nil
	}
}
