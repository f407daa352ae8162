package doctor

import (
	"slices"
	"strings"

	"muster/internal/verdict"
)

// excuse takes back what one room had to suspect and another one saw to be in order:
// a room alone knows less than all together.
func (d *doctor) excuse() {
	d.found = slices.DeleteFunc(d.found, func(v verdict.Verdict) bool {
		return v.Status.Bad() && (d.withoutMulticast(v) || d.ownNetwork(v) || d.oldQuerier(v))
	})
}

// withoutMulticast: what a cluster whose members find each other otherwise has not got.
func (d *doctor) withoutMulticast(v verdict.Verdict) bool {
	if d.multicast() {
		return false
	}
	family, _, _ := strings.Cut(string(v.ID), ".")
	return slices.Contains([]string{"igmp", "mld", "switch", "group", "ttl", "mesh"}, family) || v.ID == "tribes.static-mix" || v.ID == "tribes.one-way"
}

// ownNetwork: replication by a network of its own, on purpose: others reach the
// receiver at the address that it advertises.
func (d *doctor) ownNetwork(v verdict.Verdict) bool {
	if v.ID != "tribes.source-mismatch" && v.ID != "route.wrong-interface" {
		return false
	}
	receivers := d.note.Receiver
	for _, m := range d.r.Members {
		if !strings.Contains(v.Saw, m.Addr.Addr().String()) && !strings.Contains(v.Subject, m.Addr.Addr().String()) {
			continue
		}
		if m.TCP.String() == "open" || d.reachedBy(m.Addr.String()) {
			return true
		}
	}
	return receivers != "" && strings.Contains(v.Saw, receivers) && d.reachedBy(receivers)
}

// reachedBy reports whether another node connected to the receiver.
func (d *doctor) reachedBy(receiver string) bool {
	return slices.ContainsFunc(d.r.Nodes, func(n Note) bool { return slices.Contains(n.Reached, receiver) })
}

// oldQuerier: a host that speaks the version of the only querier does as it should.
func (d *doctor) oldQuerier(v verdict.Verdict) bool {
	if v.ID != "igmp.version-compat" || d.r.Wire == nil {
		return false
	}
	old, newer := false, false
	for _, q := range d.r.Wire.Analysis.Queriers {
		old, newer = old || q.Version < 3, newer || q.Version >= 3
	}
	return old && !newer
}
