package logs

import (
	"bytes"
)

// header is what stands before the text of a record.
type header struct {
	stamp
	level  Level
	logger []byte // a class, in full, shortened or its last word; nil where none is written
	method []byte
	thread []byte
	text   []byte
}

// parseHeader reads the beginning of a record of one line, in whatever order the
// layout puts time, level, thread and logger:
//
//	29-Nov-2026 17:34:54.601 INFO [main] org.apache.catalina.startup.Catalina.start text
//	2026-11-29 17:34:54,601 INFO  [main] o.a.c.s.Catalina - text
//	17:34:54.601 [main] INFO  o.a.c.s.Catalina - text
//	2026-11-29T17:34:54.601Z  INFO 1 --- [app] [main] o.a.c.startup.Catalina : text
//	2026-11-29 17:34:54,601 [main] [ERROR] [o.a.c.s.Catalina 477] - text
func parseHeader(line []byte) (header, bool) {
	var h header
	b := line
	bracket := len(b) > 0 && b[0] == '['
	if bracket {
		b = b[1:]
	}
	s, rest, ok := parseStamp(b)
	if !ok {
		return h, false
	}
	if bracket {
		end := bytes.IndexByte(rest[:min(len(rest), 8)], ']')
		if end < 0 {
			return h, false
		}
		rest = rest[end+1:]
	}
	h.stamp = s
	h.fields(rest)
	return h, true
}

// fields reads level, thread and logger, up to the text.
func (h *header) fields(rest []byte) {
	for range 9 {
		rest = bytes.TrimLeft(rest, " \t|")
		if len(rest) == 0 {
			return
		}
		token, after, boxed := nextField(rest)
		switch {
		case len(token) == 1 && (token[0] == '-' || token[0] == ':'):
			if h.logger != nil || h.level != "" {
				h.text = bytes.TrimLeft(after, " \t")
				return
			}
		case h.level == "" && isLevel(token):
			h.level, _ = levelOf(string(token))
		case isFiller(token):
		case h.logger == nil && loggerOf(token) != nil && !(boxed && h.thread == nil && !isCatalina(token)):
			h.logger, h.method = splitMethod(loggerOf(token))
			// What follows a logger is the text, unless a dash or the level is to come.
			next := bytes.TrimLeft(after, " \t")
			if h.level != "" && !isDash(next) && !(h.thread == nil && h.method == nil && len(next) > 0 && next[0] == '[') {
				h.text = next
				return
			}
		case boxed && (h.thread == nil || h.logger == nil): // Spring Boot's application comes before the thread
			h.thread = token
		default:
			h.text = rest
			return
		}
		rest = after
	}
	h.text = bytes.TrimLeft(rest, " \t")
}

// nextField is the next word, or what stands in brackets with the brackets inside it.
func nextField(b []byte) (token, after []byte, boxed bool) {
	if open, shut := b[0], shutOf(b[0]); shut != 0 {
		depth := 0
		for i, c := range b[:min(len(b), 512)] {
			switch c {
			case open:
				depth++
			case shut:
				if depth--; depth == 0 {
					return b[1:i], b[i+1:], true
				}
			}
		}
	}
	i := bytes.IndexByte(b, ' ')
	if i < 0 {
		return b, nil, false
	}
	return b[:i], b[i:], false
}

func shutOf(c byte) byte {
	switch c {
	case '[':
		return ']'
	case '(':
		return ')'
	case '<':
		return '>'
	}
	return 0
}

func isLevel(token []byte) bool {
	if len(token) < 3 || len(token) > 30 || token[0] >= 'a' && token[0] <= 'z' {
		return false
	}
	_, ok := levels[string(token)]
	return ok || token[0] < 0x80 && len(token) < 12 && upper(token) && knownLevel(token)
}

func knownLevel(token []byte) bool { _, ok := levelOf(string(token)); return ok }

func upper(token []byte) bool {
	for _, c := range token {
		if c >= 'a' && c <= 'z' {
			return false
		}
	}
	return true
}

// isFiller: "---" of Spring Boot, a process id, milliseconds.
func isFiller(token []byte) bool {
	return len(token) > 0 && (bytes.Equal(token, []byte("---")) || len(token) < 11 && digits(token, len(token)))
}

func isDash(b []byte) bool {
	return len(b) > 1 && (b[0] == '-' || b[0] == ':') && b[1] == ' '
}

// loggerOf returns the class in token, which may have a line number behind it and
// stars or a point of shortening before it, or nil.
func loggerOf(token []byte) []byte {
	t := token
	for len(t) > 0 && (t[0] == '.' || t[0] == '~' || t[0] == '*') {
		t = t[1:]
	}
	dots, letters := 0, false
	end := len(t)
	for i, c := range t {
		k := loggerBytes[c]
		if k == 0 {
			if i == 0 || c != ' ' && c != ':' && c != '(' {
				return nil
			}
			end = i
			break
		}
		letters = letters || k == 'l'
		if c == '.' {
			dots++
		}
	}
	t = t[:end]
	if len(t) < 3 || !letters || dots == 0 && !knownClass(t) {
		return nil
	}
	if t[0] == '[' || t[0] == '<' || isDigit(t[0]) || t[len(t)-1] == '.' {
		return nil
	}
	return t
}

// loggerBytes are those of a class: 'l' for letters, 'o' for others.
var loggerBytes = func() (k [256]byte) {
	for c := 'a'; c <= 'z'; c++ {
		k[c], k[c-'a'+'A'] = 'l', 'l'
	}
	for _, c := range ".0123456789_$-<>[]/" {
		k[c] = 'o'
	}
	return k
}()

// splitMethod takes a method off a class: the last word after one that begins with
// a capital.
func splitMethod(t []byte) (class, method []byte) {
	dot := bytes.LastIndexByte(t, '.')
	if dot < 1 || dot+1 == len(t) {
		return t, nil
	}
	last := t[dot+1:]
	if last[0] != '<' && (last[0] < 'a' || last[0] > 'z') {
		return t, nil
	}
	before := t[:dot]
	if simple := lastWord(before); len(simple) > 0 && simple[0] >= 'A' && simple[0] <= 'Z' {
		return before, last
	}
	return t, nil
}

// lastWord is the class without its package.
func lastWord(class []byte) []byte {
	return class[bytes.LastIndexByte(class, '.')+1:]
}
