package logs

import (
	"bytes"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxText   = 8 << 10 // bytes of a record's text that are kept
	maxTrace  = 24      // exceptions and causes of a record that are kept
	maxFrames = 80      // places of a stack trace that are kept
)

// record is one entry of a log.
type record struct {
	header
	line   int
	class  string   // the logger
	call   string   // the method, where it is written
	body   string   // the text, of one line
	more   string   // further lines of the text that are no stack trace
	causes []string // "java.net.BindException: Address already in use", outermost first
	frames []string // "org.apache.catalina.ha.tcp.SimpleTcpCluster.start(SimpleTcpCluster.java:1)"
	// orphan: the file begins in the middle of it.
	orphan bool
	own    []byte // holds the name of the thread
}

// assembler puts lines together to records. Each stream of a file, a node of
// docker compose for example, has its own.
type assembler struct {
	emit    func(*record)
	current *record // being filled; nil where its lines do not matter
	pending *record // has the first of java.util.logging's two lines
	began   bool    // a beginning of a record was seen
	before  string  // the last line before any beginning
	second  second  // the last time that was read
	spare   *record // to be used again
	texts   interned
	latest  stamp // of the last beginning, also of a record that does not matter
}

// add takes one line without what a container put before it.
func (a *assembler) add(line []byte, number int, taken stamp) {
	if len(line) == 0 {
		return
	}
	if a.pending != nil {
		p := a.pending
		a.pending = nil
		if level, text, ok := simpleSecond(line); ok {
			p.level, p.body = level, a.texts.get(text)
			a.begin(p)
			return
		}
		a.begin(p)
	}
	switch c := line[0]; {
	case isSpace(c):
		a.continued(line)
		return
	case c == '{':
		a.json(line, number, taken)
		return
	}
	if h, ok := a.header(line); ok && !twoLines(line) {
		a.end()
		a.began, a.latest = true, h.stamp
		if h.logger == nil && !mentions(h.text) || h.logger != nil && !knownClass(h.logger) {
			return // nobody asks for it: no copy of it is made
		}
		r := a.record()
		r.header, r.line, r.class, r.call, r.body = h, number, a.texts.get(h.logger), a.texts.get(h.method), a.texts.get(h.text)
		a.begin(r)
		return
	}
	if s, class, method, ok := a.simple(line); ok {
		a.end()
		a.began, a.latest = true, s
		if knownClass(class) {
			a.pending = a.record()
			a.pending.stamp, a.pending.line, a.pending.class, a.pending.call = s, number, a.texts.get(class), a.texts.get(method)
		}
		return
	}
	if level, text, ok := simpleSecond(line); ok && a.current == nil && (mentions(text) || !a.began) {
		// The second line without the first, as where a log was cut or searched.
		a.end()
		a.begin(&record{header: header{stamp: taken, level: level}, line: number, body: valid(text), orphan: true})
		return
	}
	a.continued(line)
}

// twoLines reports whether a line whose day is written "29 nov. 2026" is the first of
// java.util.logging's two; log4j writes such days too.
func twoLines(line []byte) bool {
	if line[2] != ' ' {
		return false
	}
	_, _, _, ok := parseSimple(line)
	return ok
}

// header reads the beginning of a record. Lines of one second share its words, which
// are read once.
func (a *assembler) header(line []byte) (header, bool) {
	const n = len("29-Nov-2026 17:34:54")
	if len(line) > n && a.second.n > 0 && string(line[:a.second.n]) == a.second.text {
		h := header{stamp: a.second.stamp}
		ns, size := fraction(line[a.second.n:])
		rest := line[a.second.n+size:]
		if _, zone := parseZone(rest); zone == 0 {
			h.when, h.fine = h.when.Add(time.Duration(ns)), size > 0
			h.fields(rest)
			return h, true
		}
	}
	h, ok := parseHeader(line)
	if ok && h.dated && !h.zoned && len(line) > n {
		at := n
		if line[4] == '-' {
			at--
		}
		if line[at-3] == ':' && line[at-6] == ':' && isDigit(line[at-1]) {
			a.second = second{string(line[:at]), at, h.stamp}
			a.second.stamp.when = h.when.Truncate(time.Second)
		}
	}
	return h, ok
}

// simple reads the first of java.util.logging's two lines. Those of one second share
// its words, which are read once.
func (a *assembler) simple(line []byte) (s stamp, class, method []byte, ok bool) {
	day, class, method, ok := simpleFields(line)
	if !ok {
		return s, nil, nil, false
	}
	if string(day) == a.second.text {
		return a.second.stamp, class, method, true
	}
	if s, ok = parseSimpleDay(day); ok {
		a.second = second{string(day), 0, s} // with 0 it is none of header's
	}
	return s, class, method, ok
}

// second is a time that was read, up to its seconds.
type second struct {
	text  string
	n     int
	stamp stamp
}

// continued takes a line that is no beginning.
func (a *assembler) continued(line []byte) {
	if a.current == nil {
		if a.began {
			return
		}
		// The file begins in the middle of a record.
		text := bytes.TrimSpace(line)
		switch {
		case isException(text):
			a.current = &record{orphan: true, line: 1, body: a.before}
		case mentions(line):
			a.current = &record{orphan: true, line: 1, body: valid(text)}
			return
		default:
			a.before = valid(text)
			return
		}
	}
	r := a.current
	text := bytes.TrimSpace(line)
	switch {
	case bytes.HasPrefix(text, []byte("at ")) && len(text) > 3:
		if len(r.frames) < maxFrames {
			r.frames = append(r.frames, a.texts.get(text[3:min(len(text), 300)]))
		}
	case bytes.HasPrefix(text, []byte("... ")), len(text) == 0:
	case isException(text):
		cause := a.texts.get(bytes.TrimPrefix(text, []byte("Caused by: ")))
		if len(r.causes) >= maxTrace { // the innermost counts: keep the last
			r.causes = append(r.causes[:maxTrace/2], r.causes[maxTrace/2+1:]...)
		}
		r.causes = append(r.causes, cause)
	case len(r.more) < maxText:
		r.more += "\n" + valid(text)
	}
}

// json takes a line that is a JSON object, or text that begins like one.
func (a *assembler) json(line []byte, number int, taken stamp) {
	if !mentions(line) {
		a.end()
		return
	}
	h, trace, _, ok := parseJSON(line)
	if !ok {
		a.continued(line)
		return
	}
	a.end()
	a.began = true
	if h.when.IsZero() {
		h.stamp = taken
	}
	a.begin(&record{header: h, line: number, class: string(h.logger), call: string(h.method), body: valid(h.text)})
	for _, t := range trace {
		a.continued([]byte(strings.ToValidUTF8(t, "?")))
	}
	a.end()
}

func (a *assembler) begin(r *record) {
	a.current = r
	r.text, r.logger, r.method, r.thread = nil, nil, nil, append(r.own[:0], r.thread...)
	r.own = r.thread
}

// record is an empty one.
func (a *assembler) record() *record {
	r := a.spare
	if r == nil {
		return &record{}
	}
	a.spare = nil
	*r = record{causes: r.causes[:0], frames: r.frames[:0], own: r.own}
	return r
}

// end gives the record that is complete.
func (a *assembler) end() {
	if p := a.pending; p != nil {
		a.pending = nil
		a.current = p
	}
	if a.current != nil {
		a.emit(a.current)
		a.spare, a.current = a.current, nil
	}
}

// mentions reports whether a line may be one of the cluster although its logger is
// not known: it names the packages, a cluster or a member.
func mentions(b []byte) bool {
	return bytes.Contains(b, []byte("atalina")) || bytes.Contains(b, []byte("ribes")) ||
		bytes.Contains(b, []byte("luster")) || bytes.Contains(b, []byte("Non-serializable"))
}

// isException reports whether a line of a stack trace names an exception: the
// first line or a cause.
func isException(text []byte) bool {
	text = bytes.TrimPrefix(text, []byte("Caused by: "))
	text = bytes.TrimPrefix(text, []byte("Suppressed: "))
	name := text
	if i := bytes.IndexAny(text, ": "); i > 0 {
		if text[i] == ' ' {
			return false
		}
		name = text[:i]
	}
	if len(name) < 8 || bytes.IndexByte(name, '.') < 0 && !allLetters(name) {
		return false
	}
	return bytes.HasSuffix(name, []byte("Exception")) || bytes.HasSuffix(name, []byte("Error")) || bytes.HasSuffix(name, []byte("Throwable"))
}

// allLetters: some print an exception without its package, "LifecycleException".
func allLetters(name []byte) bool {
	for _, c := range name {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return false
		}
	}
	return name[0] < 'a'
}

// simpleSecond reads the second line of java.util.logging: "INFO: text".
func simpleSecond(line []byte) (Level, []byte, bool) {
	i := bytes.IndexByte(line[:min(len(line), 40)], ':')
	if i < 2 {
		return "", nil, false
	}
	level, ok := levelOf(string(bytes.TrimSpace(line[:i])))
	return level, bytes.TrimSpace(line[i+1:]), ok
}

// interned are texts that were seen before: in a log that matters for its size the
// same ones come again and again.
type interned map[string]string

const (
	maxInterned     = 4096
	maxInternedText = 1 << 10
)

// get makes a text of bytes, as valid does.
func (t interned) get(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > maxInternedText || t == nil {
		return valid(b)
	}
	if s, ok := t[string(b)]; ok {
		return s
	}
	if len(t) >= maxInterned {
		clear(t)
	}
	raw := string(b)
	text := raw
	if !utf8.ValidString(raw) {
		text = valid(b)
	}
	t[raw] = text
	return text
}

// valid makes a text of bytes, which may be Latin-1 or cut in a letter.
func valid(b []byte) string {
	b = b[:min(len(b), maxText)]
	if utf8.Valid(b) {
		return string(b)
	}
	var s strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			r = rune(b[0]) // as ISO 8859-1 has it
		}
		s.WriteRune(r)
		b = b[n:]
	}
	return s.String()
}
