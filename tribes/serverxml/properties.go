package serverxml

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Properties are what ${name} in a configuration stands for: the properties of
// the Java process.
type Properties struct {
	noDefaults bool // 5.5 and 6.0 do not know ${name:-default}
	values     map[string]property
	files      []string // the property files that were read
	// overridden tells of each property that was given and that a file gives too.
	overridden []string
}

type property struct {
	value, from string
	read        bool // from a file
}

// Set gives a property from the command line, as "-Dname=value" would.
func (p *Properties) Set(name, value, from string) {
	if p.values == nil {
		p.values = map[string]property{}
	}
	if _, ok := p.values[name]; !ok { // catalina.properties overrides the command line
		p.values[name] = property{value: value, from: from}
	}
}

// Complete reports whether a catalina.properties was read, so that a name that
// is not there can only come from a -D or an environment that nobody told.
func (p *Properties) Complete() bool { return p != nil && len(p.files) > 0 }

// ReadProperties reads a catalina.properties. Tomcat makes each of its entries a
// system property, over one given with -D
// (org.apache.catalina.startup.CatalinaProperties), so they replace what Set gave.
func (p *Properties) ReadProperties(name string, r io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if len(data) > maxBytes {
		return fmt.Errorf("read %s: larger than %d MiB, which no properties file of Tomcat is", name, maxBytes>>20)
	}
	if p.values == nil {
		p.values = map[string]property{}
	}
	p.files = append(p.files, name)
	line := 0
	for rest := string(fromLatin1(data)); rest != ""; {
		var logical string
		first := line + 1
		logical, rest, line = logicalLine(rest, line)
		key, value, ok := splitProperty(logical)
		if ok {
			place := fmt.Sprintf("%s:%d", name, first)
			if given, was := p.values[key]; was && !given.read && given.value != value && len(p.overridden) < maxEntities {
				p.overridden = append(p.overridden, overrides(key, value, place, given))
			}
			p.values[key] = property{value, place, true}
		}
	}
	return nil
}

// overrides says that a file gives a property that was given otherwise too. Any property
// may be a key: values are shown where they are plain.
func overrides(key, value, place string, given property) string {
	if !plainText(value) || !plainText(given.value) {
		return fmt.Sprintf("%s has another value at %s, which counts, than %s gives it", cut(key), place, given.from)
	}
	return fmt.Sprintf("%s is %q at %s, over the %q of %s", cut(key), value, place, given.value, given.from)
}

// plainText reports whether a value is a port or another small number, an address, or true
// or false, none of which is a key.
func plainText(s string) bool {
	if n, err := strconv.Atoi(s); err == nil && n >= -1 && n <= 65535 {
		return true
	}
	_, err := netip.ParseAddr(s)
	return err == nil || s == "true" || s == "false"
}

// propertySource names in catalina.properties where else placeholders come from.
const propertySource = "org.apache.tomcat.util.digester.PROPERTY_SOURCE"

// environment says where it is told that placeholders come from the environment of
// Tomcat's process, "" where they do not.
func (p *Properties) environment(v Version) string {
	if p == nil || !v.Has("7.0.109 8.5.65 9.0.45 10.0.5 10.1.0 11.0.0") {
		return ""
	}
	if s := p.values[propertySource]; strings.Contains(s.value, "EnvironmentPropertySource") {
		return s.from
	}
	return ""
}

// logicalLine takes one line of a properties file off s, joined with those that
// a backslash at the end continues (java.util.Properties).
func logicalLine(s string, line int) (logical, rest string, n int) {
	var b strings.Builder
	for {
		var l string
		i := strings.IndexAny(s, "\r\n")
		if i < 0 {
			l, s = s, ""
		} else {
			l = s[:i]
			if strings.HasPrefix(s[i:], "\r\n") {
				i++
			}
			s = s[i+1:]
		}
		line++
		l = strings.TrimLeft(l, " \t\f")
		if b.Len() == 0 && (strings.HasPrefix(l, "#") || strings.HasPrefix(l, "!")) {
			return "", s, line
		}
		slashes := len(l) - len(strings.TrimRight(l, `\`))
		if slashes%2 == 0 || s == "" {
			b.WriteString(strings.TrimSuffix(l, strings.Repeat(`\`, slashes%2)))
			return b.String(), s, line
		}
		b.WriteString(l[:len(l)-1])
	}
}

// splitProperty splits "key = value", "key: value" or "key value".
func splitProperty(l string) (key, value string, ok bool) {
	i := 0
	for i < len(l) && !strings.ContainsRune("=: \t\f", rune(l[i])) {
		if l[i] == '\\' {
			i++
		}
		i++
	}
	i = min(i, len(l))
	key = unescapeProperty(l[:i])
	rest := strings.TrimLeft(l[i:], " \t\f")
	if rest != "" && (rest[0] == '=' || rest[0] == ':') {
		rest = strings.TrimLeft(rest[1:], " \t\f")
	}
	return key, unescapeProperty(rest), key != ""
}

func unescapeProperty(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 't':
			b.WriteByte('\t')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 'f':
			b.WriteByte('\f')
		case 'u':
			if i+4 < len(s) {
				if r, err := strconv.ParseUint(s[i+1:i+5], 16, 16); err == nil {
					b.WriteRune(rune(r))
					i += 4
					continue
				}
			}
			b.WriteByte('u')
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// runtimeNames begin the names of properties that every running Tomcat has and
// that no file gives: places on its disk, mostly. They are left as they are.
var runtimeNames = []string{"catalina.home", "catalina.base", "java.", "user.", "os.", "file.", "line.", "path."}

func runtimeName(name string) bool {
	for _, n := range runtimeNames {
		if name == n || strings.HasSuffix(n, ".") && strings.HasPrefix(name, n) {
			return true
		}
	}
	return false
}

// resolved is a text with its placeholders replaced.
type resolved struct {
	text    string
	from    []string // "name (where from)", in order
	missing []string // names that are not known here
	runtime bool     // holds a place that only the running Tomcat knows
}

// resolve replaces ${name} and ${name:-default} as
// org.apache.tomcat.util.IntrospectionUtils.replaceProperties does: again and
// again, at most twenty times; what is not known stays as it is.
func (p *Properties) resolve(s string) resolved {
	out := resolved{text: s}
	for range 20 {
		if !strings.Contains(out.text, "${") || len(out.text) > maxExpanded {
			break
		}
		next := p.replace(&out)
		if next == out.text {
			break
		}
		out.text = next
	}
	return out
}

func (p *Properties) replace(out *resolved) string {
	var b strings.Builder
	out.missing, out.runtime = nil, false
	s := out.text
	for {
		i := strings.Index(s, "${")
		if i < 0 {
			break
		}
		j := strings.IndexByte(s[i:], '}')
		if j < 0 {
			break
		}
		name := s[i+2 : i+j]
		b.WriteString(s[:i])
		b.WriteString(p.one(name, out))
		s = s[i+j+1:]
		if b.Len() > maxExpanded {
			break // properties that blow each other up
		}
	}
	b.WriteString(s)
	return b.String()
}

func (p *Properties) one(name string, out *resolved) string {
	if v, ok := p.get(name, out); ok {
		return v
	}
	if n, def, ok := strings.Cut(name, ":-"); ok && (p == nil || !p.noDefaults) {
		if v, ok := p.get(n, out); ok {
			return v
		}
		out.note(n + " (not set: the default in the placeholder)")
		return def
	}
	if runtimeName(name) {
		out.runtime = true
	} else {
		out.missing = append(out.missing, name)
	}
	return "${" + name + "}"
}

func (p *Properties) get(name string, out *resolved) (string, bool) {
	if p == nil {
		return "", false
	}
	v, ok := p.values[name]
	if ok {
		out.note(name + " (" + v.from + ")")
	}
	return v.value, ok
}

func (r *resolved) note(from string) {
	if !slices.Contains(r.from, from) && len(r.from) < maxEntities {
		r.from = append(r.from, from)
	}
}
