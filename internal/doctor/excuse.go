package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/verdict"
	"muster/ping/mesh"
)

// excuse takes back what one room had to suspect and another one saw to be in order:
// a room alone knows less than all together.
func (d *doctor) excuse() {
	d.found = slices.DeleteFunc(d.found, func(v verdict.Verdict) bool {
		return v.Status != verdict.Skip && d.withoutMulticast(v) || v.Status.Bad() && (d.ownNetwork(v) || d.oldQuerier(v) || d.sameClock(v))
	})
	if d.hostExplainsDeafness() {
		d.found = slices.DeleteFunc(d.found, func(v verdict.Verdict) bool {
			return v.ID == "switch.unregistered-drop" && v.Confidence == verdict.Hint && v.Status.Bad()
		})
	}
	d.badPath()
	verdict.Hedge(d.found)
}

// A path as bad as this makes connections fail and heartbeats stay away by itself.
const (
	badLoss  = 0.25
	badDelay = 300 * time.Millisecond
)

// byPath are findings that a bad path can bring about alone.
var byPath = []verdict.ID{"tribes.half-open", "tribes.one-way", "tribes.clock-skew", "tribes.session-stopped", "tribes.gc-pause", "mesh.cut"}

// badPath: where the mesh measured loss or delay, what may only follow from it is not
// known: it is not a firewall, nor a Tomcat that stands still.
func (d *doctor) badPath() {
	if d.r.Mesh == nil {
		return
	}
	loss, delay := 0.0, time.Duration(0)
	for a := range d.r.Mesh.Directions() {
		if a.State == mesh.Heard {
			loss = max(loss, a.Loss)
			if a.DelayOK {
				delay = max(delay, a.Delay)
			}
		}
	}
	for _, n := range d.r.Mesh.Nodes {
		if n.OffsetKnown {
			delay = max(delay, n.RTT/2)
		}
	}
	var cause verdict.ID
	var why string
	switch {
	case loss >= badLoss:
		cause, why = "mesh.loss", fmt.Sprintf("%.0f %% of the packets get lost between these nodes", loss*100)
	case delay >= badDelay:
		cause, why = "mesh.delay", fmt.Sprintf("packets take %d ms between these nodes", delay.Milliseconds())
		if !slices.ContainsFunc(d.found, func(v verdict.Verdict) bool { return v.ID == cause && v.Status.Bad() }) {
			d.add(verdict.New(cause, verdict.Warn, verdict.Definite, "", why, verdict.Evidence{What: "one way", Value: delay.Round(time.Millisecond).String(), ReadFrom: "muster's own datagrams"}))
		}
	default:
		return
	}
	for i := range d.found {
		v := &d.found[i]
		if v.Status.Bad() && slices.Contains(byPath, v.ID) {
			v.Status, v.CausedBy = verdict.Unknown, append(v.CausedBy, cause)
			v.Saw += "; it cannot be judged, since " + why
		}
	}
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
	if v.ID != "tribes.source-mismatch" && v.ID != "route.wrong-interface" && v.ID != "route.multicast-router" {
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

// sameClock: that clocks differ is only guessed from messages, which a bad path delays,
// and the mesh measured that they do not.
func (d *doctor) sameClock(v verdict.Verdict) bool {
	if v.ID != "tribes.clock-skew" || v.Confidence != verdict.Hint || d.r.Mesh == nil {
		return false
	}
	measured := false
	for _, n := range d.r.Mesh.Nodes {
		if n.OffsetKnown {
			measured = true
			if n.Offset.Abs() >= time.Second {
				return false
			}
		}
	}
	return measured
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
