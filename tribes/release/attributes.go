package release

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// attributes.tsv is made of the classes of real releases by internal/gensetters.
// Its first line names those releases; then each class of a cluster stands in a
// line of its own with the elements it is for and the releases that have it, and
// below it, indented by a tab, each attribute that Tomcat would set there, with
// the type of the setter, the value that a fresh object has, and the releases for
// which all this holds. Releases are given as ranges, "6.0.13..8.0.53 9.0.113".
//
//go:embed attributes.tsv
var attributesFile string

// Setter is an attribute that a class takes: Tomcat calls a method of that name
// (org.apache.tomcat.util.IntrospectionUtils.setProperty).
type Setter struct {
	Name string
	// Type is String, int, long, boolean or InetAddress: what Tomcat makes of the
	// text. "object" is anything else: the setter is called with null, without a
	// word. "primitive" is a number of another size, with which the call fails.
	Type string
	// Default is the value of a fresh object; "?" is not known.
	Default string
}

// Class is a class of Tomcat that an element of a <Cluster> can have.
type Class struct {
	Name    string
	Roles   []string // the elements that it can be: Manager, Receiver, Valve, ...
	setters map[string]Setter
}

// Setter returns the setter of an attribute, by the name that begins with a
// small letter.
func (c Class) Setter(name string) (Setter, bool) {
	s, ok := c.setters[name]
	return s, ok
}

// Setters lists the attributes by name.
func (c Class) Setters() []Setter {
	out := make([]Setter, 0, len(c.setters))
	for _, s := range c.setters {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Setter) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// samples are the releases that the table was made of, oldest first, and what
// each has.
var samples = sync.OnceValue(func() (out struct {
	releases []Release
	classes  []map[string]Class // of each release
}) {
	var names []string
	var class string
	for line := range strings.Lines(attributesFile) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch {
		case len(names) == 0:
			names = f
			for _, n := range names {
				r, err := Parse(n)
				if err != nil {
					panic("attributes.tsv: " + err.Error())
				}
				out.releases = append(out.releases, r)
				out.classes = append(out.classes, map[string]Class{})
			}
		case len(f) == 3:
			class = f[0]
			for _, i := range within(names, f[2]) {
				out.classes[i][class] = Class{Name: class, Roles: strings.Split(f[1], ","), setters: map[string]Setter{}}
			}
		case len(f) == 5:
			for _, i := range within(names, f[4]) {
				out.classes[i][class].setters[f[1]] = Setter{f[1], f[2], f[3]}
			}
		}
	}
	return out
})

// within returns the indices of the releases that ranges name.
func within(names []string, ranges string) []int {
	var out []int
	for g := range strings.FieldsSeq(ranges) {
		from, to, ok := strings.Cut(g, "..")
		if !ok {
			to = from
		}
		for i := slices.Index(names, from); i >= 0 && i <= slices.Index(names, to); i++ {
			out = append(out, i)
		}
	}
	return out
}

// Samples are the releases whose classes were looked at, oldest first.
func Samples() []Release { return slices.Clone(samples().releases) }

// sample is the index of the release that stands for r: the newest of its line
// that is not newer than r, else the oldest of its line.
func (r Release) sample() int {
	best := -1
	for i, s := range samples().releases {
		if s.Line == r.Line && (best < 0 || s.Compare(r) <= 0) {
			best = i
		}
	}
	return best
}

// Sample is the release whose classes stand for r's; zero where its line has none.
func (r Release) Sample() Release {
	if i := r.sample(); i >= 0 {
		return samples().releases[i]
	}
	return Release{}
}

// Class returns a class as r has it.
func (r Release) Class(name string) (Class, bool) {
	i := r.sample()
	if i < 0 {
		return Class{}, false
	}
	c, ok := samples().classes[i][name]
	return c, ok
}

// ClassOfLine returns a class as r has it or, where it came between the samples,
// as the first later sample of the line has it.
func (r Release) ClassOfLine(name string) (Class, bool) {
	s := samples()
	for i := r.sample(); i >= 0 && i < len(s.releases) && s.releases[i].Line == r.Line; i++ {
		if c, ok := s.classes[i][name]; ok {
			return c, true
		}
	}
	return Class{}, false
}

// Classes lists the names of the classes that r has for an element, sorted.
func (r Release) Classes(role string) []string {
	i := r.sample()
	if i < 0 {
		return nil
	}
	var out []string
	for name, c := range samples().classes[i] {
		if slices.Contains(c.Roles, role) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// WithClass lists the lines whose sampled releases have a class, oldest first.
func WithClass(name string) []string {
	var out []string
	s := samples()
	for i, r := range s.releases {
		if _, ok := s.classes[i][name]; ok && !slices.Contains(out, r.Line) {
			out = append(out, r.Line)
		}
	}
	return out
}

// Roles lists the elements that a class can be, in the newest sampled release
// that has it; none where no release has it.
func Roles(name string) []string {
	s := samples()
	for i := len(s.classes) - 1; i >= 0; i-- {
		if c, ok := s.classes[i][name]; ok {
			return c.Roles
		}
	}
	return nil
}
