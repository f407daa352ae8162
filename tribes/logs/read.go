package logs

import (
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
	asm    assembler
	events []Event
	last   stamp
	first  stamp
	// dropped are the events beyond maxEvents.
	dropped int
	days    time.Duration // past midnights where the log has no days
}

// reader reads one file.
type reader struct {
	input   Input
	seen    prefixForm
	streams map[string]*source
	found   finder
	order   []string
	stats   FileStats
	backs   int // times that went back
	backBy  time.Duration
	dst     time.Duration // what was added since summer time ended
}

// readFile reads all of an input.
func readFile(ctx context.Context, in Input) (*reader, error) {
	f, err := in.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	stop := context.AfterFunc(ctx, func() { f.Close() }) // ends a read from a FIFO
	defer stop()
	r := newReader(in)
	lines, err := open(f)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", in.Name, err)
	}
	for {
		line, err := lines.next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				if ctx.Err() != nil {
					return r, ctx.Err()
				}
				r.stats.Problem = problemOf(err)
			}
			break
		}
		if lines.number&0xfff == 0 && ctx.Err() != nil {
			return r, ctx.Err()
		}
		r.line(line, lines.number)
	}
	r.stats.Lines = lines.number - 1
	if lines.binary > r.stats.Lines/2 && r.stats.Problem == "" && lines.binary > 0 {
		r.stats.Problem = "it is no text"
	}
	r.end()
	return r, nil
}

func problemOf(err error) string {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends in the middle: it was cut, or is still being packed"
	}
	return err.Error()
}

func newReader(in Input) *reader {
	return &reader{input: in, streams: map[string]*source{}, found: finder{}, stats: FileStats{Name: in.Name}}
}

// stream is the source of the node that a prefix names.
func (r *reader) stream(node string) *source {
	s := r.streams[node]
	if s == nil {
		if len(r.streams) >= 256 { // no cluster is as large: it is no name of a node
			node = r.order[0]
			return r.streams[node]
		}
		s = &source{node: node}
		s.asm.emit = func(rec *record) { r.record(s, rec) }
		r.streams[node], r.order = s, append(r.order, node)
	}
	return s
}

// line takes one line as it is in the file.
func (r *reader) line(line []byte, number int) {
	line = stripEscapes(line)
	if len(line) > 0 && line[0] == '{' {
		if inner, ok := unwrapJSON(line); ok {
			line = stripEscapes(inner)
		}
	}
	if len(line) == 0 {
		return
	}
	var p prefix
	if r.seen != noPrefix || !isSpace(line[0]) && !plain(line) {
		p, line = cutPrefix(line, r.seen)
		if p.form != noPrefix {
			r.seen = p.form
		}
	}
	if len(line) == 0 {
		return
	}
	s := r.stream(p.node)
	s.asm.add(line, number, p.stamp)
}

// plain reports whether a line begins as one of JULI, log4j or logback does, which no
// container's prefix does.
func plain(line []byte) bool {
	return len(line) > 20 && isDigit(line[0]) && (line[2] == '-' || line[2] == ':' || line[4] == '-' && line[10] == ' ')
}

func (r *reader) record(s *source, rec *record) {
	e, ok := classify(rec, r.found)
	if !ok {
		return
	}
	r.stats.ClusterLines++
	e.File = r.input.Name
	r.time(s, rec, &e)
	s.push(e)
}

// time puts the event on the clock of its log: days where the log has none, an hour
// more where summer time ended.
func (r *reader) time(s *source, rec *record, e *Event) {
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
	s.last = rec.stamp
	if s.first.when.IsZero() {
		s.first = rec.stamp
	}
	e.Time = rec.when.Add(s.days + r.dst)
	e.Until = e.Time
}

// maxEvents bounds what is kept of a stream; what repeats is counted, not kept.
const maxEvents = 50_000

// push adds an event; one that says the same as the one before it is counted there.
func (s *source) push(e Event) {
	if n := len(s.events); n > 0 {
		for i := n - 1; i >= 0 && i >= n-3; i-- {
			if last := &s.events[i]; last.repeats(&e) {
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
	s.events = append(s.events, e)
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

func (r *reader) end() {
	for _, name := range r.order {
		r.streams[name].asm.end()
	}
}
