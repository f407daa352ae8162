package serverxml

import (
	"strconv"

	"muster/internal/verdict"
)

// From says where a value comes from.
type From string

const (
	FromFile     From = "file"       // as it stands there
	FromProperty From = "property"   // from the file, with ${...} replaced
	FromDefault  From = "default"    // Tomcat's own
	FromLegacy   From = "translated" // written in the words of Tomcat 5, which later ones do not understand
)

// Value is one attribute and what Tomcat makes of it.
type Value struct {
	Name string `json:"name"`
	// Text is the value that is in force. A key is never shown.
	Text string `json:"value"`
	// Written is what the file has, where that is something else.
	Written string `json:"written,omitempty"`
	From    From   `json:"from"`
	*Position
	// Properties names the properties that were put in, and where they stand.
	Properties []string `json:"properties,omitempty"`
	// Unresolved names what could not be put in: Text holds it as it stands, and
	// what will be in force is not known.
	Unresolved []string `json:"unresolved,omitempty"`
	// Ignored says why Tomcat does not take what is written and keeps its default.
	Ignored string `json:"ignored,omitempty"`

	secret string // the key itself
	main   bool
}

// Known reports whether the value in force is known.
func (v Value) Known() bool { return len(v.Unresolved) == 0 }

// Set reports whether the file gives the attribute.
func (v Value) Set() bool { return v.From != FromDefault && v.From != "" }

// Component is one element of a cluster, or the object that Tomcat makes where
// the element is missing.
type Component struct {
	Element string `json:"element"`
	Class   string `json:"class"`
	// Default: the file has no such element; Tomcat makes this object by itself.
	Default bool `json:"default,omitempty"`
	*Position
	Attributes []Value     `json:"attributes"`
	Members    []Component `json:"members,omitempty"` // <LocalMember> first, then <Member>

	class   *class // nil: not in the tables
	missing bool   // the release has no such class
	canon   string // the class of later releases that does the same; "" is Class itself
	noName  *Position
	// noTransport is where a <Sender> has an attribute transport.
	noTransport *Position
}

// at is the element's place, zero where it is not in the file.
func (c *Component) at() Position {
	if c == nil || c.Position == nil {
		return Position{}
	}
	return *c.Position
}

// Attribute returns the value of an attribute; ok is false where the class has
// none of that name and the file neither.
func (c *Component) Attribute(name string) (v Value, ok bool) {
	if c == nil {
		return Value{}, false
	}
	for _, v := range c.Attributes {
		if v.Name == name {
			return v, true
		}
	}
	return Value{}, false
}

// text returns a value as far as it is known.
func (c *Component) text(name string) string {
	v, _ := c.Attribute(name)
	return v.Text
}

// num returns a number; ok is false where it is not known or not there.
func (c *Component) num(name string) (n int64, ok bool) {
	v, found := c.Attribute(name)
	if !found || !v.Known() {
		return 0, false
	}
	n, err := strconv.ParseInt(v.Text, 10, 64)
	return n, err == nil
}

// flag returns a boolean, as Java reads one.
func (c *Component) flag(name string) bool { return c.text(name) == "true" }

// is reports whether c is an object of the class, or of the one that did its work
// in older releases.
func (c *Component) is(class string) bool {
	return c != nil && (c.Class == class || c.canon != "" && c.canon == class)
}

// Cluster is one <Cluster>, complete: what the file leaves out is there with
// Tomcat's defaults.
type Cluster struct {
	// Container is "Engine" or "Host", Name that one's name.
	Container string `json:"container"`
	Name      string `json:"name"`

	Self         Component   `json:"cluster"`
	Manager      Component   `json:"manager"`
	SessionIDs   *Component  `json:"session_id_generator,omitempty"`
	Channel      Component   `json:"channel"`
	Membership   Component   `json:"membership"`
	Receiver     Component   `json:"receiver"`
	Sender       Component   `json:"sender"`
	Transport    Component   `json:"transport"`
	Interceptors []Component `json:"interceptors"` // in order, from the application down to the wire
	Valves       []Component `json:"valves"`
	Deployer     *Component  `json:"deployer,omitempty"`
	Listeners    []Component `json:"listeners"`
	// Others are listeners that others than the cluster define the use of:
	// <Listener>, <ChannelListener>, <MembershipListener>.
	Others []Component `json:"others,omitempty"`

	// Summary says in sentences what it will do; [Describe] fills it.
	Summary []string `json:"summary"`

	judged Version // the release that it is judged for
	engine *Engine
	legacy bool // written for Tomcat 5
}

// interceptor returns the first interceptor of a class and its index.
func (c *Cluster) interceptor(class string) (*Component, int) {
	for i := range c.Interceptors {
		if c.Interceptors[i].is(class) {
			return &c.Interceptors[i], i
		}
	}
	return nil, -1
}

// multicast: members find each other in a group, by McastService, and it is started.
func (c *Cluster) multicast() bool {
	start, known := c.Self.num("channelStartOptions")
	return c.Membership.is(mcastService) && (!known || start&(startMembershipReceiver|startMembershipSender) != 0)
}

func (c *Cluster) valve(class string) *Component {
	for i := range c.Valves {
		if c.Valves[i].is(class) {
			return &c.Valves[i]
		}
	}
	return nil
}

// Port is a TCP port that something besides the cluster listens on.
type Port struct {
	What    string `json:"what"` // "shutdown", "Connector HTTP/1.1"
	Address string `json:"address,omitempty"`
	Number  int64  `json:"port"`
	Position
}

// Engine is an <Engine> with the names that matter to a cluster.
type Engine struct {
	Name        string   `json:"name"`
	JvmRoute    Value    `json:"jvm_route"`
	DefaultHost string   `json:"default_host"`
	Hosts       []string `json:"hosts"`
	Position

	appBases map[string]Value // of its Hosts, by name
	valves   []Component      // of the Engine and its Hosts, outside a cluster
}

// File is one server.xml as Tomcat would read it.
type File struct {
	Name   string `json:"file"`
	Tomcat string `json:"tomcat"` // the release that it was read for
	// Guessed: Tomcat is the newest line that has all classes of the file.
	Guessed  bool       `json:"guessed,omitempty"`
	Engines  []*Engine  `json:"engines"`
	Ports    []Port     `json:"ports"`
	Clusters []*Cluster `json:"clusters"`
	Entities []Entity   `json:"entities,omitempty"`
	// Inactive are places of a <Cluster> inside a comment.
	Inactive []Position `json:"inactive,omitempty"`
	// Broken is why the file is no XML that Tomcat would read.
	Broken *SyntaxError `json:"-"`

	version  Version
	source   Source
	foreign  []finding // session managers of other products in its Contexts
	findings []Finding // what reading it already showed
	left     int       // findings beyond maxFindings
}

// Version is the release that the file was read for.
func (f *File) Version() Version { return f.version }

// Finding is a verdict about a place in a file.
type Finding struct {
	verdict.Verdict
	File string `json:"file"`
	Position
	// Moot: the release does without the attribute what its value asks for. Tomcat warns
	// all the same, and the cluster runs as it is meant to.
	Moot bool `json:"-"`
}

// OfHost is the verdict among those of a host: what changes nothing there passes.
func (f Finding) OfHost() verdict.Verdict {
	v := f.Verdict
	if f.Moot {
		v.Status = verdict.Pass
	}
	return v
}

// Shown reports whether a value belongs into a short list: one that is given, or
// one that everybody should know.
func (v Value) Shown(all bool) bool { return all || v.main || v.Set() }

// Components lists what a cluster is made of, in the order of server.xml.
func (c *Cluster) Components() []*Component {
	out := []*Component{&c.Self, &c.Manager}
	if c.SessionIDs != nil {
		out = append(out, c.SessionIDs)
	}
	out = append(out, &c.Channel)
	several := func(list []Component) {
		for i := range list {
			out = append(out, &list[i])
			for j := range list[i].Members {
				out = append(out, &list[i].Members[j])
			}
		}
	}
	out = append(out, &c.Membership)
	for j := range c.Membership.Members {
		out = append(out, &c.Membership.Members[j])
	}
	out = append(out, &c.Receiver, &c.Sender, &c.Transport)
	several(c.Interceptors)
	several(c.Valves)
	if c.Deployer != nil {
		out = append(out, c.Deployer)
	}
	several(c.Listeners)
	several(c.Others)
	return out
}
