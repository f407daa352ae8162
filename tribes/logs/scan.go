package logs

// parsed is what one record of a file came to, before its time is put in a row with
// those before it.
type parsed struct {
	node  string // named by the container's runtime, or ""
	stamp stamp
	event Event
}

// scanner turns the lines of a file, or of a piece of one that begins with a record,
// into what they tell.
type scanner struct {
	emit    func(*parsed)
	began   bool // its first line is the beginning of a record
	seen    prefixForm
	streams map[string]*assembler
	order   []string // of the streams, as they appeared
	found   finder
	texts   interned
}

func newScanner(emit func(*parsed)) *scanner {
	return &scanner{emit: emit, streams: map[string]*assembler{}, found: finder{}, texts: interned{}}
}

// maxStreams bounds the nodes that one file names: no cluster is as large.
const maxStreams = 256

// stream is the assembler of the node that a prefix names.
func (s *scanner) stream(node string) *assembler {
	a := s.streams[node]
	if a == nil {
		if len(s.streams) >= maxStreams { // it is no name of a node
			return s.streams[s.order[0]]
		}
		a = &assembler{began: s.began, texts: s.texts}
		a.emit = func(r *record) {
			if e, ok := classify(r, s.found); ok {
				s.emit(&parsed{node, r.stamp, e})
			}
		}
		s.streams[node], s.order = a, append(s.order, node)
	}
	return a
}

// line takes one line as it is in the file.
func (s *scanner) line(line []byte, number int) {
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
	if s.seen != noPrefix || !isSpace(line[0]) && !plain(line) && !firstOfTwo(line) {
		p, line = cutPrefix(line, s.seen)
		if p.form != noPrefix {
			s.seen = p.form
		}
	}
	if len(line) == 0 {
		return
	}
	s.stream(p.node).add(line, number, p.stamp)
}

// end gives the records that are under way.
func (s *scanner) end() {
	for _, name := range s.order {
		s.streams[name].end()
	}
}

// reset makes it ready for another piece of the file; what it found stays known.
func (s *scanner) reset(began bool) {
	s.began, s.seen, s.order = began, noPrefix, nil
	clear(s.streams)
}

// plain reports whether a line begins as one of JULI, log4j or logback does, which no
// container's prefix does.
func plain(line []byte) bool {
	return len(line) > 20 && isDigit(line[0]) && (line[2] == '-' || line[2] == ':' || line[4] == '-' && line[10] == ' ')
}

// firstOfTwo reports whether a line is the first of java.util.logging's two, without
// reading its time.
func firstOfTwo(line []byte) bool {
	_, _, _, ok := simpleFields(line)
	return ok
}
