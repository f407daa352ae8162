package serverxml

import (
	"errors"
	"fmt"
	"strings"

	"muster/internal/verdict"
)

// Options say how to read a file.
type Options struct {
	// Version is the Tomcat that the file is read for; zero is DefaultVersion.
	Version Version
	// Guess takes, where the classes of the file's clusters are not all in Version,
	// the newest line that has them instead.
	Guess bool
	// Properties stand for ${...}; nil are none.
	Properties *Properties
}

// Read reads a server.xml. What is wrong with it is not an error but found by
// [Check]; a file that is no XML comes back with Broken set. An error is a file
// that could not be judged at all: not readable, too large, nested without end,
// in an unknown encoding.
func Read(src Source, opts Options) (*File, error) {
	if opts.Version.Line == "" {
		opts.Version = DefaultVersion
	}
	f := &File{Name: src.Name, Tomcat: opts.Version.String(), version: opts.Version, source: src,
		Engines: []*Engine{}, Ports: []Port{}, Clusters: []*Cluster{}}
	f.source.Data = nil
	doc, err := readDocument(src)
	var syntax *SyntaxError
	if errors.As(err, &syntax) {
		f.Broken = syntax
		x := finding{id: "config.syntax", status: verdict.Fail, at: syntax.Position,
			saw: syntax.Reason + "; Tomcat reads nothing of such a file and does not start"}
		if syntax.NoXML {
			x.saw = "the file is no XML at all, and no server.xml. An embedded Tomcat (Spring Boot) has none: its cluster is made in Java, by engine.setCluster or host.setCluster"
			x.fix = []string{"write what the Java code sets as a <Cluster> element into a file, and give that", "muster doctor, which looks at what runs"}
		}
		f.report(x)
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	f.Entities, f.Inactive = doc.entities, doc.inactive
	if doc.after != nil {
		f.report(finding{id: "config.syntax", status: verdict.Warn, at: doc.after.Position,
			saw: doc.after.Reason + "; Tomcat logs a fatal parse error and starts all the same"})
	}
	if opts.Guess {
		f.guess(doc.root)
		opts.Version = f.version
	}
	b := &builder{File: f, doc: doc, props: opts.Properties}
	if b.props == nil {
		b.props = &Properties{}
	}
	b.props.noDefaults = !opts.Version.AtLeast("7.0")
	b.overridden()
	b.entities()
	b.server(doc.root)
	return f, nil
}

// builder turns a tree into a File.
type builder struct {
	*File
	doc   *document
	props *Properties
	meant []meant // of the cluster being read
}

// overridden reports properties that do not get where somebody put them.
func (b *builder) overridden() {
	if b.props == nil {
		return
	}
	for _, o := range b.props.overridden {
		b.report(finding{id: "config.property-overridden", status: verdict.Warn,
			saw: o + ": Tomcat lets catalina.properties override what it is started with"})
	}
}

// entities reports a DTD: Tomcat reads the files that it brings in, we do not.
func (b *builder) entities() {
	for _, e := range b.Entities {
		if e.read {
			continue
		}
		what := fmt.Sprintf("entity %q refers to itself, to one that is not known, or grows beyond all bounds", cut(e.Name))
		if e.System != "" {
			what = fmt.Sprintf("entity %q stands for the file %q, which is not read here", cut(e.Name), cut(e.System))
		}
		at := e.Position
		if e.Used == nil {
			what += "; nothing refers to it"
		} else {
			what += fmt.Sprintf("; Tomcat does, at line %d, and what stands there is not judged", e.Used.Line)
			at = *e.Used
		}
		status := verdict.Unknown
		if e.Used == nil {
			status = verdict.Skip
		}
		b.report(finding{id: "config.entity", status: status, at: at, saw: what,
			fix: []string{"xmllint --noent " + b.Name + " > flat.xml && muster tribes config flat.xml"}})
	}
	if more := b.doc.declared - len(b.Entities); more > 0 && len(b.Entities) > 0 {
		b.report(finding{id: "config.entity", status: verdict.Unknown, at: b.Entities[0].Position,
			saw: fmt.Sprintf("the DTD declares %d more entities", more)})
	}
}

// children of the elements on the way to a cluster, as Tomcat's rules have them
// (org.apache.catalina.startup.Catalina, EngineRuleSet, HostRuleSet).
var known = map[string][]string{
	"Server":  {"Listener", "GlobalNamingResources", "Service"},
	"Service": {"Listener", "Executor", "Connector", "Engine"},
	"Engine":  {"Listener", "Realm", "CredentialHandler", "Valve", "Host", "Cluster"},
	"Host":    {"Alias", "Listener", "Realm", "CredentialHandler", "Valve", "Context", "Cluster"},
}

func (b *builder) server(root *node) {
	root.all(func(n *node) {
		if n.name != "Manager" || n.parent == nil || n.parent.name != "Context" {
			return
		}
		a, _ := n.attr("className")
		if x, ok := sessionStore(n, b.props.resolve(a.value).text, b.props); ok {
			b.foreign = append(b.foreign, x)
		}
	})
	if root.name == "Cluster" {
		b.fragment(root)
		return
	}
	if root.name != "Server" {
		b.report(finding{id: "config.element", status: verdict.Fail, at: root.pos,
			saw: fmt.Sprintf("the root element is <%s>; a server.xml begins with <Server>, and Tomcat does not start without one", cut(root.name))})
		return
	}
	offset := b.number(root, "portOffset", 0)
	port := b.number(root, "port", 8005)
	if port > 0 {
		address, _ := root.attr("address")
		b.addPort(Port{"shutdown", orText(address.value, "localhost"), port + offset, root.pos})
	}
	b.strays(root)
	for _, s := range root.children {
		if s.name != "Service" {
			continue
		}
		b.strays(s)
		for _, n := range s.children {
			switch n.name {
			case "Connector":
				b.connector(n, offset)
			case "Engine":
				b.engine(n)
			}
		}
	}
	root.all(func(n *node) {
		if strings.EqualFold(n.name, "Cluster") && !b.rightPlace(n) {
			b.misplaced(n)
		}
	})
	if len(b.Clusters) == 0 {
		b.noCluster(root)
	}
}

// fragment reads a <Cluster> by itself, as one that is kept in a file of its own
// and put in by an entity: what stands around it is not known.
func (b *builder) fragment(root *node) {
	b.report(finding{id: "config.element", status: verdict.Skip, at: root.pos,
		saw: "the file holds a <Cluster> alone, no whole server.xml: it is judged as if it stood in an <Engine>; jvmRoute, Hosts and Connectors are not known"})
	e := &Engine{Position: root.pos, Hosts: []string{}, appBases: map[string]Value{}}
	e.JvmRoute = Value{Name: "jvmRoute", From: FromDefault, Unresolved: []string{"the <Engine> around it"}}
	b.Engines = append(b.Engines, e)
	b.addCluster(root, e, "Engine", "")
}

// strays reports children that look like a known element and are none: Tomcat
// passes over them with a warning, and names count upper and lower case.
func (b *builder) strays(n *node) {
	for _, c := range n.children {
		ok := false
		for _, k := range known[n.name] {
			ok = ok || k == c.name
		}
		if ok || strings.EqualFold(c.name, "Cluster") {
			continue
		}
		if near := nearest(c.name, known[n.name]); near != "" {
			b.report(finding{id: "config.element", status: verdict.Fail, confidence: verdict.Likely, at: c.pos,
				saw: fmt.Sprintf("<%s> in <%s> is no element that Tomcat knows; it passes over it and all in it. <%s> is meant?", cut(c.name), n.name, near),
				fix: []string{fmt.Sprintf("write <%s>", near)}})
		}
	}
}

func (b *builder) rightPlace(n *node) bool {
	return n.name == "Cluster" && n.parent != nil && (n.parent.name == "Engine" || n.parent.name == "Host")
}

func (b *builder) misplaced(n *node) {
	saw := fmt.Sprintf("<%s> stands in <%s>; Tomcat looks for it in <Engine> and <Host> only and passes over this one", cut(n.name), cut(parentName(n)))
	if n.name != "Cluster" {
		saw = fmt.Sprintf("<%s> is not <Cluster>: upper and lower case count, and Tomcat passes over it", cut(n.name))
	}
	b.report(finding{id: "config.element", status: verdict.Fail, at: n.pos, saw: saw,
		fix: []string{"move it into <Engine>, as <Cluster>"}})
}

func parentName(n *node) string {
	if n.parent == nil {
		return "nothing"
	}
	return n.parent.name
}

func (b *builder) noCluster(root *node) {
	x := finding{id: "config.no-cluster", status: verdict.Fail, at: root.pos,
		saw: "there is no <Cluster> in any <Engine> or <Host>: this Tomcat shares no session with anybody",
		fix: []string{`put <Cluster className="` + simpleTCPCluster + `"/> into <Engine>`}}
	for _, e := range b.Entities {
		if e.Used != nil && e.System != "" {
			x.status, x.confidence = verdict.Unknown, verdict.Hint
			x.saw = fmt.Sprintf("there is no <Cluster> in the file itself; %q, which it includes at line %d, may hold one", cut(e.System), e.Used.Line)
			x.causedBy = []verdict.ID{"config.entity"}
		}
	}
	if len(b.Inactive) > 0 && x.status == verdict.Fail {
		x.at = b.Inactive[0]
		x.saw += fmt.Sprintf("; the one at line %d is inside a comment", b.Inactive[0].Line)
		x.fix = []string{fmt.Sprintf("take the comment marks around line %d away", b.Inactive[0].Line)}
	}
	for _, v := range b.findings {
		if v.ID == "config.element" && v.Status == verdict.Fail {
			x.causedBy = []verdict.ID{"config.element"}
		}
	}
	b.report(x)
}

// number reads a number of an element that is not in the tables.
func (b *builder) number(n *node, name string, def int64) int64 {
	a, ok := n.attr(name)
	if !ok {
		return def
	}
	r := b.props.resolve(a.value)
	if v, err := parseInt(r.text, 32); err == nil {
		return v
	}
	if len(r.missing) > 0 {
		b.placeholder(n.name, a, r)
		return -1
	}
	return def
}

func orText(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

func (b *builder) connector(n *node, offset int64) {
	port := b.number(n, "port", -1)
	if port <= 0 {
		return // 0 is any free one
	}
	protocol, _ := n.attr("protocol")
	address, _ := n.attr("address")
	b.addPort(Port{"Connector " + orText(cut(protocol.value), "HTTP/1.1"), b.props.resolve(address.value).text, port + offset, n.pos})
}

func (b *builder) engine(n *node) {
	name, _ := n.attr("name")
	def, _ := n.attr("defaultHost")
	e := &Engine{Name: b.props.resolve(name.value).text, DefaultHost: b.props.resolve(def.value).text, Position: n.pos, Hosts: []string{}, appBases: map[string]Value{}}
	e.JvmRoute = Value{Name: "jvmRoute", From: FromDefault}
	if a, ok := n.attr("jvmRoute"); ok {
		e.JvmRoute = b.written(n.name, attribute{name: "jvmRoute"}, a)
	} else if v, ok := b.props.get("jvmRoute", &resolved{}); ok && b.version.Line == "9.0" {
		e.JvmRoute = Value{Name: "jvmRoute", Text: v, From: FromProperty, Properties: []string{"jvmRoute"}}
	}
	b.Engines = append(b.Engines, e)
	if _, ok := n.attr("name"); !ok {
		b.report(finding{id: "config.value", status: verdict.Fail, at: n.pos, fix: []string{`name="Catalina"`},
			saw: "the <Engine> has no name; Tomcat starts, and no application does (NullPointerException)"})
	}
	b.strays(n)
	for _, c := range n.children {
		switch c.name {
		case "Cluster":
			b.addCluster(c, e, "Engine", e.Name)
		case "Valve":
			e.valves = append(e.valves, b.outsideValve(c))
		case "Host":
			b.strays(c)
			host, _ := c.attr("name")
			name := b.props.resolve(host.value).text
			e.Hosts = append(e.Hosts, name)
			e.appBases[name] = b.appBase(c)
			for _, cc := range c.children {
				switch cc.name {
				case "Cluster":
					b.addCluster(cc, e, "Host", name)
				case "Valve":
					e.valves = append(e.valves, b.outsideValve(cc))
				}
			}
		}
	}
}

// appBase is the folder of a Host's applications.
func (b *builder) appBase(host *node) Value {
	if a, ok := host.attr("appBase"); ok {
		return b.written(host.name, attribute{name: "appBase", kind: plain}, a)
	}
	return Value{Name: "appBase", Text: "webapps", From: FromDefault}
}

func (b *builder) addCluster(n *node, e *Engine, container, name string) {
	if len(b.Clusters) == maxClusters {
		b.left++
		return
	}
	b.Clusters = append(b.Clusters, b.cluster(n, e, container, name))
}

func (b *builder) addPort(p Port) {
	if len(b.Ports) == maxPorts {
		b.left++
		return
	}
	b.Ports = append(b.Ports, p)
}

// outsideValve is a valve of the container: a ReplicationValve there finds the
// cluster too.
func (b *builder) outsideValve(n *node) Component {
	name, _ := n.attr("className")
	return Component{Element: "Valve", Class: b.props.resolve(name.value).text, Position: &n.pos}
}
