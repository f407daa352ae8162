package tomcatjar

import (
	"archive/zip"
	"bufio"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"muster/internal/lazyregexp"
)

// roots are the folders of the cluster's packages: of 6.0 and later, and of 5.5.
var roots = []string{"org/apache/catalina/tribes/", "org/apache/catalina/ha/", "org/apache/catalina/cluster/"}

// Read returns the texts of the cluster's packages in the jar.
func Read(jar string) ([]Text, error) {
	z, err := zip.OpenReader(jar)
	if err != nil {
		return nil, fmt.Errorf("reading the messages of %s: %w", jar, err)
	}
	defer z.Close()
	var out []Text
	for _, f := range z.File {
		pkg, ok := packageOf(f.Name)
		if !ok {
			continue
		}
		base := path.Base(f.Name)
		switch {
		case strings.HasPrefix(base, "LocalStrings") && strings.HasSuffix(base, ".properties"):
			err = each(f, func(data []byte) error {
				out = append(out, properties(pkg, language(base), string(data))...)
				return nil
			})
		case strings.HasSuffix(base, ".class"):
			err = each(f, func(data []byte) error {
				texts, err := literals(data)
				for _, t := range texts {
					t.Package, t.Class, t.Language = pkg, strings.TrimSuffix(base, ".class"), "en"
					out = append(out, t)
				}
				return err
			})
		}
		if err != nil {
			return nil, fmt.Errorf("reading the messages of %s, %s: %w", jar, f.Name, err)
		}
	}
	return out, nil
}

func packageOf(name string) (string, bool) {
	for _, root := range roots {
		if strings.HasPrefix(name, root) {
			dir := strings.TrimPrefix(path.Dir(name), "org/apache/catalina/")
			return strings.ReplaceAll(dir, "/", "."), true
		}
	}
	return "", false
}

// language is of LocalStrings.properties or LocalStrings_pt_BR.properties.
func language(base string) string {
	s := strings.TrimSuffix(strings.TrimPrefix(base, "LocalStrings"), ".properties")
	if s == "" {
		return "en"
	}
	return s[1:]
}

func each(f *zip.File, do func([]byte) error) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return do(data)
}

// properties reads a file in the form of java.util.Properties.
func properties(pkg, lang, data string) []Text {
	var out []Text
	s := bufio.NewScanner(strings.NewReader(data))
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		line := strings.TrimLeft(s.Text(), " \t\f")
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		for continued(line) && s.Scan() {
			line = line[:len(line)-1] + strings.TrimLeft(s.Text(), " \t\f")
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		out = append(out, Text{Key: strings.TrimSpace(key), Package: pkg, Language: lang, Pattern: messageFormat(unescape(strings.TrimLeft(value, " \t")))})
	}
	return out
}

// continued: an odd number of backslashes ends the line.
func continued(line string) bool {
	n := 0
	for i := len(line) - 1; i >= 0 && line[i] == '\\'; i-- {
		n++
	}
	return n%2 == 1
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
		case 'u':
			if i+4 < len(s) {
				if n, err := strconv.ParseUint(s[i+1:i+5], 16, 16); err == nil {
					b.WriteRune(rune(n))
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

var argument = lazyregexp.New(`\{(\d+)(,[^{}]*)?\}`)

// messageFormat takes out the quotes of java.text.MessageFormat: two are one, one
// alone is none and keeps what it encloses.
func messageFormat(s string) string {
	s = strings.TrimSpace(s)
	if !argument().MatchString(s) {
		return strings.ReplaceAll(s, "''", "'")
	}
	s = strings.ReplaceAll(s, "''", "\x00")
	s = strings.ReplaceAll(s, "'", "")
	s = strings.ReplaceAll(s, "\x00", "'")
	return argument().ReplaceAllString(s, "{$1}")
}
