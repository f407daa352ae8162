package logs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Input is one file of a log.
type Input struct {
	// Name is shown and tells which files are one log that was rotated.
	Name string
	// Node is the node that it belongs to; "" where it has to be found out.
	Node string
	// Open opens it. It is read once, from its beginning to its end.
	Open func() (io.ReadCloser, error)
}

// FileStats is what reading one file came to.
type FileStats struct {
	Name         string `json:"name"`          // the file
	Lines        int    `json:"lines"`         // that it has
	ClusterLines int    `json:"cluster_lines"` // entries that tell of the cluster
	// Problem says what was wrong with it; the rest was read.
	Problem string `json:"problem,omitempty"`
}

// source is what one stream of one file gives: the events of a node.
type source struct {
	node   string // named by the container's runtime, or ""
	events []*Event
	last   stamp
	first  stamp
	latest stamp // of the last line, also of one that does not matter
	// dropped are the events beyond maxEvents.
	dropped int
	days    time.Duration // past midnights where the log has no days
}

// reader reads one file.
type reader struct {
	input   Input
	streams map[string]*source
	order   []string
	stats   FileStats
	backs   int // times that went back
	backBy  time.Duration
	dst     time.Duration // what was added since summer time ended
	count   *uint64       // of the events of all files, where somebody numbers them
}

// readFile reads all of an input.
func readFile(ctx context.Context, in Input) (*reader, error) {
	f, err := openInput(ctx, in)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	stop := context.AfterFunc(ctx, func() { f.Close() }) // ends a read from a FIFO
	defer stop()
	r := newReader(in)
	text, err := open(f)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", in.Name, err)
	}
	if err := r.read(ctx, text); err != nil {
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		r.stats.Problem = problemOf(err)
	}
	return r, nil
}

// openInput opens an input. It does not wait longer than ctx for somebody to write to
// a FIFO.
func openInput(ctx context.Context, in Input) (io.ReadCloser, error) {
	type opened struct {
		f   io.ReadCloser
		err error
	}
	done := make(chan opened, 1)
	go func() {
		f, err := in.Open()
		done <- opened{f, err}
	}()
	select {
	case o := <-done:
		return o.f, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// read reads a text to its end: in pieces of whole records, several at once, as long
// as it can be cut between records, the rest in one go.
func (r *reader) read(ctx context.Context, text io.Reader) error {
	rest, number, binary, err := r.pieces(ctx, text)
	if err == nil && rest != nil {
		s := newScanner(r.take)
		s.began = number > 1
		lines := &lineReader{r: bufio.NewReaderSize(rest, readSize), number: number - 1}
		err = lines.each(ctx, s.line)
		number, binary = lines.number, binary+lines.binary
		s.end()
		r.latest(s)
	}
	r.stats.Lines = number - 1
	if binary > r.stats.Lines/2 && err == nil && binary > 0 {
		err = errBinary
	}
	return err
}

// errBinary is the problem of a file that has more lines with bytes of zero than without.
var errBinary = errors.New("it is no text")

func problemOf(err error) string {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends in the middle: it was cut, or is still being packed"
	}
	return err.Error()
}

func newReader(in Input) *reader {
	return &reader{input: in, streams: map[string]*source{}, stats: FileStats{Name: in.Name}}
}

// source is the one of a stream, made when it is first asked for.
func (r *reader) source(node string) *source {
	s := r.streams[node]
	if s == nil {
		if len(r.streams) >= maxStreams {
			return r.streams[r.order[0]]
		}
		s = &source{node: node}
		r.streams[node], r.order = s, append(r.order, node)
	}
	return s
}

// latest takes over when the last line of each stream was.
func (r *reader) latest(s *scanner) {
	for _, name := range s.order {
		src := r.source(name)
		if l := s.streams[name].latest; !l.when.IsZero() {
			src.latest = l
		}
	}
}

// take puts what a record told to the events of its stream.
func (r *reader) take(p *parsed) {
	r.stats.ClusterLines++
	s := r.source(p.node)
	p.event.File = r.input.Name
	if r.count != nil {
		*r.count++
		p.event.seq = *r.count
	}
	r.time(s, p.stamp, &p.event)
	s.push(&p.event)
}

// time puts the event on the clock of its log: days where the log has none, an hour
// more where summer time ended.
func (r *reader) time(s *source, rec stamp, e *Event) {
	if rec.when.IsZero() {
		e.Time, e.Until, e.Fine = s.last.when.Add(s.days), s.last.when.Add(s.days), s.last.fine
		return
	}
	if !s.last.when.IsZero() {
		back := s.last.when.Sub(rec.when)
		switch {
		case !rec.dated && back > 12*time.Hour:
			s.days += 24 * time.Hour
		case rec.dated && !rec.zoned && back > 55*time.Minute && back <= time.Hour:
			r.dst += time.Hour
		case back > 2*time.Second:
			r.backs++
			r.backBy = max(r.backBy, back)
		}
	}
	s.last = rec
	if s.first.when.IsZero() {
		s.first = rec
	}
	e.Time = rec.when.Add(s.days + r.dst)
	e.Until = e.Time
}

// maxEvents bounds what is kept of a stream; what repeats is counted, not kept.
const maxEvents = 50_000

// push adds a copy of an event; one that says the same as one of those before it is
// counted there.
func (s *source) push(e *Event) {
	if n := len(s.events); n > 0 {
		for i := n - 1; i >= 0 && i >= n-3; i-- {
			if last := s.events[i]; last.repeats(e) {
				last.Count++
				last.Until = e.Time
				return
			}
		}
		if n >= maxEvents {
			s.dropped++
			return
		}
	}
	kept := *e
	s.events = append(s.events, &kept)
}

// repeats: what comes in thousands and says nothing new the second time.
func (e *Event) repeats(next *Event) bool {
	switch e.Kind {
	case NoDecrypt, NoDecode, NoManager, Foreign, SendFailing, SendFailed, Content, Replay, McastFailed, Overload, Refused, JoinFailed, Recovering:
		return e.Kind == next.Kind && e.Key == next.Key && e.Member.Addr == next.Member.Addr && e.App == next.App && e.Detail == next.Detail &&
			exceptionName(e.Cause) == exceptionName(next.Cause) && next.Time.Sub(e.Until) < 10*time.Minute
	}
	return false
}

func exceptionName(cause string) string { return cutAt(cause, ":") }
