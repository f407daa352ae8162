package config

import (
	"fmt"
	"slices"
	"strings"

	"muster/internal/check"
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
	b.defaults(&c, nil)
	return c
}

// defaults adds the attributes that are not given, in the order of the tables.
func (b *builder) defaults(c *Component, given []string) {
	if c.class == nil {
		return
	}
	for _, a := range c.class.attrs {
		if a.quiet || slices.Contains(given, a.name) || !b.version.has(a.since) {
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
		b.report(finding{id: "config.class", status: check.Fail, at: n.pos,
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
	if old, ok := legacyClasses[c.Class]; ok {
		if k := lookup(c.Class); k == nil || !b.version.has(k.since) {
			b.legacyClass(n, a, c, old.now, old.era)
			return
		}
	}
	k := lookup(c.Class)
	switch {
	case k == nil:
		b.unknownClass(n, r, a, c.Class)
	case !b.version.has(k.since):
		b.report(finding{id: "config.class", status: check.Fail, at: a.pos,
			saw: fmt.Sprintf("Tomcat %s has no class %s; it does not start", b.version, c.Class)})
		c.class = k
	case k.role != r && !(k.name == farmWarDeployer && r == roleListener): // it is both
		b.report(finding{id: "config.class", status: check.Fail, at: a.pos,
			saw: fmt.Sprintf("%s is for <%s>, not for <%s>; Tomcat does not start (\"argument type mismatch\")", short(c.Class), k.role, n.name),
			fix: []string{fmt.Sprintf("move it into a <%s>", k.role)}})
	default:
		c.class = k
	}
}

// usual is the class that an element has in most files.
func usual(r role) string {
	return map[role]string{
		roleCluster: simpleTCPCluster, roleManager: deltaManager, roleChannel: groupChannel, roleMembership: mcastService,
		roleMember: staticMember, roleReceiver: nioReceiver, roleSender: replicationTransmit, roleTransport: pooledParallelSender,
		roleDeployer: farmWarDeployer, roleListener: clusterSessionListen, roleValve: replicationValve,
	}[r]
}

func (b *builder) legacyClass(n *node, a attr, c *Component, now, era string) {
	x := finding{id: "config.legacy", status: check.Fail, at: a.pos}
	if now == "" {
		x.saw = fmt.Sprintf("%s belongs to %s and is no longer needed; Tomcat %s has no such class and does not start", c.Class, era, b.version)
		x.fix = []string{fmt.Sprintf("take the <%s> out", n.name)}
		c.noName = &a.pos
	} else {
		x.saw = fmt.Sprintf("%s belongs to %s; Tomcat %s has no such class and does not start", c.Class, era, b.version)
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
	for _, k := range classes {
		if k.role == r && b.version.has(k.since) {
			all = append(all, k.name)
		}
	}
	near := nearest(short(name), shorts(all))
	x := finding{id: "config.class", at: a.pos, status: check.Warn, confidence: check.Hint,
		saw: fmt.Sprintf("the class %s is not one of Tomcat's for <%s>; whether it is there, and what it does, is not judged", cut(name), n.name)}
	if ours(name) && !(r == roleValve || r == roleManager || r == roleListener) {
		x.status, x.confidence = check.Fail, check.Definite
		x.saw = fmt.Sprintf("Tomcat %s has no class %s; it does not start (ClassNotFoundException)", b.version, cut(name))
	} else if ours(name) && r == roleManager {
		x.status, x.confidence = check.Fail, check.Likely
		x.saw = fmt.Sprintf("%s is no manager of a cluster; Tomcat does not start (\"argument type mismatch\")", cut(name))
	} else if ours(name) && r == roleValve {
		x.id, x.confidence = "config.no-effect", check.Definite
		x.saw = fmt.Sprintf("%s is no valve of a cluster; Tomcat drops it without a word", cut(short(name)))
		x.fix = []string{"move it out of <Cluster>, into <Engine> or <Host>"}
		near = ""
	}
	for _, full := range all {
		if near != "" && short(full) == near {
			x.saw += fmt.Sprintf("; %s is meant?", full)
			x.fix = []string{fmt.Sprintf("className=%q", full)}
			x.status, x.confidence = check.Fail, check.Likely
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

// attribute reads one attribute into c and returns the name it now has there.
func (b *builder) attribute(n *node, r role, c *Component, x attr) string {
	if c.class == nil { // an unknown class: shown as it is
		v := b.written(n.name, attribute{name: x.name}, x)
		c.Attributes = append(c.Attributes, v)
		return x.name
	}
	a, ok := c.class.find(x.name, b.version)
	if !ok && c.class.open {
		a, ok = attribute{name: x.name, main: true}, true
	}
	if !ok {
		b.unknownAttribute(n, r, c, x)
		return ""
	}
	v := b.written(n.name, a, x)
	if to := alias[a.name]; to != "" { // the setter of another one
		a, _ = c.class.find(to, b.version)
		v.Name, v.main = to, a.main
	}
	c.Attributes = append(c.Attributes, v)
	if a.lost != "" {
		b.report(finding{id: "config.no-effect", status: check.Warn, at: x.pos,
			saw: fmt.Sprintf("%s on <%s> has no effect: %s", x.name, n.name, a.lost)})
	}
	return a.name
}

// alias names setters that do what another attribute's does.
var alias = map[string]string{
	"mcastBindAddress": "bind", "mcastDropTime": "dropTime", "encryptionKeyString": "encryptionKey",
}

func (b *builder) unknownAttribute(n *node, r role, c *Component, x attr) {
	if len(b.findings) >= maxFindings { // no search for what will not be told
		b.left++
		return
	}
	if old, ok := legacyAttribute(r, x.name); ok {
		b.legacyAttribute(n, c, x, old)
		return
	}
	f := finding{id: "config.attribute", status: check.Warn, at: x.pos,
		saw: fmt.Sprintf("%s has no attribute %q; Tomcat says so in a WARNING and goes on without it", short(c.Class), cut(x.name))}
	if len(c.class.attrs) > 0 {
		for _, a := range c.class.attrs {
			if a.name == x.name { // in another release
				f.saw = fmt.Sprintf("%s has no attribute %q in Tomcat %s, only in others (%s); it goes on without it", short(c.Class), x.name, b.version, a.since)
			}
		}
	}
	if near := nearest(x.name, c.class.names(b.version)); near != "" {
		f.saw += fmt.Sprintf("; %q is meant?", near)
		f.fix = []string{assign(near, x.value)}
	}
	b.report(f)
}

func (b *builder) legacyAttribute(n *node, c *Component, x attr, old renamed) {
	f := finding{id: "config.legacy", status: check.Warn, at: x.pos}
	if old.attr == "" {
		f.saw = fmt.Sprintf("%q on <%s> belongs to Tomcat 5: %s", x.name, n.name, old.note)
		f.fix = []string{"take it out"}
		b.report(f)
		return
	}
	value := x.value
	if t, ok := old.values[value]; ok {
		value = t
	}
	where := fmt.Sprintf("<%s> %s", old.to, old.attr)
	f.saw = fmt.Sprintf("%q on <%s> is a name of Tomcat 5; today it is %s, and Tomcat %s goes on without it", x.name, n.name, where, b.version)
	if old.note != "" {
		f.saw += " (" + old.note + ")"
	}
	if now, ok := legacyClasses[value]; ok && old.attr == "className" {
		value = now.now
	}
	f.fix = []string{fmt.Sprintf("%s in <%s>", assign(old.attr, value), old.to)}
	b.report(f)
	b.meant = append(b.meant, meant{old.to, old.attr, value, x})
}

// assign writes an attribute as it would stand in the file.
func assign(name, value string) string { return name + `="` + cut(value) + `"` }

// written reads the value of an attribute: what stands there, what it becomes
// with its placeholders replaced, and whether Tomcat takes it.
func (b *builder) written(element string, a attribute, x attr) Value {
	pos := x.pos
	v := Value{Name: a.name, Text: x.value, From: FromFile, Position: &pos, main: a.main}
	r := b.props.resolve(x.value)
	if r.text != x.value {
		v.Text, v.Written, v.From, v.Properties = r.text, x.value, FromProperty, r.from
	}
	if x.entity != "" {
		v.Unresolved = append(v.Unresolved, "&"+x.entity+";")
	}
	if len(r.missing) > 0 {
		v.Unresolved = append(v.Unresolved, r.missing...)
		b.placeholder(element, x, r)
	}
	if r.runtime && a.kind != plain {
		v.Unresolved = append(v.Unresolved, "a property of the running Tomcat")
	}
	if v.Known() {
		b.take(element, a, x, &v)
	}
	if a.kind == hexKey {
		b.hide(&v)
	}
	return v
}

// take checks a value and puts the one in force into v.
func (b *builder) take(element string, a attribute, x attr, v *Value) {
	text, note, err := a.kind.accept(v.Text, b.version)
	if err == nil {
		if text != v.Text && v.Written == "" {
			v.Written = v.Text
		}
		v.Text = text
		if note != "" && a.kind != pattern {
			b.report(finding{id: "config.value", status: check.Warn, at: x.pos,
				saw: fmt.Sprintf("%s on <%s>: %s", x.name, element, note)})
		} else if note != "" {
			b.report(finding{id: "config.filter", status: check.Fail, at: x.pos,
				saw: fmt.Sprintf("%s on <%s>: %s; Tomcat says so in the log and goes on without it", x.name, element, note)})
		}
		return
	}
	v.Written, v.Text, v.Ignored = v.Text, a.value(b.version), err.Error()
	keeps := fmt.Sprintf("keeps its default %q", v.Text)
	if v.Text == "" {
		keeps = "goes on as if it were not there"
	}
	f := finding{id: "config.value", status: check.Fail, at: x.pos,
		saw: fmt.Sprintf("%s on <%s>: %v; Tomcat says \"failed to set property\" and %s", x.name, element, err, keeps)}
	if meant := strings.Join(strings.Fields(x.value), ""); meant != x.value {
		if _, _, err := a.kind.accept(meant, b.version); err == nil && a.kind != hexKey {
			f.fix = []string{assign(x.name, meant)}
		}
	}
	b.report(f)
}

// hide takes a key out of everything that is shown.
func (b *builder) hide(v *Value) {
	v.secret = v.Text
	if v.Written != "" && v.Ignored == "" && v.From == FromProperty {
		v.secret = v.Text // the placeholder's name may be shown, the key not
	} else if v.Ignored != "" {
		v.secret, v.Written = "", "(not shown)"
	} else {
		v.Written = ""
	}
	if key, err := parseKey(v.secret); err == nil && v.Known() && v.Ignored == "" {
		v.Text = fmt.Sprintf("(a key of %d bits, not shown)", 8*len(key))
	} else if v.Text != "" && v.Known() {
		v.Text = "(not shown)"
	}
}

func (b *builder) placeholder(element string, x attr, r resolved) {
	saw := fmt.Sprintf("%s on <%s>: ${%s} is not known", x.name, element, cut(r.missing[0]))
	x2 := finding{id: "config.placeholder", status: check.Warn, confidence: check.Likely, at: x.pos,
		fix: []string{fmt.Sprintf("muster tribes config --property %s=VALUE ...", cut(r.missing[0]))}}
	if b.props.Complete() {
		x2.saw = saw + " from catalina.properties or the command line; unless Tomcat gets it with -D, it takes the text as it stands"
	} else {
		x2.saw = saw + "; give catalina.properties or the property. Without one, Tomcat takes the text as it stands"
		x2.fix = append(x2.fix, "muster tribes config --catalina-properties FILE ...")
	}
	b.report(x2)
}
