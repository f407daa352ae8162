package mesh

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"muster/internal/expect"
	"muster/internal/verdict"
)

// The ids that only a mesh can give; the others are the catalogue's own.
const (
	idCut        verdict.ID = "mesh.cut"
	idDelay      verdict.ID = "mesh.delay"
	idDuplicates verdict.ID = "mesh.duplicates"
	idLoss       verdict.ID = "mesh.loss"
	idMissing    verdict.ID = "mesh.missing"
	idNames      verdict.ID = "mesh.duplicate-name"
	idOwnPort    verdict.ID = "mesh.own-port"
	idReorder    verdict.ID = "mesh.reorder"
	idUnproven   verdict.ID = "mesh.unproven"
	idIsolation  verdict.ID = "switch.isolation"
	idOneWay     verdict.ID = "tribes.one-way"
	idInputDrop  verdict.ID = "fw.input-drop"
)

// took: the node takes part, or did until it said goodbye.
func (n *NodeInfo) took() bool { return n.State == Alive || n.State == Left }

// address is the node's address, invalid where it is not known.
func (n *NodeInfo) address() netip.Addr {
	if n.Self {
		a, _ := netip.ParseAddr(n.Own)
		return a
	}
	return n.Addr
}

// Missing are those of e that do not take part; this node is none of the others.
func (r *Report) Missing(e expect.Expect) []string {
	others := r.others()
	return r.expected(e).Missing(len(others), func(i int) (netip.Addr, string) {
		return others[i].address(), others[i].Name
	})
}

// Expecting is how many other nodes e asks for.
func (r *Report) Expecting(e expect.Expect) int { return r.expected(e).Wanted() }

// expected is e without this node.
func (r *Report) expected(e expect.Expect) expect.Expect {
	self := &r.Nodes[0]
	return e.Own(func(a netip.Addr, name string) bool {
		return expect.Host{Name: self.Name, Addrs: []netip.Addr{self.address()}}.Is(a, name)
	})
}

// others are the nodes that take part, but this one.
func (r *Report) others() []*NodeInfo {
	var out []*NodeInfo
	for i := range r.Nodes {
		if n := &r.Nodes[i]; !n.Self && n.took() {
			out = append(out, n)
		}
	}
	return out
}

// Judge turns what a node knows into verdicts. First comes what spoils the view of
// others, then who is missing and who does not hear whom, then how good the paths
// are, then the rest.
func Judge(r *Report, e expect.Expect) []verdict.Verdict {
	j := judge{Report: r, starved: r.starved()}
	j.ownPort()
	j.addresses()
	j.missing(e)
	j.hearing()
	j.resumed()
	j.paths()
	j.tcp()
	j.queries()
	j.queriesCompared()
	j.clocks()
	j.mtus()
	j.names()
	if !j.starved {
		j.liars()
	}
	return j.out
}

type judge struct {
	*Report
	starved bool // see Report.starved
	out     []verdict.Verdict
}

func (j *judge) add(id verdict.ID, st verdict.Status, conf verdict.Confidence, subject, saw string, parts ...verdict.Part) {
	j.out = append(j.out, verdict.New(id, st, conf, subject, saw, parts...))
}

// told reports whether a verdict of this id speaks against the subject.
func (j *judge) told(id verdict.ID, subject string) bool {
	return slices.ContainsFunc(j.out, func(v verdict.Verdict) bool { return v.ID == id && v.Status.Bad() && v.Subject == subject })
}

func evidence(what, from, format string, args ...any) verdict.Evidence {
	return verdict.Evidence{What: what, Value: fmt.Sprintf(format, args...), ReadFrom: from}
}

// port is that of the group, for sentences about it.
func (j *judge) port() string {
	if ap, err := netip.ParseAddrPort(j.Group); err == nil {
		return fmt.Sprint(ap.Port())
	}
	return fmt.Sprint(DefaultPort)
}

func (j *judge) missing(e expect.Expect) {
	if !e.Given() {
		return
	}
	e = j.expected(e)
	there, absent := len(j.others()), j.Missing(e)
	saw := fmt.Sprintf("%d of %d expected other nodes are heard", min(there, e.Wanted()), e.Wanted())
	if len(e.Hosts) > 0 {
		saw = fmt.Sprintf("%d of %d expected other nodes are heard", len(e.Hosts)-len(absent), len(e.Hosts))
	}
	if there >= e.Wanted() && len(absent) == 0 {
		j.add(idMissing, verdict.Pass, verdict.Definite, "", saw)
		return
	}
	id := idMissing
	parts := []verdict.Part{
		verdict.Next("run 'muster mesh " + j.Group + "' there at the same time, and see whom it hears"),
		verdict.Next("see whether UDP port " + j.port() + " is open there, for the group and for single hosts"),
	}
	unanswered, unknown := 0, 0
	for _, h := range e.Hosts {
		if !slices.Contains(absent, h.Name) {
			continue
		}
		parts = append(parts, j.outside(h)...)
		if found := j.unanswered(h); found != nil {
			unanswered++
			parts = append(parts, found...)
		}
		if len(h.Addrs) == 0 {
			unknown++
		}
	}
	who := strings.Join(absent[:min(len(absent), 32)], ", ")
	from := "from them"
	if who != "" {
		from = "from " + who
	}
	st := verdict.Fail
	if j.closed() || j.starved {
		st = verdict.Unknown
	}
	why := fmt.Sprintf("muster mesh does not run there, or the network or a firewall keeps UDP port %s back", j.port())
	if j.starved {
		why = "so many nodes had no time to be heard yet, or this host had none to hear them"
	}
	conf := verdict.Hint // which of these it is, is open
	by := j.heardElsewhere(e, absent)
	switch {
	case len(absent) > 0 && len(by) == len(absent):
		conf = verdict.Definite
		why = fmt.Sprintf("it runs there, since %s: something keeps the two apart", strings.Join(by[:min(len(by), 8)], ", "))
	case len(absent) > 0 && unanswered == len(absent):
		id = idCut
		why = "nobody answers ARP for that address either: the host is down, or cut off at layer 2"
	case unknown > 0:
		why += "; a name without an address is not asked by unicast"
		parts = append(parts, verdict.Next("name them by address, --expect ADDRESS,ADDRESS: then they are asked by unicast too"))
	}
	j.add(id, st, conf, who, fmt.Sprintf("%s: nothing comes %s, neither by the group nor by unicast; %s", saw, from, why), parts...)
}

// heardElsewhere tells for each of the absent ones that others name who hears it.
func (j *judge) heardElsewhere(e expect.Expect, absent []string) (by []string) {
	for _, h := range e.Hosts {
		i := slices.IndexFunc(j.Nodes, func(n NodeInfo) bool { return n.State == Rumour && h.Is(n.address(), n.Name) })
		if i < 0 || !slices.Contains(absent, h.Name) {
			continue
		}
		for to := range j.Nodes {
			if to != i && j.Direction(i, to).State == Heard {
				by = append(by, j.Label(to)+" hears "+j.Label(i))
				break
			}
		}
	}
	return by
}

// unanswered tells that this host's neighbour table says of an expected host that nobody
// answers for its address; nil: it does not.
func (j *judge) unanswered(h expect.Host) []verdict.Part {
	for _, a := range h.Addrs {
		for _, e := range j.Neighbours {
			if e.Addr == a && e.Failed {
				return []verdict.Part{evidence("neighbour "+a.String(), "this host's neighbour table", "nobody answers")}
			}
		}
	}
	return nil
}

// outside tells that an expected address is of another network than this host's
// interface: a router would have to pass the group on.
func (j *judge) outside(h expect.Host) []verdict.Part {
	if len(j.Prefixes) == 0 {
		return nil
	}
	var out []verdict.Part
	for _, a := range h.Addrs {
		same := slices.ContainsFunc(j.Prefixes, func(p netip.Prefix) bool { return p.Addr().Is6() == a.Is6() })
		if same && !slices.ContainsFunc(j.Prefixes, func(p netip.Prefix) bool { return p.Contains(a) }) {
			out = append(out, evidence(a.String(), "the addresses of "+j.Device, "in none of this interface's networks: a multicast router must pass the group on, and a TTL of 1 ends before it"))
		}
	}
	return out
}

func clock(t time.Time) string { return t.Local().Format("15:04:05") }

func (j *judge) protocol() string {
	if j.IPv6 {
		return "MLD"
	}
	return "IGMP"
}

// noQuerier is the catalogue's entry for the lack of one.
func (j *judge) noQuerier() verdict.ID {
	if j.IPv6 {
		return "mld.snooping"
	}
	return "igmp.no-querier"
}
