package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"muster/internal/verdict"
	"muster/ping/mesh"
	"muster/routecheck/facts"
)

// enough is how long a node must have listened until its silence means something: two
// heartbeats of the slowest usual frequency and what the start takes.
const enough = 5 * time.Second

// deafOther finds a node that does not hear this host's member, though this host hears
// its own.
func (d *doctor) deafOther(w *watcher, other Note) {
	if time.Duration(other.Watched)*time.Millisecond < enough {
		return
	}
	for addr, m := range w.members() {
		if !m.Own || m.Heard == 0 || slices.Contains(other.Hears, addr.String()) {
			continue
		}
		d.add(verdict.New("tribes.one-way", verdict.Fail, verdict.Likely, label(other),
			fmt.Sprintf("the heartbeats of %s, of this host, do not arrive at %s", addr, label(other)),
			verdict.Evidence{What: "members heard there in " + time.Duration(other.Watched*1e6).Round(time.Second).String(), Value: orNone(strings.Join(other.Hears, ", ")), ReadFrom: "muster doctor on " + label(other)}))
	}
}

// asked is how many queries one node must have seen for the lack of any on another to
// mean something.
const asked = 2

// unasked finds the one of two nodes whose port the querier does not reach: the other
// one sees its queries meanwhile.
func (d *doctor) unasked(w *watcher, other Note) {
	mine := w.queries()
	if mine == nil || other.Queries == nil || time.Duration(other.Watched)*time.Millisecond < enough || d.r.Watched < enough {
		return
	}
	who, there, count := d.note.Name, label(other), *other.Queries
	switch {
	case *mine == 0 && count >= asked:
	case count == 0 && *mine >= asked:
		who, there, count = there, who, *mine
	default:
		return
	}
	d.add(verdict.New("igmp.no-querier", verdict.Fail, verdict.Likely, who,
		fmt.Sprintf("not one query came to %s, while %s saw %d: a switch that snoops will forget that %s listens", who, there, count, who),
		verdict.Evidence{What: "general queries in " + d.r.Watched.Round(time.Second).String(), Value: fmt.Sprintf("0 / %d", count), ReadFrom: who + " / " + there},
		verdict.Next("what lies between the querier and "+who+": its switch port, or a filter there that drops IGMP")))
}

// forgotten finds two nodes whose heartbeats do not reach each other any more though each
// answers by TCP, and replicated before: both had found each other by multicast. Where no
// query is seen meanwhile, a switch that snoops has forgotten both.
func (d *doctor) forgotten(w *watcher, other Note) {
	if n := w.queries(); n == nil || *n > 0 || other.Queries != nil && *other.Queries > 0 {
		return
	}
	knew := slices.ContainsFunc(d.r.Facts.Connections.Value, func(c facts.Connection) bool { return c.Remote.Addr().Unmap() == other.Addr })
	silent := slices.ContainsFunc(d.found, func(v verdict.Verdict) bool {
		a, err := netip.ParseAddrPort(v.Subject)
		return v.ID == "tribes.one-way" && v.Status == verdict.Fail && err == nil && a.Addr() == other.Addr
	})
	deaf := slices.ContainsFunc(d.found, func(v verdict.Verdict) bool { return v.ID == "tribes.one-way" && v.Subject == label(other) })
	if !knew || !silent || !deaf || d.hostExplainsDeafness() || d.groupPasses(other) {
		return
	}
	d.found = slices.DeleteFunc(d.found, func(v verdict.Verdict) bool {
		return v.ID == "switch.unregistered-drop" && v.Confidence == verdict.Hint
	})
	d.add(verdict.New("igmp.no-querier", verdict.Fail, verdict.Likely, d.hosted.Link.Name,
		fmt.Sprintf("the heartbeats of this host and of %s stopped arriving at each other, their receivers answer, they replicated before, and no query is seen: a switch that snoops has forgotten who listens", label(other)),
		verdict.Evidence{What: "general queries in " + d.r.Watched.Round(time.Second).String(), Value: "0", ReadFrom: "packets"},
		verdict.Evidence{What: "replication connections to " + other.Addr.String(), Value: "open", ReadFrom: "kernel"},
		verdict.Next("sudo muster querier -i "+d.hosted.Link.Name+" --provoke   # is there a querier? it would ask when this host leaves a group")))
}

// groupPasses: muster's own datagrams to the same group arrive from the other node, on
// another port. A switch forgets a group and knows no ports: something else filters.
func (d *doctor) groupPasses(other Note) bool {
	if d.r.Mesh == nil {
		return false
	}
	for x := range d.r.Mesh.Directions() {
		from, to := d.r.Mesh.Nodes[x.From], d.r.Mesh.Nodes[x.To]
		if x.State == mesh.Heard && to.Self && from.Addr.Unmap() == other.Addr {
			return true
		}
	}
	return false
}

// hostExplainsDeafness: this host or another one has a fault of its own that makes
// members deaf or mute, so that there is no need to suspect the network.
func (d *doctor) hostExplainsDeafness() bool {
	return slices.ContainsFunc(d.found, func(v verdict.Verdict) bool {
		family, _, _ := strings.Cut(string(v.ID), ".")
		switch family {
		case "tribes", "mesh", "switch", "igmp", "mld": // symptoms, and what the network does
			return false
		}
		e, ok := verdict.Find(v.ID)
		return ok && v.Status.Bad() && slices.Contains(e.Explains, "tribes.one-way")
	})
}
