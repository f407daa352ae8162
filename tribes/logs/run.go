package logs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"muster/internal/verdict"
)

// Options say what is read.
type Options struct {
	Inputs []Input
	// Bounds are the times between which events are told and judged, on the clock of
	// the timeline; the zero value is none.
	Bounds Bounds
	// Now is when the logs were read, in the time zone of their host, where their processes may
	// still run; zero where nobody knows.
	Now time.Time

	lookEvery time.Duration // for tests
}

// Result is what the logs tell.
type Result struct {
	Files []FileStats
	Nodes []*Node
	// Events are those of all nodes, in the order of one clock.
	Events []*Event
	// Pairs say who saw whom.
	Pairs    []Pair
	Verdicts []verdict.Verdict
	// Notes are sentences about the logs themselves: shifted clocks, what was cut.
	Notes []string
	// Silent are questions that no log answers, with what answers them.
	Silent []Question
	// Errors are the files that could not be read.
	Errors []error
}

// Question is one that the log cannot answer, and the command that can.
type Question struct {
	Ask     string `json:"ask"`     // the question
	Command string `json:"command"` // what answers it
}

// errNothing is returned where no file holds a line of a cluster.
var errNothing = errors.New("no line of a Tomcat's cluster is in what was read")

// Run reads the inputs and judges them. It returns an error where nothing of a
// cluster was found or ctx ended; files that cannot be read are in Result.Errors.
func Run(ctx context.Context, o Options) (*Result, error) {
	res := &Result{}
	byNode := map[string]*Node{}
	names := nodeNames(o.Inputs)
	for i, in := range o.Inputs {
		r, err := readFile(ctx, in)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			res.Errors = append(res.Errors, err)
			continue
		}
		res.add(byNode, names[i], r)
	}
	if err := res.finish(o); err != nil {
		return res, err
	}
	return res, nil
}

// nodeNames gives each input the name of its node: as it was told, or by its file.
func nodeNames(inputs []Input) []string {
	logs := make([]string, len(inputs))
	var all []string
	for i, in := range inputs {
		logs[i] = logName(in.Name)
		if !slices.Contains(all, logs[i]) {
			all = append(all, logs[i])
		}
	}
	short := shortNames(all)
	out := make([]string, len(inputs))
	for i, in := range inputs {
		if out[i] = in.Node; out[i] == "" {
			out[i] = short[logs[i]]
		}
	}
	return out
}

// add takes what was read of one file.
func (res *Result) add(byNode map[string]*Node, name string, r *reader) {
	res.Files = append(res.Files, r.stats)
	if r.stats.Problem != "" {
		res.Notes = append(res.Notes, fmt.Sprintf("%s: %s.", r.input.Name, r.stats.Problem))
	}
	if r.backs > 0 {
		res.Notes = append(res.Notes, fmt.Sprintf("%s: its times go back %s, by up to %s: lines are sorted by their times.", r.input.Name, times(r.backs), r.backBy.Round(time.Second)))
	}
	if r.dst > 0 {
		res.Notes = append(res.Notes, fmt.Sprintf("%s: its times go back by an hour, as where summer time ends: an hour was added to what follows.", r.input.Name))
	}
	for _, s := range r.order {
		src := r.streams[s]
		if src.dropped > 0 {
			res.Notes = append(res.Notes, fmt.Sprintf("%s: it has more than %d events; %d after %s are left out.", r.input.Name, maxEvents, src.dropped, src.events[len(src.events)-1].Time.Format(time.DateTime)))
		}
		if len(src.events) == 0 {
			continue
		}
		node := name
		if src.node != "" && r.input.Node == "" {
			node = src.node
		}
		n := byNode[node]
		if n == nil {
			n = &Node{Name: node}
			byNode[node] = n
			res.Nodes = append(res.Nodes, n)
		}
		if !slices.Contains(n.Files, r.input.Name) {
			n.Files = append(n.Files, r.input.Name)
		}
		if n.events == nil {
			n.events = src.events
		} else {
			n.events = append(n.events, src.events...)
		}
		if last := src.latest.when.Add(src.days + r.dst); last.After(n.Last) {
			n.Last = last
		}
	}
}

// finish makes the timeline and judges it.
func (res *Result) finish(o Options) error {
	if len(res.Nodes) == 0 {
		if len(res.Errors) > 0 {
			return errors.Join(res.Errors...)
		}
		return errNothing
	}
	for _, n := range res.Nodes {
		n.order()
		n.live()
	}
	res.join()
	res.guessAddresses()
	res.clocks()
	res.peers()
	res.timeline(o)
	res.Pairs = pairs(res.Nodes)
	j := &judge{res: res, nodes: res.Nodes, now: o.Now}
	j.run()
	res.Verdicts = j.verdicts
	res.silent()
	return nil
}

// order sorts the events of a node by time and drops what two files have both.
func (n *Node) order() {
	slices.SortStableFunc(n.events, func(a, b *Event) int { return a.Time.Compare(b.Time) })
	if len(n.Files) > 1 {
		seen := map[uint64]string{} // identity: file
		n.events = slices.DeleteFunc(n.events, func(e *Event) bool {
			file, ok := seen[e.id]
			if !ok {
				seen[e.id] = e.File
			}
			return ok && file != e.File
		})
	}
	n.forgetThreads()
	n.coarse = true
	for i := range n.events {
		n.events[i].Node = n.Name
		if n.events[i].Fine {
			n.coarse = false
		}
	}
	if len(n.events) > 0 {
		n.First = n.events[0].Time
		if last := n.events[len(n.events)-1].Until; last.After(n.Last) {
			n.Last = last
		}
	}
}

// forgetThreads forgets the names of threads where the layout has one name for all.
func (n *Node) forgetThreads() {
	for _, e := range n.events {
		if e.thread != n.events[0].thread {
			return
		}
	}
	for _, e := range n.events {
		e.thread = ""
	}
}

// join makes one node of two whose logs say the same, line for line: one node that
// was given twice.
func (res *Result) join() {
	for i := 0; i < len(res.Nodes); i++ {
		ids := map[uint64]bool{}
		for _, e := range res.Nodes[i].events {
			ids[e.id] = true
		}
		for k := len(res.Nodes) - 1; k > i; k-- {
			b := res.Nodes[k]
			same := 0
			for _, e := range b.events {
				if ids[e.id] && !e.Time.IsZero() {
					same++
				}
			}
			if same < 3 || same*2 < min(len(b.events), len(res.Nodes[i].events)) {
				continue
			}
			a := res.Nodes[i]
			res.Notes = append(res.Notes, fmt.Sprintf("%s and %s are one node: they have %d lines in common.", a.Name, b.Name, same))
			a.events = append(a.events, b.events...)
			a.Files = append(a.Files, b.Files...)
			a.order()
			a.live()
			res.Nodes = slices.Delete(res.Nodes, k, k+1)
		}
	}
}

// guessAddresses finds the address of a node whose log does not tell it (5.5): the
// one that all others saw and it did not.
func (res *Result) guessAddresses() {
	known := map[netip.AddrPort]bool{}
	for _, n := range res.Nodes {
		known[n.Addr] = true
	}
	seenBy := map[netip.AddrPort]map[*Node]bool{}
	for _, n := range res.Nodes {
		for i := range n.events {
			if e := n.events[i]; e.Kind == Added && e.Member.Addr.IsValid() {
				if seenBy[e.Member.Addr] == nil {
					seenBy[e.Member.Addr] = map[*Node]bool{}
				}
				seenBy[e.Member.Addr][n] = true
			}
		}
	}
	for {
		found := false
		for _, n := range res.Nodes {
			if n.Addr.IsValid() {
				continue
			}
			var could []netip.AddrPort
			for a, by := range seenBy {
				if !known[a] && !by[n] {
					could = append(could, a)
				}
			}
			if len(could) == 1 {
				n.Addr, n.AddrGuessed = could[0], true
				known[n.Addr] = true
				found = true
			}
		}
		if !found {
			return
		}
	}
}

// peers tells of each event whose log the member it is about has.
func (res *Result) peers() {
	for _, n := range res.Nodes {
		for i := range n.events {
			e := n.events[i]
			if !e.Member.Addr.IsValid() {
				continue
			}
			for _, p := range res.Nodes {
				if e.Kind != Bound && p.has(e.Member) {
					e.Peer = p.Name
					break
				}
			}
		}
	}
}

// timeline puts the events of all nodes in the order of one clock.
func (res *Result) timeline(o Options) {
	var last time.Time
	for _, n := range res.Nodes {
		if n.Last.After(last) {
			last = n.Last
		}
	}
	since, until := o.Bounds.since.resolve(last), o.Bounds.until.resolve(last)
	for _, n := range res.Nodes {
		n.events = slices.DeleteFunc(n.events, func(e *Event) bool {
			return !since.IsZero() && e.Until.Before(since) || !until.IsZero() && e.Time.After(until)
		})
		res.Events = append(res.Events, n.events...)
	}
	slices.SortStableFunc(res.Events, func(a, b *Event) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Node, b.Node))
	})
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}
