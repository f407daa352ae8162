package logs

import (
	"bytes"
	"strings"
	"time"
	"unicode/utf8"
)

// stamp is the time at the beginning of a line, as it was written.
type stamp struct {
	when time.Time
	// fine: it has fractions of a second; else whole seconds.
	fine bool
	// dated: it has a day; else the time of day alone, on 1 January of year 0.
	dated bool
	// zoned: it says its zone; else it is the time of the host, taken for UTC.
	zoned bool
}

// parseStamp reads a time at the beginning of b and returns what is behind it.
// It knows
//
//	29-Nov-2026 17:34:54.601        JULI's OneLineFormatter
//	2026-11-29 17:34:54,601         log4j's ISO8601, logback; "/" and "." too
//	2026-11-29T17:34:54.601+01:00   ISO 8601, Spring Boot, containers
//	29 Nov 2026 17:34:54,601        log4j's DATE
//	17:34:54.601                    no day: log4j's ABSOLUTE, logback's own
//	1764437694.601                  seconds of Unix
func parseStamp(b []byte) (stamp, []byte, bool) {
	if len(b) < 8 {
		return stamp{}, b, false
	}
	var y, m, d int
	var ok bool
	rest := b
	switch {
	case digits(b, 4) && isSep(b[4]): // 2026-11-29
		if len(b) < 19 || !digits(b[5:], 2) || b[7] != b[4] || !digits(b[8:], 2) || b[10] != ' ' && b[10] != 'T' && b[10] != '_' {
			return stamp{}, b, false
		}
		y, m, d = number(b[:4]), number(b[5:7]), number(b[8:10])
		rest = b[11:]
	case digits(b, 2) && (b[2] == '-' || b[2] == ' ' || b[2] == '/') && len(b) > 20 && !isDigit(b[3]): // 29-Nov-2026
		sep := b[2]
		end := bytes.IndexByte(b[3:min(len(b), 20)], sep)
		if end < 0 || !digits(b[3+end+1:], 4) {
			return stamp{}, b, false
		}
		if m, ok = month(b[3 : 3+end]); !ok {
			return stamp{}, b, false
		}
		d, y = number(b[:2]), number(b[3+end+1:3+end+5])
		rest = b[3+end+5:]
		if len(rest) == 0 || rest[0] != ' ' && rest[0] != ':' {
			return stamp{}, b, false
		}
		rest = rest[1:]
	case digits(b, 2) && b[2] == ':' && digits(b[3:], 2) && b[5] == ':': // a time alone
	case digits(b, 10) && (len(b) == 10 || !isDigit(b[10])):
		sec := int64(0)
		for _, c := range b[:10] {
			sec = sec*10 + int64(c-'0')
		}
		ns, n := fraction(b[10:])
		return stamp{time.Unix(sec, ns).UTC(), n > 0, true, true}, b[10+n:], true
	default:
		return stamp{}, b, false
	}
	if y > 0 && (m < 1 || m > 12 || d < 1 || d > 31) {
		return stamp{}, b, false
	}
	s, rest, ok := parseClock(rest, y, m, d)
	if !ok {
		return stamp{}, b, false
	}
	return s, rest, true
}

// parseClock reads hours, minutes and seconds with what follows them: a fraction,
// a zone.
func parseClock(b []byte, y, m, d int) (stamp, []byte, bool) {
	if len(b) < 8 || !digits(b, 2) || b[2] != ':' || !digits(b[3:], 2) || b[5] != ':' || !digits(b[6:], 2) {
		return stamp{}, b, false
	}
	h, min, sec := number(b[:2]), number(b[3:5]), number(b[6:8])
	if h > 24 || min > 59 || sec > 60 {
		return stamp{}, b, false
	}
	rest := b[8:]
	ns, n := fraction(rest)
	rest = rest[n:]
	s := stamp{fine: n > 0, dated: y > 0}
	zone, n := parseZone(rest)
	s.zoned = n > 0
	rest = rest[n:]
	if y == 0 {
		m, d = 1, 1
	}
	s.when = time.Date(y, time.Month(m), d, h, min, sec, int(ns), time.UTC).Add(-zone)
	return s, rest, true
}

// fraction reads ".601" or ",601" and returns nanoseconds and how long it is.
func fraction(b []byte) (ns int64, n int) {
	if len(b) < 2 || b[0] != '.' && b[0] != ',' || !isDigit(b[1]) {
		return 0, 0
	}
	scale := int64(time.Second)
	n = 1
	for n < len(b) && isDigit(b[n]) {
		if scale >= 10 {
			scale /= 10
			ns += int64(b[n]-'0') * scale
		}
		n++
	}
	return ns, n
}

// parseZone reads "Z", "+01:00", "+0100" or " +0100" and returns how long it is.
func parseZone(b []byte) (time.Duration, int) {
	if len(b) > 0 && b[0] == 'Z' {
		return 0, 1
	}
	skip := 0
	if len(b) > 5 && b[0] == ' ' && (b[1] == '+' || b[1] == '-') && digits(b[2:], 4) {
		skip = 1
	}
	z := b[skip:]
	if len(z) < 5 || z[0] != '+' && z[0] != '-' || !digits(z[1:], 2) {
		return 0, 0
	}
	n, min := 3, z[3:]
	if min[0] == ':' {
		n, min = 4, min[1:]
	}
	if !digits(min, 2) {
		return 0, 0
	}
	by := time.Duration(number(z[1:3]))*time.Hour + time.Duration(number(min[:2]))*time.Minute
	if z[0] == '-' {
		by = -by
	}
	return by, skip + n + 2
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isSep(c byte) bool   { return c == '-' || c == '/' || c == '.' }

func digits(b []byte, n int) bool {
	if len(b) < n {
		return false
	}
	for _, c := range b[:n] {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

func number(b []byte) int {
	n := 0
	for _, c := range b {
		n = n*10 + int(c-'0')
	}
	return n
}

// months are the first letters of the months in the languages that java.util.logging
// knows on the hosts where Tomcat speaks them; numbers stand for themselves ("11月").
var months = map[string]int{}

func init() {
	for i, names := range []string{
		"jan ene янв led", "feb fév fev фев úno", "mar mär maa mär março мар bře", "apr abr avr апр dub",
		"may mai мая май kvě", "jun juin июн čvn", "jul juil июл čvc", "aug ago août aoû авг srp",
		"sep set сен zář", "oct okt out окт říj", "nov ноя lis", "dec dez dic déc дек pro",
	} {
		for name := range strings.FieldsSeq(names) {
			months[name] = i + 1
		}
	}
}

// month reads the name of a month, short or long, with or without a point.
func month(b []byte) (int, bool) {
	if len(b) == 0 || len(b) > 32 {
		return 0, false
	}
	if isDigit(b[0]) { // 11월, 11月
		n := number(b[:1])
		if len(b) > 1 && isDigit(b[1]) {
			n = number(b[:2])
		}
		return n, n >= 1 && n <= 12
	}
	if len(b) == 3 { // the most frequent ones, without a copy
		low := [3]byte{b[0] | 0x20, b[1] | 0x20, b[2] | 0x20}
		if m, ok := months[string(low[:])]; ok {
			return m, true
		}
	}
	s := strings.ToLower(string(b))
	for n, i := 0, 0; i < len(s); n++ {
		_, size := utf8.DecodeRuneInString(s[i:])
		i += size
		if n >= 2 {
			if m, ok := months[s[:i]]; ok {
				return m, true
			}
		}
	}
	return 0, false
}

// parseSimple reads the first of the two lines of java.util.logging's
// SimpleFormatter: day, time, class and method. Its day is in the words of the
// host's language, in any order; the class and the method end the line:
//
//	Nov 29, 2026 5:27:07 PM org.apache.catalina.ha.tcp.SimpleTcpCluster start
//	29 nov. 2026 17:27:07 org.apache.catalina.ha.tcp.SimpleTcpCluster start
func parseSimple(b []byte) (s stamp, class, method string, ok bool) {
	day, c, m, ok := simpleFields(b)
	if !ok {
		return s, "", "", false
	}
	if s, ok = parseSimpleDay(day); !ok {
		return s, "", "", false
	}
	return s, string(c), string(m), true
}

// simpleFields takes such a line apart into its day and time, class and method.
func simpleFields(b []byte) (day, class, method []byte, ok bool) {
	colon := bytes.IndexByte(b[:min(len(b), 64)], ':')
	if colon < 8 || colon > 60 || colon+6 > len(b) || !digits(b[colon+1:], 2) || b[colon+3] != ':' || !digits(b[colon+4:], 2) {
		return nil, nil, nil, false
	}
	b = bytes.TrimRight(b, " \t")
	i := bytes.LastIndexByte(b, ' ')
	if i < colon || !isMethod(b[i+1:]) {
		return nil, nil, nil, false
	}
	method, b = b[i+1:], bytes.TrimRight(b[:i], " ")
	if i = bytes.LastIndexByte(b, ' '); i < colon || !isClass(b[i+1:]) {
		return nil, nil, nil, false
	}
	return b[:i], b[i+1:], method, true
}

// parseSimpleDay reads its day and time.
func parseSimpleDay(b []byte) (s stamp, ok bool) {
	fields := strings.Fields(strings.Map(space, string(b)))
	var y, m, d, h, min, sec int
	pm, am := false, false
	for _, f := range fields {
		w := strings.Trim(f, ",.")
		lower := strings.ToLower(w)
		switch {
		case strings.Count(w, ":") == 2:
			p := strings.Split(w, ":")
			h, min, sec = atoi(p[0]), atoi(p[1]), atoi(p[2])
		case lower == "pm" || lower == "p.m" || w == "午後" || w == "下午" || w == "오후" || lower == "odp" || lower == "nachm":
			pm = true
		case lower == "am" || lower == "a.m" || w == "午前" || w == "上午" || w == "오전" || lower == "dop" || lower == "vorm":
			am = true
		case len(w) == 4 && digits([]byte(w), 4):
			y = atoi(w)
		case len(w) <= 2 && digits([]byte(w), len(w)) && w != "":
			d = atoi(w)
		default:
			if n, ok := month([]byte(w)); ok {
				m = n
			}
		}
	}
	if pm && h < 12 {
		h += 12
	}
	if am && h == 12 {
		h = 0
	}
	if y == 0 || m == 0 || d == 0 || d > 31 || h > 24 || min > 59 || sec > 60 {
		return s, false
	}
	return stamp{when: time.Date(y, time.Month(m), d, h, min, sec, 0, time.UTC), dated: true}, true
}

// space turns the narrow spaces that newer Javas write before PM into blanks.
func space(r rune) rune {
	if r == '\u202f' || r == '\u00a0' {
		return ' '
	}
	return r
}

func atoi(s string) int {
	if s == "" || len(s) > 9 || !digits([]byte(s), len(s)) {
		return 0
	}
	return number([]byte(s))
}

// isClass: words joined by dots, such as org.apache.catalina.startup.Catalina.
func isClass(b []byte) bool {
	dot := false
	for _, c := range b {
		dot = dot || c == '.'
		if c != '.' && c != '_' && c != '$' && !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z') && c < 0x80 {
			return false
		}
	}
	return dot && b[0] != '.' && b[len(b)-1] != '.' && !isDigit(b[0])
}

func isMethod(b []byte) bool {
	if string(b) == "<init>" || string(b) == "<clinit>" {
		return true
	}
	for i, c := range b {
		if c != '_' && c != '$' && (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || !isDigit(c)) {
			return false
		}
	}
	return len(b) > 0
}
