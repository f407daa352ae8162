package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/term"
	"muster/cmd/internal/view"
	"muster/internal/doctor"
	"muster/internal/expect"
	"muster/internal/hint"
	"muster/internal/verdict"
	"muster/tribes/provider"
	"muster/tribes/release"
	"muster/tribes/serverxml"
	"muster/tribes/tlspsk"
)

// providerFlags choose a provider that names the members, in place of multicast.
type providerFlags struct {
	dns        string
	kubernetes bool
}

func (f *providerFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.dns, "dns", "", "ask the DNS for this `NAME`, as CloudMembershipService does, and each receiver at the addresses")
	c.Flags().BoolVar(&f.kubernetes, "kubernetes", false, "ask the Kubernetes API for the pods, by environment and service account as Tomcat does")
}

// providerQuestion is what a provider is asked, and what is known beside it.
type providerQuestion struct {
	kind    provider.Kind
	name    string // of the DNS
	port    uint16
	release release.Release
	// node: a Tomcat of the cluster is here.
	node        bool
	readTimeout time.Duration
	psk         *tlspsk.Config
}

// question is what the flags ask for, else what a configuration with
// CloudMembershipService asks; ok is false where neither asks a provider.
func (f providerFlags) question(s *serverxml.Settings) (q providerQuestion, ok bool) {
	switch {
	case f.dns != "":
		q.kind, q.name = provider.DNS, f.dns
	case f.kubernetes:
		q.kind = provider.Kubernetes
	case s != nil && (s.Provider == string(provider.DNS) || s.Provider == string(provider.Kubernetes)):
		q.kind = provider.Kind(s.Provider)
	default:
		return q, false
	}
	if s != nil {
		q.port, q.node, q.readTimeout = s.TCPPort, true, s.ReadTimeout
	}
	return q, true
}

// look asks the provider alone.
func (q providerQuestion) look(ctx context.Context) *provider.Answer {
	h := thisHost(ctx)
	self := provider.Self{Host: h.Name, Addrs: h.Addrs, Local: h.Local, Err: h.Err}
	env := provider.ThisProcess()
	if q.node {
		env, _ = doctor.ProviderEnvironment()
	}
	settings := provider.Read(env)
	if q.kind == provider.Kubernetes {
		return provider.AskKubernetes(ctx, settings, self)
	}
	name := q.name
	if name == "" {
		name = settings.Service
	}
	return provider.AskDNS(ctx, net.DefaultResolver, name, settings, self)
}

// asked is what came of a question to a provider and to those that it named.
type asked struct {
	answer   *provider.Answer
	given    provider.Given
	verdicts []verdict.Verdict
}

// ask asks the provider, and then each receiver once or twice.
func (q providerQuestion) ask(ctx context.Context) asked {
	r := asked{answer: q.look(ctx), given: provider.Given{Port: q.port, Node: q.node, Release: q.release, ReadTimeout: q.readTimeout}}
	r.given.Replies = provider.Reach(ctx, r.answer.Named, q.port, q.psk)
	r.verdicts = r.answer.Judge(r.given)
	return r
}

// runProvider lists whom a provider names, and who of them answers.
func (a *app) runProvider(c *cobra.Command, q providerQuestion, expected expect.Expect, strict bool) error {
	begin := time.Now()
	if !a.quiet {
		where := map[provider.Kind]string{provider.DNS: "the DNS", provider.Kubernetes: "the Kubernetes API"}[q.kind]
		fmt.Fprintf(a.Err, "asking %s as CloudMembershipService does, then each receiver at port %d\n", where, q.port)
	}
	r := q.ask(c.Context())
	if c.Context().Err() != nil {
		return errInterrupted
	}
	members := r.answer.Members()
	there := []provider.Named{}
	for _, n := range members {
		if reply, ok := r.given.Replies[n.Addr]; ok && reply.OK() && !n.Here {
			there = append(there, n)
		}
	}
	own := ownHost()
	own.name = r.answer.Self.Host // of the pod
	wanted := own.others(expected)
	missing := wanted.Missing(len(there), func(i int) (addr netip.Addr, name string) { return there[i].Addr, there[i].Pod })
	a.judged(r.verdicts)
	sum := verdict.Summarize(r.verdicts)
	lines := term.NewLines(a.Out)
	var err error
	if a.json {
		err = view.ProviderJSON(lines, r.answer, r.given.Replies, q.port)
	} else {
		err = view.ProviderTable(a.Out, r.answer, r.given.Replies, q.port)
	}
	if err == nil {
		err = a.tellVerdicts(lines, r.verdicts)
	}
	if err == nil && a.json {
		err = lines.Write(providerSummary{
			Type: "summary", Summary: sum, Provider: string(q.kind), Question: r.answer.Question, Named: len(r.answer.Named) + r.answer.More, Members: len(members),
			Seen: len(there), Expected: wanted.Wanted(), Missing: append([]string{}, missing...), TookMS: time.Since(begin).Milliseconds(),
		})
	}
	switch {
	case err != nil:
		return err
	case sum.Fail > 0, strict && sum.Warn > 0, len(missing) > 0, len(there) < wanted.Count:
		return errNo
	case len(there) == 0 && sum.Unknown > 0:
		return errors.New("the provider names nobody else: whether the others are to be named is not known")
	}
	return nil
}

// providerSummary is the last JSON line of the members of a provider.
type providerSummary struct {
	Type string `json:"type"` // summary
	verdict.Summary
	Provider string   `json:"provider"` // kubernetes or dns
	Question string   `json:"question"` // the URL, or the name that the DNS was asked for
	Named    int      `json:"named"`    // entries in the answer
	Members  int      `json:"members"`  // of them, others that Tomcat takes for members
	Seen     int      `json:"seen"`     // of these, whose receivers answer
	Expected int      `json:"expected"`
	Missing  []string `json:"missing"` // expected by name, and not there
	TookMS   int64    `json:"took_ms"`
}

// providedMembers are the receivers of those that the provider names, for probe.
func (a *app) providedMembers(ctx context.Context, q providerQuestion) ([]string, error) {
	answer := q.look(ctx)
	again := "muster tribes members --server-xml FILE tells what is wrong with the question"
	if answer.Fault != nil {
		return nil, hint.Wrap(fmt.Errorf("asking the provider at %s: %w", answer.Question, answer.Fault), again)
	}
	members := answer.Members()
	if len(members) == 0 {
		return nil, hint.Wrap(fmt.Errorf("the provider at %s names nobody else", answer.Question), again)
	}
	var out []string
	for _, n := range members[:min(len(members), mostProbed)] {
		out = append(out, netip.AddrPortFrom(n.Addr, q.port).String())
	}
	if more := len(members) - len(out); more > 0 {
		a.note("%d more are named than are asked", more)
	}
	return out, nil
}
