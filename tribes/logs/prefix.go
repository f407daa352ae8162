package logs

import (
	"bytes"
)

// prefix is what a container's runtime, journald or syslog puts before a line.
type prefix struct {
	node  string // the service, pod or host that it names
	stamp stamp  // when the line was taken, where that is said
	form  prefixForm
}

type prefixForm int

const (
	noPrefix  prefixForm = iota
	compose              // "node2-1  | line": docker compose logs
	podPrefix            // "[pod/tomcat-0/tomcat] line": kubectl logs --prefix
	cri                  // "2026-11-29T18:07:39.384999Z stdout F line": files of the kubelet
	stamped              // "2026-11-29T18:07:39.384999Z line": docker and kubectl logs --timestamps
	journal              // "Nov 29 17:34:54 host tomcat10[123]: line": journalctl, syslog
	worded               // "tomcat-0 tomcat line": stern and the like
)

// cutPrefix takes off what stands before the line that Tomcat wrote. A form that was
// seen in the file is tried first, since only the beginning of a record can prove
// the ambiguous ones: its other lines carry them too.
func cutPrefix(line []byte, seen prefixForm) (prefix, []byte) {
	if len(line) == 0 {
		return prefix{}, line
	}
	if line[0] == '[' && bytes.HasPrefix(line, []byte("[pod/")) {
		if end := bytes.IndexByte(line, ']'); end > 0 {
			name := line[5:end]
			if i := bytes.IndexByte(name, '/'); i > 0 {
				name = name[:i]
			}
			return prefix{node: string(name), form: podPrefix}, trimOne(line[end+1:])
		}
	}
	if bar := bytes.Index(line[:min(len(line), 80)], []byte("| ")); bar > 0 || bar < 0 && bytes.HasSuffix(line, []byte(" |")) {
		if bar < 0 {
			bar = len(line) - 1
		}
		name := bytes.TrimRight(line[:bar], " ")
		if len(name) < bar && len(name) > 0 && isHost(name) {
			return prefix{node: string(name), form: compose}, line[min(bar+2, len(line)):]
		}
	}
	if p, rest, ok := cutJournal(line); ok {
		return p, rest
	}
	if isDigit(line[0]) && len(line) > 20 && line[10] == 'T' {
		if s, rest, ok := parseStamp(line); ok && s.zoned && len(rest) > 1 && rest[0] == ' ' {
			rest = rest[1:]
			for _, stream := range []string{"stdout ", "stderr "} {
				if bytes.HasPrefix(rest, []byte(stream)) && len(rest) >= len(stream)+2 && rest[len(stream)+1] == ' ' {
					return prefix{stamp: s, form: cri}, rest[len(stream)+2:]
				}
			}
			if seen == stamped || begins(rest) {
				return prefix{stamp: s, form: stamped}, rest
			}
		}
	}
	if seen == worded || seen == noPrefix && !isDigit(line[0]) && !isSpace(line[0]) && line[0] != '{' {
		if p, rest, ok := cutWords(line, seen); ok {
			return p, rest
		}
	}
	return prefix{}, line
}

// cutJournal reads what journalctl and syslog write before a line.
func cutJournal(line []byte) (prefix, []byte, bool) {
	b := line
	if b[0] == '<' { // RFC 3164's priority
		if end := bytes.IndexByte(b[:min(len(b), 6)], '>'); end > 0 {
			b = b[end+1:]
		}
	}
	var s stamp
	if len(b) > 16 && !isDigit(b[0]) { // Nov 29 17:34:54
		m, ok := month(b[:3])
		day := bytes.TrimLeft(b[4:6], " ")
		if !ok || b[3] != ' ' || !digits(day, len(day)) || b[6] != ' ' {
			return prefix{}, nil, false
		}
		clock, rest, ok := parseClock(b[7:], 0, m, number(day))
		if !ok {
			return prefix{}, nil, false
		}
		s, b = clock, rest
	} else {
		clock, rest, ok := parseStamp(b)
		if !ok || !clock.dated || !clock.zoned {
			return prefix{}, nil, false
		}
		s, b = clock, rest
	}
	// host program[pid]:
	host, rest, ok := bytes.Cut(trimOne(b), []byte(" "))
	if !ok || !isHost(host) {
		return prefix{}, nil, false
	}
	program, text, ok := bytes.Cut(rest, []byte(": "))
	if !ok {
		if program, ok = bytes.CutSuffix(rest, []byte(":")); !ok {
			return prefix{}, nil, false
		}
	}
	if len(program) > 64 || bytes.IndexByte(program, ' ') >= 0 || bytes.IndexByte(program, '[') <= 0 && !isHost(program) {
		return prefix{}, nil, false
	}
	return prefix{node: string(host), stamp: s, form: journal}, text, true
}

// cutWords takes up to three words off where the beginning of a record follows, or
// in a file where it did before.
func cutWords(line []byte, seen prefixForm) (prefix, []byte, bool) {
	rest := line
	for range 3 {
		i := bytes.IndexByte(rest[:min(len(rest), 80)], ' ')
		if i <= 0 {
			return prefix{}, nil, false
		}
		rest = bytes.TrimLeft(rest[i+1:], " |:")
		if begins(rest) && dated(rest) {
			name, _, _ := bytes.Cut(line, []byte(" "))
			name = bytes.Trim(name, "[]:|")
			if !isHost(name) {
				return prefix{}, nil, false
			}
			return prefix{node: string(name), form: worded}, rest, true
		}
	}
	return prefix{}, nil, false
}

// begins reports whether a record of Tomcat can begin with b.
func begins(b []byte) bool {
	if _, _, ok := parseStamp(bytes.TrimPrefix(b, []byte("["))); ok {
		return true
	}
	_, _, _, ok := parseSimple(b)
	return ok
}

func dated(b []byte) bool {
	s, _, ok := parseStamp(bytes.TrimPrefix(b, []byte("[")))
	return !ok || s.dated
}

func trimOne(b []byte) []byte {
	if len(b) > 0 && b[0] == ' ' {
		return b[1:]
	}
	return b
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// isHost: letters, digits, dots, dashes: a name of a host, service or pod, and no
// word of a level or of a sentence ("INFO:", "at").
func isHost(b []byte) bool {
	if len(b) == 0 || len(b) > 64 {
		return false
	}
	for _, c := range b {
		if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z') && c != '-' && c != '.' && c != '_' && c != '/' {
			return false
		}
	}
	_, level := levelOf(string(b))
	return !level
}

// stripEscapes takes out what colours a terminal (ECMA-48 control sequences).
func stripEscapes(b []byte) []byte {
	if bytes.IndexByte(b, 0x1b) < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != 0x1b {
			out = append(out, b[i])
			continue
		}
		if i+1 >= len(b) {
			break
		}
		i++
		switch b[i] {
		case '[': // CSI, to a byte from @ to ~
			for i++; i < len(b) && (b[i] < 0x40 || b[i] > 0x7e); i++ {
			}
		case ']': // OSC, to BEL or ESC \
			for i++; i < len(b) && b[i] != 7 && b[i] != 0x1b; i++ {
			}
			if i+1 < len(b) && b[i] == 0x1b {
				i++
			}
		}
	}
	return out
}
