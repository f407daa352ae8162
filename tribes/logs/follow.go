package logs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"muster/internal/verdict"
)

// Update is what came since the update before.
type Update struct {
	// Result is all that is known now.
	Result *Result
	// Events are those that are new, in the order of the timeline.
	Events []*Event
	// Verdicts are the bad ones that are new, or surer than before.
	Verdicts []verdict.Verdict
	// First says that it is what the files held at the beginning.
	First bool
}

// lookEvery is how often a file is looked at for more.
const lookEvery = 250 * time.Millisecond

// Follow reads the inputs as Run does and then what is written to them, also to the
// file that stands in the place of one that was renamed, and from the beginning of
// one that was emptied. It gives update what is new until ctx ends or every input has
// ended, and returns all that is known then.
func Follow(ctx context.Context, o Options, update func(Update) error) (*Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f := follower{o: o, names: nodeNames(o.Inputs), update: update, told: map[string]bool{}}
	every := lookEvery
	if o.lookEvery > 0 {
		every = o.lookEvery
	}
	all := make(chan news)
	for i, in := range o.Inputs {
		r := newReader(in)
		r.count = &f.count
		f.readers = append(f.readers, r)
		f.scanners = append(f.scanners, newScanner(r.take))
		go (&tail{in: in}).run(ctx, i, every, all)
	}
	f.reading = len(o.Inputs)
	return f.run(ctx, every, all)
}

// follower turns what tails read into updates.
type follower struct {
	o        Options
	names    []string
	readers  []*reader
	scanners []*scanner
	update   func(Update) error
	// reading counts the inputs whose first end was not reached yet, ended those that
	// will give nothing more.
	reading, ended int
	caught         map[int]bool
	dirty          bool
	last           *Result
	count          uint64 // of the events that were read
	seen           uint64 // the newest event that was told
	unopened       []error
	told           map[string]bool
}

func (f *follower) run(ctx context.Context, every time.Duration, in <-chan news) (*Result, error) {
	f.caught = map[int]bool{}
	tick := time.NewTicker(every)
	defer tick.Stop()
	var rest time.Time // judging again takes at most a tenth of the time, and waits for 2 s at most
	for f.ended < len(f.readers) {
		select {
		case <-ctx.Done():
			return f.finish()
		case n := <-in:
			f.take(n)
		case now := <-tick.C:
			if !f.dirty || f.reading > 0 || now.Before(rest) {
				continue
			}
			began := time.Now()
			if err := f.tell(); err != nil {
				return f.last, err
			}
			rest = now.Add(min(10*time.Since(began), 2*time.Second))
		}
	}
	return f.finish()
}

// take takes what one tail read.
func (f *follower) take(n news) {
	r, s := f.readers[n.input], f.scanners[n.input]
	for _, line := range n.lines {
		r.stats.Lines++
		s.line(line, r.stats.Lines)
	}
	f.dirty = f.dirty || len(n.lines) > 0
	if !n.idle && !n.ended {
		return
	}
	s.end()
	r.latest(s)
	if !f.caught[n.input] {
		f.caught[n.input], f.dirty = true, true
		f.reading--
	}
	if n.ended {
		f.ended++
		if n.unopened != nil {
			f.unopened = append(f.unopened, n.unopened)
		}
		if n.err != nil {
			r.stats.Problem = problemOf(n.err)
		}
	}
}

// tell judges all again and tells what is new.
func (f *follower) tell() error {
	f.dirty = false
	res := &Result{Errors: slices.Clone(f.unopened)}
	byNode := map[string]*Node{}
	for i, r := range f.readers {
		res.add(byNode, f.names[i], r.copy())
	}
	if err := res.finish(f.o); err != nil {
		return nil //nolint:nilerr // nothing of a cluster was read yet
	}
	u := Update{Result: res, First: f.last == nil}
	f.last = res
	newest := f.seen
	for _, e := range res.Events {
		if e.seq > f.seen {
			u.Events = append(u.Events, e)
		}
		newest = max(newest, e.seq)
	}
	f.seen = newest
	for _, v := range res.Verdicts {
		key := fmt.Sprint(v.ID, v.Status, v.Confidence, v.Subject)
		if v.Status.Bad() && !f.told[key] {
			f.told[key] = true
			u.Verdicts = append(u.Verdicts, v)
		}
	}
	return f.update(u)
}

// finish tells what is still untold and returns all.
func (f *follower) finish() (*Result, error) {
	for i, s := range f.scanners {
		s.end()
		f.readers[i].latest(s)
	}
	if err := f.tell(); err != nil {
		return f.last, err
	}
	if f.last == nil {
		return nil, errors.Join(append(f.unopened, errNothing)...)
	}
	return f.last, nil
}

// copy is the reader with events of its own, which the timeline may change.
func (r *reader) copy() *reader {
	c := *r
	c.streams = map[string]*source{}
	for name, s := range r.streams {
		own := *s
		own.events = slices.Clone(s.events)
		for i, e := range own.events {
			e := *e
			own.events[i] = &e
		}
		c.streams[name] = &own
	}
	return &c
}

// news is what a tail read: whole lines, and whether it came to the end.
type news struct {
	input int
	lines [][]byte
	idle  bool // nothing more is there now
	ended bool // nothing more will come
	err   error
	// unopened is why the file could not be opened.
	unopened error
}

// errPacked says that a packed log cannot be followed.
var errPacked = errors.New("a packed file cannot be followed: leave it out, or leave out --follow")
