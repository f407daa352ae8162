package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"runtime/debug"
	"strings"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/internal/hint"
	"muster/internal/verdict"
	"muster/mcast"
	"muster/sniff"
	"muster/sniff/analysis"
	"muster/tribes/decode"
)

// What is kept of a capture is bounded and little, what is read makes garbage. So it
// is collected less often than Go does by itself, but always soon enough to keep the
// whole process below 60 MB, also where the machine is busy.
const (
	gcPercent   = 250
	memoryLimit = 36 << 20
)

// collectLess sets them, unless the environment says otherwise, until undo.
func collectLess() (undo func()) {
	if os.Getenv("GOGC")+os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	percent, limit := debug.SetGCPercent(gcPercent), debug.SetMemoryLimit(memoryLimit)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}

// runSniff opens the source, reads it, and reports.
func (a *app) runSniff(ctx context.Context, r *sniffRun) error {
	defer collectLess()()
	decoder := decode.Decoder{}
	var err error
	switch {
	case r.keyFile != "":
		decoder.Encryption, err = a.readEncryption(r.keyFile, r.algorithm)
	case r.cluster != nil && r.cluster.key != nil:
		decoder.Encryption, err = encryptions(r.cluster.key, r.algorithm)
	}
	if err != nil {
		return err
	}
	src, err := a.openCapture(ctx, r)
	if err != nil {
		return err
	}
	keep, err := openKeep(r, a.Out)
	if err != nil {
		src.Close()
		return err
	}
	out := a.sniffOutput(r, src)
	run := sniff.NewRunner(src, sniff.RunOptions{
		Options: sniff.Options{
			Filter: r.filter, Keep: keep.packet(src.Source), Event: out.event,
			Analysis: analysis.Options{DropTime: r.dropTime}, Decoder: decoder, Receivers: r.cluster.ports(),
		},
		Count: r.count, Duration: r.duration, Enough: r.enough(),
	})
	out.begin(run)
	res, err := run.Run(ctx)
	res.Own = r.own.addrs
	res.Verdicts = append(res.Verdicts, r.alone(res)...)
	err = errors.Join(err, out.end(res), keep.close())
	for _, n := range r.cluster.notes(res) {
		a.note("%s", n)
	}
	if err != nil {
		return err
	}
	for _, v := range res.Verdicts {
		if v.ID == "tribes.alone" && v.Status == verdict.Pass && !a.json {
			a.note("%s: muster mesh on all nodes at once tells", v.Saw)
		}
	}
	return a.sniffVerdict(r, res)
}

// enough ends a live capture without another bound once those expected were heard.
func (r *sniffRun) enough() func(*sniff.Sniffer) bool {
	if !r.expected.Given() || r.read != "" || r.count > 0 || r.duration > 0 {
		return nil
	}
	return func(s *sniff.Sniffer) bool {
		others, _ := r.others(s.Analysis)
		return r.own.met(r.expected, others)
	}
}

// openStdin waits for the head of a capture until ctx ends: the goroutine that reads it
// then waits on, until something comes or the process ends.
func openStdin(ctx context.Context, in io.Reader) (*sniff.Capture, error) {
	type opened struct {
		src *sniff.Capture
		err error
	}
	done := make(chan opened, 1)
	go func() {
		src, err := sniff.Open(sniff.Input{Reader: in})
		done <- opened{src, err}
	}()
	select {
	case <-ctx.Done():
		return nil, errInterrupted
	case o := <-done:
		if o.err != nil {
			return nil, fmt.Errorf("standard input: %w", o.err)
		}
		return o.src, nil
	}
}

// openCapture opens the file or the interfaces.
func (a *app) openCapture(ctx context.Context, r *sniffRun) (*sniff.Capture, error) {
	switch {
	case r.read == "-":
		in := a.In
		if r, ok := in.(*interruptibleReader); ok {
			in = r.Reader // a capture ends its own waiting, and reads a file without a detour
		}
		return openStdin(ctx, in)
	case r.read != "":
		return sniff.Open(sniff.Input{File: r.read})
	}
	names, err := a.captureInterfaces(r)
	if err != nil {
		return nil, err
	}
	in := sniff.Input{Interfaces: names, Filter: r.filter, Promiscuous: r.promiscuous, Buffer: r.buffer << 20}
	if r.join {
		in.Join = r.groups
	}
	src, err := sniff.Open(in)
	if err != nil {
		return nil, err
	}
	if src.Unfiltered != nil {
		a.note("%v: packets are filtered outside of the kernel", src.Unfiltered)
	}
	if !a.quiet {
		where := "all interfaces"
		if len(names) > 0 {
			where = strings.Join(names, ", ")
		}
		fmt.Fprintf(a.Err, "capturing on %s: %s\n", escape.Text(where), r.filter)
	}
	return src, nil
}

// captureInterfaces names the interfaces to capture on; none means all.
func (a *app) captureInterfaces(r *sniffRun) ([]string, error) {
	if len(r.interfaces) == 0 {
		if len(r.groups) == 0 {
			return nil, nil
		}
		i, err := a.findInterface("", r.groups[0].Addr)
		if err != nil {
			return nil, hint.Wrap(err, "muster sniff -i any "+r.groups[0].String())
		}
		return []string{i.Name}, nil
	}
	var names []string
	for _, spec := range r.interfaces {
		if spec == "any" {
			return nil, nil
		}
		i, err := mcast.FindInterface(spec, netip.Addr{})
		if err != nil {
			return nil, err
		}
		names = append(names, i.Name)
	}
	return names, nil
}

// sniffVerdict turns what was seen into the exit status.
func (a *app) sniffVerdict(r *sniffRun, res *sniff.Result) error {
	a.judged(res.Verdicts)
	if what, nothing := res.Nothing(); nothing && !res.Interrupted && (r.filterless || r.read == "" || len(res.Unread) > 0) {
		if r.read == "" {
			return fmt.Errorf("%s in %s; is it the right interface? muster check lists them", what, term.Seconds(r.duration))
		}
		return fmt.Errorf("%s: %s", r.read, what)
	}
	bounded := r.count > 0 || r.duration > 0 || r.expected.Given()
	switch s := verdict.Summarize(res.Verdicts); {
	case isAlone(res.Verdicts) && r.expected.Given() && res.Interrupted:
		return errInterrupted
	case isAlone(res.Verdicts):
		return errNo
	case (r.summary || r.top || r.strict) && s.Status == verdict.Fail, r.strict && s.Status == verdict.Warn:
		return errNo
	case bounded && r.read == "" && res.Interrupted:
		return errInterrupted
	}
	return nil
}
