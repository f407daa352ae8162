// Package doctor asks the questions of all rooms in the order in which an operator
// should, and makes of many symptoms the few causes that explain them: the host first,
// then the wire, then the members one by one, then what other nodes that run it say.
//
// It prints nothing and knows no flags. It sends what its rooms send and no more: the
// kernel's membership reports, the mesh's own datagrams, and a few TCP connections to
// receivers of members that it heard or was told of.
package doctor

import (
	"bytes"
	"context"
	"net/netip"
	"time"

	"muster/internal/expect"
	"muster/internal/verdict"
	"muster/ping/mesh"
	"muster/routecheck/facts"
	"muster/routecheck/judge"
	"muster/sniff"
	"muster/tribes/cluster/channel"
	"muster/tribes/release"
	"muster/tribes/serverxml"
)

// Watch is how long the wire is watched where nothing else is said: long enough for
// sixteen heartbeats of Tomcat's default frequency, short enough for ten seconds in all.
const Watch = 8 * time.Second

// Options say what is asked about.
type Options struct {
	// Query is the group, the ports and the interface.
	Query facts.Query
	// File is the server.xml of this host's Tomcat, Settings what follows from it; nil
	// where there is none or where it does not settle them.
	File         *serverxml.File
	Settings     *serverxml.Settings
	Applications []*serverxml.Application
	// Release is that of this host's Tomcat, where its files or the operator told it.
	Release release.Release
	// Logs are catalina logs of this node; none: those beside server.xml.
	Logs []string
	// Profile names another product that the group is of: then no Tomcat is asked for.
	Profile string
	// Wanted says which checks count; nil: all.
	Wanted func(verdict.ID) bool
	// Expect are the other members that are expected, by number or by name.
	Expect expect.Expect
	// Before: no Tomcat needs to run here.
	Before bool
	// Watch is how long to watch the wire.
	Watch time.Duration
	// Name is what this node is called in what others show; Version the program's.
	Name, Version string
	// Progress is told which question is asked, and how long it may take; it may be nil.
	Progress func(question string, takes time.Duration)
}

// Result is what was found.
type Result struct {
	Summary  verdict.Summary
	Verdicts []verdict.Verdict
	// Remarks are true, and of use some day, but explain nothing of what is wrong.
	Remarks []verdict.Verdict
	Facts   *facts.Facts
	Members []Member
	Wire    *sniff.Result // nil: nothing was captured
	Mesh    *mesh.Report  // nil: the mesh did not run
	Nodes   []Note        // what other nodes that run the doctor say
	// Watched is how long the wire was watched.
	Watched time.Duration
	// Blind are questions that could not be asked, with the reason.
	Blind []string
	// Note is what this node told the others.
	Note Note
	// Interrupted: it was stopped before all questions were asked.
	Interrupted bool

	packets bytes.Buffer // of the wire, the first ones
}

// Member is a member of the cluster as it is seen from here.
type Member struct {
	Name string // of its node, where a node said so
	Addr netip.AddrPort
	// Own: it is on this host, and proves nothing about the network.
	Own bool
	// Heard is how many of its heartbeats came.
	Heard uint64
	// TCP is what became of a connection to its receiver, Acked whether it answered a
	// question there; nil where it was not asked.
	TCP   mesh.TCP
	Acked *bool
	// Tries is how many connections were tried.
	Tries int
	// Segment is what became of a large segment to it; nil where there was no reason to ask.
	Segment *channel.Segment
	// From is what tells of it: its heartbeats, server.xml, a connection, another node.
	From string
	// named: not only its own heartbeats tell of it.
	named bool
}

// Run asks. The result is there also beside an error of ctx: what is known so far.
func Run(ctx context.Context, o Options) (*Result, error) {
	if o.Watch <= 0 {
		o.Watch = Watch
	}
	d := &doctor{o: o, started: time.Now()}
	for _, ask := range []func(context.Context){d.host, d.configuration, d.logs, d.provided, d.watch} {
		if ctx.Err() == nil {
			ask(ctx)
		}
	}
	d.conclude()
	if d.r.Interrupted = ctx.Err() != nil; d.r.Interrupted && d.r.Summary.Status == verdict.Pass {
		d.r.Summary.Status = verdict.Unknown // what was not asked may be wrong
	}
	return &d.r, ctx.Err()
}

// doctor is one run.
type doctor struct {
	o       Options
	r       Result
	started time.Time
	hosted  *judge.Host
	found   []verdict.Verdict
	note    Note
	named   map[netip.AddrPort]string // by the provider of the membership, with the names of their pods
	kept    *keeper
}

func (d *doctor) progress(question string, takes time.Duration) {
	if d.o.Progress != nil {
		d.o.Progress(question, takes)
	}
}

func (d *doctor) add(vs ...verdict.Verdict) {
	for _, v := range vs {
		if d.o.Wanted == nil || d.o.Wanted(v.ID) {
			d.found = append(d.found, v)
		}
	}
}
