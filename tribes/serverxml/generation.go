package serverxml

import (
	"slices"
	"strings"
	"sync"

	"muster/tribes/release"
)

// What a release has is told by two tables: release's, made of the classes of
// sampled releases, says which classes and setters there are; the ones of this
// package say what they mean, and, where since names a line, since which release
// of it between the samples.

// present reports whether a release has a class.
func present(name string, v Version) bool {
	if k := meaning(name); k != nil {
		if _, named := v.Named(k.since); named {
			return v.Has(k.since)
		}
	}
	_, ok := v.Class(name)
	return ok
}

// meaning finds a class of this package's tables.
func meaning(name string) *class {
	all := classes()
	for i := range all {
		if all[i].name == name {
			return &all[i]
		}
	}
	return nil
}

// others are classes that this package's tables say nothing of, and that some
// release has. They are made when they are first asked for.
var others sync.Map // of *class, by name

// lookup finds a class that some release has, or nil.
func lookup(name string) *class {
	if k := meaning(name); k != nil {
		return k
	}
	if k, ok := others.Load(name); ok {
		return k.(*class)
	}
	roles := release.Roles(name)
	if len(roles) == 0 {
		return nil
	}
	k := &class{name: name, role: role(roles[0])}
	if now, ok := legacyClasses[name]; ok {
		if m := meaning(now.now); m != nil {
			k.attrs = m.attrs // what they mean
		}
	}
	others.Store(name, k)
	return k
}

// find returns the attribute that Tomcat would set for name in v. Tomcat builds
// the setter's name by raising the first letter, so "Address" is "address".
func (c *class) find(name string, v Version) (attribute, bool) {
	if name != "" {
		name = strings.ToLower(name[:1]) + name[1:]
	}
	i := slices.IndexFunc(c.attrs, func(a attribute) bool { return a.name == name })
	setter, has := setterOf(c.name, name, v)
	if i < 0 {
		return setter, has
	}
	a := c.attrs[i]
	if _, named := v.Named(a.since); named {
		return a.in(v, setter, has), v.Has(a.since)
	}
	return a.in(v, setter, has), has
}

// in is what the attribute is in a release: the type and the default that its
// class has there.
func (a attribute) in(v Version, setter attribute, has bool) attribute {
	if !has {
		return a
	}
	if a.kind == options && setter.kind == number {
		a.kind = number // names came later
	}
	if setter.kind == object || setter.kind == unsettable {
		a.kind = setter.kind
	}
	if !v.AtLeast("9.0") && setter.def != unknownDefault && a.def != "" {
		switch a.kind {
		case number, long, boolean:
			a.def, a.later = setter.def, change{}
		}
	}
	return a
}

// unknownDefault is a default that a fresh object does not tell.
const unknownDefault = "?"

// setterOf makes an attribute of what the class has.
func setterOf(class, name string, v Version) (attribute, bool) {
	c, ok := v.ClassOfLine(class)
	if !ok {
		return attribute{}, false
	}
	s, ok := c.Setter(name)
	if !ok {
		return attribute{}, false
	}
	kinds := map[string]kind{"int": number, "long": long, "boolean": boolean, "InetAddress": host, "object": object, "primitive": unsettable}
	return attribute{name: name, kind: kinds[s.Type], def: s.Default, quiet: true}, true
}

// all lists the attributes of a class in v: those of the tables in their order.
func (c *class) all(v Version) []attribute {
	var out []attribute
	for _, a := range c.attrs {
		if a, ok := c.find(a.name, v); ok {
			out = append(out, a)
		}
	}
	return out
}

// names lists the attributes that belong into a file, for suggestions.
func (c *class) names(v Version) []string {
	var out []string
	for _, a := range c.all(v) {
		if !a.quiet {
			out = append(out, a.name)
		}
	}
	return out
}

// tomcat5 is the line before Tribes: its cluster has classes, elements and
// attributes of its own, which later ones have under other names.
const tomcat5 = "5.5"

// is reports whether a class can be an element: a FarmWarDeployer is a listener
// too.
func (c *class) is(r role) bool {
	return c.role == r || slices.Contains(release.Roles(c.name), string(r)) && meaning(c.name) == nil || c.name == farmWarDeployer && r == roleListener
}

// linesWith tells which releases have a class, for a sentence.
func linesWith(class string) string {
	lines := release.WithClass(class)
	switch len(lines) {
	case 0:
		return "no other"
	case 1:
		return lines[0] + " alone"
	}
	return lines[0] + " to " + lines[len(lines)-1]
}

// noStart ends a sentence about a mistake that ends the start. In 5.5 and 6.0
// the process stays and serves nothing; later the JVM ends; a class that is not
// found ends it in all.
func noStart(v Version, says string) string {
	if !v.AtLeast("7.0") && !strings.Contains(says, "ClassNotFound") {
		return "; the cluster does not start, and Tomcat " + v.Line + " stays and serves nothing (\"" + says + "\")"
	}
	return "; Tomcat does not start (\"" + says + "\")"
}

// refusedValue is how a release words that an attribute's setter does not take a
// text.
func refusedValue(v Version, name string) string {
	switch {
	case v.Line == tomcat5:
		return "says nothing"
	case !v.AtLeast("9.0"):
		return "says \"Setting property '" + cut(name) + "'... did not find a matching property.\""
	}
	return "says \"failed to set property [" + cut(name) + "]\""
}

// refusal is how a release words that it does not take an attribute.
func refusal(v Version, name, value string) string {
	switch {
	case v.Line == tomcat5:
		return "goes on without it" // it says so at its debug level alone
	case !v.AtLeast("9.0"):
		return "says \"Setting property '" + cut(name) + "' to '" + cut(value) + "' did not find a matching property.\" in a WARNING and goes on without it"
	}
	return "says \"failed to set property [" + cut(name) + "] to [" + cut(value) + "]\" in a WARNING and goes on without it"
}

// classes5 are the objects of Tomcat 5.5 where an element is missing.
var classes5 = map[string]string{
	deltaManager: legacyClusterPackage + "session.DeltaManager", mcastService: legacyClusterPackage + "mcast.McastService",
	nioReceiver: legacyClusterPackage + "tcp.ReplicationListener", replicationTransmit: legacyClusterPackage + "tcp.ReplicationTransmitter",
}

// olderClass is the object that a release makes by itself where an element is
// missing and later ones make another; "" is the same.
func olderClass(v Version, now string) string {
	switch {
	case v.Line == tomcat5:
		return classes5[now]
	case now == messageDispatch && !v.AtLeast("8.5"):
		return interceptorPackage + "MessageDispatch15Interceptor"
	}
	return ""
}

// linesWithAttribute tells which lines' releases have an attribute, "" is none.
func linesWithAttribute(class, name string) string {
	var lines []string
	for _, r := range release.Samples() {
		if c, ok := r.Class(class); ok {
			if s, ok := c.Setter(name); ok && s.Type != "object" && !slices.Contains(lines, r.Line) {
				lines = append(lines, r.Line)
			}
		}
	}
	switch len(lines) {
	case 0:
		return ""
	case 1:
		return lines[0] + " alone"
	}
	return lines[0] + " to " + lines[len(lines)-1]
}
