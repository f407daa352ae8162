package serverxml

import (
	"net/netip"
	"slices"

	"muster/internal/verdict"
)

// Given is what a judgement needs besides the files: it may be empty, and what
// is not given is not judged.
type Given struct {
	// Host is the host that the file is used on; nil where that is not this one
	// or not known.
	Host *Host
	// Resolve looks names up where the file is used; nil where they are not to be
	// looked up here.
	Resolve Resolver
	// FileSystem tells what a folder of this host is on, and whether others can mount
	// it too; nil where the files are not used here.
	FileSystem func(dir string) (kind string, network, known bool)
	// Runs tells whether the Tomcat of the file runs here, so that its start is not to be
	// doubted for what the file does not show; nil: that is not known.
	Runs func() bool
	// Applications are web.xml and context.xml files of applications.
	Applications []*Application
}

// Host is what a receiver with address "auto" depends on.
type Host struct {
	Name string
	// Addrs are the addresses that Java finds for Name, in its order; Err is why
	// there are none.
	Addrs []netip.Addr
	Err   string
	// Local are the addresses of the host's interfaces; nil: not known.
	Local []netip.Addr
}

// lint is one pass over a cluster; report adds what it finds.
type lint struct {
	*File
	*Cluster
	given Given
}

var lints = []func(lint){
	lint.needed, lint.group, lint.bind, lint.timing, lint.membershipPorts, lint.loopback, lint.domain, lint.startOptions, lint.staticMembers,
	lint.receiverAddress, lint.receiverBind, lint.transport, lint.receiverPort, lint.threads,
	lint.sendOptions, lint.order, lint.missing, lint.flags, lint.encryption, lint.keyExposed, lint.tlsAttributes, lint.advisories, lint.cloud,
	lint.replicationValve, lint.sessionListener, lint.jvmRoute, lint.filter, lint.manager, lint.deployer, lint.heartbeat,
}

// Check judges files that Read has read, each alone and all against each other,
// and returns what it found in the order of the files and their lines. That a
// check has nothing to say means that it found nothing wrong.
func Check(files []*File, given Given) []Finding {
	var out []Finding
	names := []string{}
	for _, f := range files {
		kept, left := f.findings, f.left // so that a file can be judged again
		for _, c := range f.Clusters {
			for _, judge := range lints {
				judge(lint{f, c, given})
			}
		}
		f.stores(given)
		f.ports()
		f.together()
		if f.left > 0 {
			f.findings = append(f.findings, f.finding(finding{id: "config.syntax", status: verdict.Unknown,
				saw: "there is more in this file than is judged and told here"}))
		}
		out = append(out, f.findings...)
		f.findings, f.left = kept, left
		names = append(names, f.Name)
	}
	for _, a := range given.Applications {
		out = append(out, a.check(given)...)
		names = append(names, a.Name)
	}
	out = append(out, Compare(files)...)
	inOrder(out, names)
	return slices.Clip(out)
}

// attributes returns the named values of a component, as evidence.
func attributes(c *Component, names ...string) []Value {
	var out []Value
	for _, n := range names {
		if v, ok := c.Attribute(n); ok {
			out = append(out, v)
		}
	}
	return out
}

// at is the best place for a word about an attribute: where it stands, else its
// element, else the cluster.
func (l lint) at(c *Component, names ...string) Position {
	for _, n := range names {
		if v, ok := c.Attribute(n); ok && v.Position != nil {
			return *v.Position
		}
	}
	if p := c.at(); !p.IsZero() {
		return p
	}
	return l.Self.at()
}
