package logs

import "bytes"

// Continues reports whether a line goes on with the entry before it: a place or a
// cause of a stack trace, an indented line, the exception behind a message.
func Continues(line []byte) bool {
	if len(line) == 0 {
		return true
	}
	text := bytes.TrimSpace(line)
	return isSpace(line[0]) || bytes.HasPrefix(text, []byte("Caused by:")) || bytes.HasPrefix(text, []byte("at ")) && bytes.IndexByte(text, '(') > 0 || isException(text)
}

// FirstOfTwo reports whether a line is the first of the two that java.util.logging's
// SimpleFormatter writes; the text is in the next.
func FirstOfTwo(line []byte) bool {
	_, _, _, ok := parseSimple(line)
	return ok
}

// LevelOf is the level that the beginning of an entry names.
func LevelOf(line string) (Level, bool) {
	if h, ok := parseHeader([]byte(line)); ok && h.level != "" {
		return h.level, true
	}
	level, _, ok := simpleSecond([]byte(line))
	return level, ok
}
