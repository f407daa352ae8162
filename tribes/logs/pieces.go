package logs

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
)

const (
	// pieceSize is how much of a file is parsed at once: small beside memory, large
	// beside what starting to parse costs.
	pieceSize = 1 << 20
	// pieceBack is how far from the end of a piece the beginning of a record is looked
	// for, between which and the end it is cut.
	pieceBack = 256 << 10
)

// piece is a part of a file that begins with a record, and what it tells.
type piece struct {
	text   []byte
	first  bool
	events []parsed
	order  []string
	latest []stamp // of the streams of order
	lines  int
	binary int
	done   chan struct{}
}

// pieces reads the text in pieces, which are parsed side by side and taken in their
// order. It returns what is left where no more records can be told apart without
// knowing what came before them (containers' prefixes, JSON), nil at the end, and the
// number of the next line.
func (r *reader) pieces(ctx context.Context, text io.Reader) (rest io.Reader, number, binary int, err error) {
	workers := runtime.GOMAXPROCS(0)
	jobs := make(chan *piece)
	queue := make(chan *piece, workers) // in the order of the file
	var parsing sync.WaitGroup
	for range workers {
		parsing.Go(func() {
			s := newScanner(nil)
			for p := range jobs {
				p.parse(s)
			}
		})
	}
	number = 1
	taken := make(chan struct{})
	spare := make(chan *piece, workers+2)
	go func() {
		defer close(taken)
		for p := range queue {
			<-p.done
			for i := range p.events {
				p.events[i].event.Line += number - 1
				r.take(&p.events[i])
			}
			for i, name := range p.order {
				if src := r.source(name); !p.latest[i].when.IsZero() {
					src.latest = p.latest[i]
				}
			}
			number, binary = number+p.lines, binary+p.binary
			clear(p.events)
			select {
			case spare <- p:
			default:
			}
		}
	}()
	c := cutter{r: text}
	first := true
	for ctx.Err() == nil {
		var p *piece
		select {
		case p = <-spare:
		default:
			p = &piece{text: make([]byte, 0, pieceSize+pieceSize/8)}
		}
		if p.text, err = c.next(p.text[:0]); len(p.text) == 0 {
			break
		}
		p.first, p.done = first, make(chan struct{})
		first = false
		queue <- p
		jobs <- p
		if err != nil {
			break
		}
	}
	close(jobs)
	close(queue)
	parsing.Wait()
	<-taken
	switch {
	case ctx.Err() != nil:
		return nil, number, binary, ctx.Err()
	case errors.Is(err, io.EOF):
		return nil, number, binary, nil
	case errors.Is(err, errUncut):
		return io.MultiReader(bytes.NewReader(c.held), text), number, binary, nil
	}
	return nil, number, binary, err
}

// parse reads the piece.
func (p *piece) parse(s *scanner) {
	defer close(p.done)
	s.reset(!p.first)
	p.events, p.latest = p.events[:0], p.latest[:0]
	s.emit = func(e *parsed) { p.events = append(p.events, *e) }
	lines := &lineReader{r: bufio.NewReaderSize(bytes.NewReader(p.text), readSize)}
	_ = lines.each(context.Background(), s.line) // a text in memory has no error
	s.end()
	p.lines, p.binary, p.order = lines.number-1, lines.binary, s.order
	for _, name := range s.order {
		p.latest = append(p.latest, s.streams[name].latest)
	}
}

// cutter cuts a text before beginnings of records.
type cutter struct {
	r    io.Reader
	held []byte // read, and not yet given
}

// errUncut says that no beginning of a record was found to cut at; what was read is
// in held.
var errUncut = errors.New("no record begins here for certain")

// next fills buf with the next piece. The last piece comes with the error that ended
// the text.
func (c *cutter) next(buf []byte) ([]byte, error) {
	buf = append(buf, c.held...)
	c.held = c.held[:0]
	for len(buf) < pieceSize {
		n, err := c.r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err != nil {
			return buf, err
		}
	}
	at, ok := lastRecord(buf)
	if !ok {
		c.held = append(c.held, buf...)
		return nil, errUncut
	}
	c.held = append(c.held, buf[at:]...)
	return buf[:at], nil
}

// lastRecord finds where the last line that surely begins a record begins: of a form
// that no container's prefix stands before, and of which each line is of one stream.
func lastRecord(b []byte) (int, bool) {
	least := max(len(b)-pieceBack, 1)
	end := bytes.LastIndexByte(b, '\n') // the line behind it may not be whole
	for end > least {
		at := bytes.LastIndexByte(b[:end], '\n') + 1
		if at < least {
			break
		}
		line := b[at:end]
		if plain(line) {
			if _, ok := parseHeaderStamp(line); ok {
				return at, true
			}
		} else if len(line) > 0 && !isSpace(line[0]) && firstOfTwo(line) {
			if _, _, _, ok := parseSimple(line); ok {
				return at, true
			}
		}
		end = at - 1
	}
	return 0, false
}

// parseHeaderStamp reads the time that a record of one line begins with.
func parseHeaderStamp(line []byte) (stamp, bool) {
	s, _, ok := parseStamp(line)
	return s, ok && !twoLines(line)
}
