package serverxml

import (
	"fmt"
	"slices"

	"muster/internal/verdict"
)

// component reads one element of a cluster: its class, every attribute of that
// class with its value or default, and what else is written there.
func (b *builder) component(n *node, r role) Component {
	c := Component{Element: n.name, Position: &n.pos, Attributes: []Value{}}
	b.className(n, r, &c)
	var given []string
	for _, x := range n.attrs {
		if x.name == "className" {
			continue
		}
		given = append(given, b.attribute(n, r, &c, x))
	}
	b.defaults(&c, given)
	c.sort()
	return c
}

// sort puts the attributes in the order of the tables, unknown ones last.
func (c *Component) sort() {
	if c.class == nil {
		return
	}
	rank := func(name string) int {
		i := slices.IndexFunc(c.class.attrs, func(a attribute) bool { return a.name == name })
		if i < 0 {
			i = len(c.class.attrs)
		}
		return i
	}
	slices.SortStableFunc(c.Attributes, func(a, b Value) int { return rank(a.Name) - rank(b.Name) })
}

// implied is the object that Tomcat makes where an element is missing.
func (b *builder) implied(r role, element, name string) Component {
	c := Component{Element: element, Class: name, Default: true, class: lookup(name), Attributes: []Value{}}
	if old := olderClass(b.version, name); old != "" {
		c.Class, c.canon = old, name
	}
	b.defaults(&c, nil)
	return c
}

// defaults adds the attributes that are not given, in the order of the tables.
func (b *builder) defaults(c *Component, given []string) {
	if c.class == nil {
		return
	}
	attrs := c.class.all(b.version)
	if b.version.Line == tomcat5 {
		attrs = c.class.attrs // its classes have other names for them
	}
	for _, a := range attrs {
		if a.quiet || slices.Contains(given, a.name) {
			continue
		}
		c.Attributes = append(c.Attributes, Value{Name: a.name, Text: a.value(b.version), From: FromDefault, main: a.main})
	}
}

// className finds the class of an element.
func (b *builder) className(n *node, r role, c *Component) {
	a, ok := n.attr("className")
	if !ok {
		if r == roleIDs {
			c.Class, c.class = standardIDGenerator, lookup(standardIDGenerator)
			return
		}
		b.report(finding{id: "config.class", status: verdict.Fail, at: n.pos,
			saw: fmt.Sprintf("<%s> has no className; Tomcat does not start (\"No class name specified\")", n.name),
			fix: []string{fmt.Sprintf("className=%q", usual(r))}})
		c.class = lookup(usual(r))
		c.Class = usual(r)
		return
	}
	res := b.props.resolve(a.value)
	if len(res.missing) > 0 {
		b.placeholder(n.name, a, res)
		c.Class = res.text
		return
	}
	c.Class = res.text
	here := present(c.Class, b.version)
	if old, ok := legacyClasses[c.Class]; ok {
		if !here {
			b.legacyClass(n, a, c, old.now, old.era)
			return
		}
		c.canon = old.now
	}
	k := lookup(c.Class)
	switch {
	case k == nil:
		b.unknownClass(n, r, a, c.Class)
	case !here:
		x := finding{id: "config.class", status: verdict.Fail, at: a.pos,
			saw: fmt.Sprintf("Tomcat %s has no class %s (%s have it)%s", b.version, c.Class, linesWith(c.Class), b.noStart("ClassNotFoundException"))}
		if now := usual(r); present(now, b.version) && now != c.Class {
			x.fix = []string{fmt.Sprintf("className=%q", now)}
		}
		b.report(x)
		c.class, c.missing = k, true
	case !k.is(r):
		x := finding{id: "config.class", status: verdict.Fail, at: a.pos,
			saw: fmt.Sprintf("%s is for <%s>, not for <%s>%s", short(c.Class), k.role, n.name, b.noStart("argument type mismatch")),
			fix: []string{fmt.Sprintf("move it into a <%s>", k.role)}}
		if r == roleMembership && k.name == staticInterceptor && present(staticService, b.version) {
			x.fix = []string{fmt.Sprintf("className=%q, which is the static membership for this element", staticService),
				"or move the StaticMembershipInterceptor into an <Interceptor>"}
		}
		b.report(x)
	default:
		c.class = k
		if c.canon != "" && meaning(c.canon) != nil && b.version.Line == tomcat5 {
			c.class = meaning(c.canon)
		}
	}
}

// noStart says what comes of a mistake that ends the start, as the release does.
func (b *builder) noStart(says string) string { return noStart(b.version, says) }

// usual is the class that an element has in most files.
func usual(r role) string {
	return map[role]string{
		roleCluster: simpleTCPCluster, roleManager: deltaManager, roleChannel: groupChannel, roleMembership: mcastService,
		roleMember: staticMember, roleReceiver: nioReceiver, roleSender: replicationTransmit, roleTransport: pooledParallelSender,
		roleDeployer: farmWarDeployer, roleListener: clusterSessionListen, roleValve: replicationValve,
	}[r]
}

func (b *builder) legacyClass(n *node, a attr, c *Component, now, era string) {
	x := finding{id: "config.legacy", status: verdict.Fail, at: a.pos}
	if now == "" {
		x.saw = fmt.Sprintf("%s belongs to %s and is no longer needed; Tomcat %s has no such class%s", c.Class, era, b.version, b.noStart("ClassNotFoundException"))
		x.fix = []string{fmt.Sprintf("take the <%s> out", n.name)}
		c.noName = &a.pos
	} else {
		x.saw = fmt.Sprintf("%s belongs to %s; Tomcat %s has no such class%s", c.Class, era, b.version, b.noStart("ClassNotFoundException"))
		x.fix = []string{fmt.Sprintf("className=%q", now)}
		c.Class, c.class = now, lookup(now)
	}
	b.report(x)
}

// unknownClass reports a class that is not in the tables: a wrong one where it
// has a package of Tomcat's, somebody's own otherwise.
func (b *builder) unknownClass(n *node, r role, a attr, name string) {
	if r == "" { // a plain listener may be of any class
		return
	}
	var all []string
	for _, name := range b.version.Classes(string(r)) {
		if k := meaning(name); k == nil || k.role == r {
			all = append(all, name)
		}
	}
	near := nearest(short(name), shorts(all))
	x := finding{id: "config.class", at: a.pos, status: verdict.Warn, confidence: verdict.Hint,
		saw: fmt.Sprintf("the class %s is not one of Tomcat's for <%s>; whether it is there, and what it does, is not judged", cut(name), n.name)}
	if ours(name) && !(r == roleValve || r == roleManager || r == roleListener) {
		x.status, x.confidence = verdict.Fail, verdict.Definite
		x.saw = fmt.Sprintf("Tomcat %s has no class %s%s", b.version, cut(name), b.noStart("ClassNotFoundException"))
	} else if ours(name) && r == roleManager {
		x.status, x.confidence = verdict.Fail, verdict.Likely
		x.saw = fmt.Sprintf("%s is no manager of a cluster%s", cut(name), b.noStart("argument type mismatch"))
	} else if ours(name) && r == roleValve {
		x.id, x.confidence = "config.no-effect", verdict.Definite
		x.saw = fmt.Sprintf("%s is no valve of a cluster; Tomcat drops it without a word", cut(short(name)))
		x.fix = []string{"move it out of <Cluster>, into <Engine> or <Host>"}
		near = ""
	}
	for _, full := range all {
		if near != "" && short(full) == near {
			x.saw += fmt.Sprintf("; %s is meant?", full)
			x.fix = []string{fmt.Sprintf("className=%q", full)}
			x.status, x.confidence = verdict.Fail, verdict.Likely
			x.id = "config.class"
		}
	}
	b.report(x)
}

func shorts(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = short(n)
	}
	return out
}

// ours reports whether a class would come with Tomcat.
func ours(name string) bool {
	const catalina = "org.apache.catalina."
	return len(name) > len(catalina) && name[:len(catalina)] == catalina
}
