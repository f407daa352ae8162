package serverxml

import (
	"fmt"
	"slices"
	"strings"

	"muster/internal/lazyregexp"
	"muster/internal/verdict"
)

// How an attribute of the file becomes a value, with Tomcat's default where it does not.

// attribute reads one attribute into c and returns the name it now has there.
func (b *builder) attribute(n *node, r role, c *Component, x attr) string {
	if c.class == nil || c.missing { // an unknown class: shown as it is
		v := b.written(n.name, attribute{name: x.name}, x)
		c.Attributes = append(c.Attributes, v)
		return x.name
	}
	if b.version.Line == tomcat5 {
		return b.attribute5(n, r, c, x)
	}
	a, ok := c.class.find(x.name, b.version)
	if !ok && c.class.open {
		a, ok = attribute{name: x.name, main: true}, true
	}
	switch {
	case !ok:
		b.unknownAttribute(n, r, c, x)
		return ""
	case a.kind == object && r == roleSender && a.name == "transport":
		pos := x.pos
		c.noTransport = &pos
		return ""
	case a.kind == object:
		b.report(finding{id: "config.no-effect", status: verdict.Warn, at: x.pos,
			saw: fmt.Sprintf("%s on <%s> has no effect: it takes an object and no text, and Tomcat sets it to nothing, without a word", x.name, n.name),
			fix: []string{"take it out"}})
		return ""
	case a.kind == unsettable:
		b.report(finding{id: "config.attribute", status: verdict.Warn, at: x.pos,
			saw: fmt.Sprintf("%s on <%s> cannot be set by a text; Tomcat %s", x.name, n.name, refusal(b.version, x.name, x.value))})
		return ""
	}
	if to := alias[a.name]; to != "" { // the setter of another one
		if b, ok := c.class.find(to, b.version); ok {
			a = b
		}
	}
	v := b.written(n.name, a, x)
	c.Attributes = slices.DeleteFunc(c.Attributes, func(o Value) bool { return o.Name == v.Name }) // the last one counts
	c.Attributes = append(c.Attributes, v)
	if a.lost != "" {
		b.report(finding{id: "config.no-effect", status: verdict.Warn, at: x.pos,
			saw: fmt.Sprintf("%s on <%s> has no effect: %s", x.name, n.name, a.lost)})
	}
	return a.name
}

// alias names setters that do what another attribute's does.
var alias = map[string]string{
	"mcastAddr": "address", "mcastPort": "port", "mcastFrequency": "frequency", "mcastTTL": "ttl", "mcastSoTimeout": "soTimeout",
	"mcastBindAddress": "bind", "mcastDropTime": "dropTime", "encryptionKeyString": "encryptionKey",
	"tcpListenAddress": "address", "tcpListenPort": "port", "tcpSelectorTimeout": "selectorTimeout", "tcpThreadCount": "maxThreads",
}

// attribute5 reads an attribute of one of Tomcat 5.5's classes: it is shown
// under the name that it has today.
func (b *builder) attribute5(n *node, r role, c *Component, x attr) string {
	native, known := setterOf(c.Class, strings.ToLower(x.name[:1])+x.name[1:], b.version)
	old, renamed := legacyAttribute(r, x.name)
	switch {
	case !known && !renamed:
		b.unknownAttribute(n, r, c, x)
		return ""
	case !renamed, old.attr == "", old.to != r:
		if renamed && old.attr != "" {
			b.mean(old, x)
		}
		native.name = x.name
		c.Attributes = append(c.Attributes, b.written(n.name, native, x))
		return x.name
	}
	a := attribute{name: old.attr}
	if i := slices.IndexFunc(c.class.attrs, func(a attribute) bool { return a.name == old.attr }); i >= 0 {
		a = c.class.attrs[i]
	}
	v := b.written(n.name, a, x)
	if v.Written == "" {
		v.Written = x.name + "=" + cut(x.value)
	}
	c.Attributes = append(c.Attributes, v)
	return a.name
}

// mean remembers what an attribute in the words of Tomcat 5 says of another element.
func (b *builder) mean(old renamed, x attr) {
	if old.told {
		return
	}
	value := x.value
	if t, ok := old.values[value]; ok {
		value = t
	}
	if now, ok := legacyClasses[value]; ok && old.attr == "className" {
		value = now.now
	}
	b.meant = append(b.meant, meant{old.to, old.attr, value, x})
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
	f := finding{id: "config.attribute", status: verdict.Warn, at: x.pos,
		saw: fmt.Sprintf("%s has no attribute %q; Tomcat %s", short(c.Class), cut(x.name), refusal(b.version, x.name, shownValue(x)))}
	if lines := linesWithAttribute(c.Class, x.name); lines != "" {
		f.saw = fmt.Sprintf("%s has no attribute %q in Tomcat %s (%s have it); it %s", short(c.Class), x.name, b.version, lines, refusal(b.version, x.name, shownValue(x)))
	}
	switch {
	case c.is(groupChannel) && x.name == "pskKey": // it is there to protect, and does not
		f.status = verdict.Fail
		f.saw += fmt.Sprintf("; TLS of the channel came with %s: nothing is encrypted, and sessions go in clear", sinceOf(tlsSince, b.version))
		f.fix = []string{"update Tomcat, or an EncryptInterceptor until then"}
	case c.is(groupChannel) && (x.name == "pskIdentity" || x.name == "pskProtocol" || x.name == "pskDigest"):
		f.saw += fmt.Sprintf("; TLS of the channel came with %s", sinceOf(tlsSince, b.version))
	}
	if c.is(backupManager) && x.name == "expireSessionsOnShutdown" && !strings.EqualFold(x.value, "true") && !strings.Contains(x.value, "${") {
		f.moot = true
		f.saw += "; a BackupManager ends no session when its node ends, so nothing changes"
		f.fix = []string{"take it out"}
	}
	if near := nearest(x.name, c.class.names(b.version)); near != "" {
		f.saw += fmt.Sprintf("; %q is meant?", near)
		f.fix = []string{assign(near, x.value)}
	}
	b.report(f)
}

// sinceOf is the release of v's line that has something, else of all lines.
func sinceOf(since string, v Version) string {
	if n, ok := v.Named(since); ok {
		return fmt.Sprintf("Tomcat %s.%d", v.Line, n)
	}
	return "Tomcat " + strings.ReplaceAll(since, " ", ", ")
}

func (b *builder) legacyAttribute(n *node, c *Component, x attr, old renamed) {
	f := finding{id: "config.legacy", status: verdict.Warn, at: x.pos}
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
	b.mean(old, x)
}

// shownValue is a value for a sentence; what may be a key is not shown.
func shownValue(x attr) string {
	if SecretName(x.name) {
		return "..."
	}
	return x.value
}

// SecretName reports whether what an attribute or a property of that name holds is not to
// be shown.
func SecretName(name string) bool {
	n := strings.ToLower(name)
	return slices.ContainsFunc([]string{"key", "pass", "pwd", "token", "secret", "credential"}, func(w string) bool { return strings.Contains(n, w) })
}

// assign writes an attribute as it would stand in the file, without what is not to be shown.
func assign(name, value string) string {
	if SecretName(name) {
		value = "..."
	}
	return name + `="` + cut(value) + `"`
}

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
	if a.kind == hexKey || SecretName(a.name) {
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
			b.report(finding{id: "config.value", status: verdict.Warn, at: x.pos,
				saw: fmt.Sprintf("%s on <%s>: %s", x.name, element, note)})
		} else if note != "" {
			b.report(finding{id: "config.filter", status: verdict.Fail, at: x.pos,
				saw: fmt.Sprintf("%s on <%s>: %s; Tomcat says so in the log and goes on without it", x.name, element, note)})
		}
		return
	}
	v.Written, v.Text, v.Ignored = v.Text, a.value(b.version), err.Error()
	keeps := fmt.Sprintf("keeps its default %q", v.Text)
	if v.Text == "" {
		keeps = "goes on as if it were not there"
	}
	f := finding{id: "config.value", status: verdict.Warn, at: x.pos,
		saw: fmt.Sprintf("%s on <%s>: %v; Tomcat %s and %s", x.name, element, err, refusedValue(b.version, x.name), keeps)}
	if a.meets {
		f.status = verdict.Fail
	}
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
		v.secret, v.Written = v.Text, placeholders(v.Written) // their names may be shown, the key not
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

// placeholders are the ${name} of a value that is not to be shown, without defaults and
// what stands between them.
func placeholders(written string) string {
	var names []string
	for _, m := range placeholderName().FindAllStringSubmatch(written, -1) {
		names = append(names, "${"+m[1]+"}")
	}
	return strings.Join(names, "")
}

var placeholderName = lazyregexp.New(`\$\{([^{}:]*)(?::-[^}]*)?\}`)

func (b *builder) placeholder(element string, x attr, r resolved) {
	saw := fmt.Sprintf("%s on <%s>: ${%s} is not known", x.name, element, cut(r.missing[0]))
	x2 := finding{id: "config.placeholder", status: verdict.Warn, confidence: verdict.Likely, at: x.pos,
		fix: []string{fmt.Sprintf("muster tribes config --property %s=VALUE ...", cut(r.missing[0]))}}
	switch env := b.props.environment(b.version); {
	case env != "":
		x2.status = verdict.Unknown
		x2.saw = fmt.Sprintf("%s here: it comes from the environment of Tomcat's process, as %s asks", saw, env)
	case b.props.Complete():
		x2.saw = saw + " from catalina.properties or the command line; unless Tomcat gets it with -D, it takes the text as it stands"
	default:
		x2.saw = saw + "; give catalina.properties or the property. Without one, Tomcat takes the text as it stands"
		x2.fix = append(x2.fix, "muster tribes config --catalina-properties FILE ...")
	}
	b.report(x2)
}
