package sniff

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"muster/internal/verdict"
	"muster/sniff/analysis"
	"muster/sniff/capture"
	"muster/sniff/copies"
)

// RunOptions say what to do with the packets and when to end. Without a bound a
// live capture runs until the context is done.
type RunOptions struct {
	Options
	Count    uint64        // end after so many packets that the filter kept; 0: no bound
	Duration time.Duration // end after this time; in a file, of the packets' own clock
	// Enough is asked after each packet and ends the run by true; it may be nil.
	Enough func(*Sniffer) bool
}

// Result is what a run saw.
type Result struct {
	Totals   Totals
	Unread   map[capture.LinkType]uint64 // packets by link types that are not read
	Pairs    []copies.Pair               // where packets were seen again
	Analysis *analysis.Analysis
	Stats    capture.Stats
	Source   capture.Source // for the names of its interfaces
	Verdicts []verdict.Verdict
	// Own are the addresses of this host, whose members prove nothing about the network;
	// nil of a file.
	Own map[netip.Addr]bool
	// Interrupted: somebody stopped it before a bound or the file's end.
	Interrupted bool
}

// Run reads c to its end, to a bound, or until ctx is done, judges what it saw, and
// closes c.
func Run(ctx context.Context, c *Capture, o RunOptions) (*Result, error) {
	return NewRunner(c, o).Run(ctx)
}

// Runner is a run that others look at or stop while it goes on.
type Runner struct {
	capture *Capture
	o       RunOptions
	mu      sync.Mutex // of sniffer
	sniffer *Sniffer
	ended   bool
	stopped atomic.Bool
}

// NewRunner prepares a run of c; nothing is read before Run.
func NewRunner(c *Capture, o RunOptions) *Runner {
	o.Analysis.InterfaceName, o.Analysis.Live = c.InterfaceName, c.Live
	return &Runner{capture: c, o: o, sniffer: New(o.Options)}
}

// Stop ends the run as a key or Ctrl-C does.
func (r *Runner) Stop() {
	r.stopped.Store(true)
	r.capture.Source.Close()
}

// View calls look with what is known so far, without verdicts. The run waits
// meanwhile.
func (r *Runner) View(look func(*Result)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	look(r.result())
}

func (r *Runner) result() *Result {
	return &Result{
		Totals: r.sniffer.Totals, Unread: r.sniffer.Unread, Pairs: r.sniffer.copies.Pairs(), Analysis: r.sniffer.Analysis, Stats: r.capture.Source.Stats(), Source: r.capture.Source,
	}
}

// Run is Run of the package. The result is there also beside an error, which tells
// of a packet that could not be read or kept.
func (r *Runner) Run(ctx context.Context) (*Result, error) {
	defer r.capture.Close()
	src := r.capture.Source
	defer context.AfterFunc(ctx, func() { src.Close() })()
	var timeout atomic.Bool
	if r.capture.Live && r.o.Duration > 0 {
		t := time.AfterFunc(r.o.Duration, func() {
			timeout.Store(true)
			src.Close()
		})
		defer t.Stop()
	}
	err := r.packets()
	r.capture.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sniffer.Finish()
	res := r.result()
	res.Interrupted = (ctx.Err() != nil || r.stopped.Load()) && !r.ended && !timeout.Load()
	res.Verdicts = r.sniffer.Analysis.Verdicts()
	return res, err
}

// packets feeds the sniffer until the source or a bound ends it.
func (r *Runner) packets() error {
	var p capture.Packet
	first := int64(0)
	bounded := r.o.Count > 0 || r.o.Enough != nil
	for !r.stopped.Load() {
		err := r.capture.Source.Next(&p)
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if first == 0 {
			first = p.Nanos
		}
		if !r.capture.Live && r.o.Duration > 0 && p.Nanos-first > int64(r.o.Duration) {
			return nil
		}
		r.mu.Lock()
		err = r.sniffer.Packet(&p)
		r.ended = r.ended || bounded && r.reached()
		ended := r.ended
		r.mu.Unlock()
		if err != nil || ended {
			return err
		}
	}
	return nil
}

// reached reports whether a bound ends the run now.
func (r *Runner) reached() bool {
	return r.o.Count > 0 && r.sniffer.Totals.Packets >= r.o.Count || r.o.Enough != nil && r.o.Enough(r.sniffer)
}
