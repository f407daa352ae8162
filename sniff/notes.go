package sniff

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"muster/sniff/capture"
	"muster/sniff/copies"
)

// Notes are sentences about the observer: what the capture holds twice, does not
// hold, or what could not be read of it. Whoever judges by the rest should know
// them first.
func (r *Result) Notes() []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if s := r.copiesNote(); s != "" {
		out = append(out, s)
	}
	for _, l := range slices.Sorted(maps.Keys(r.Unread)) {
		name := l.String()
		if !strings.HasPrefix(name, "link type") {
			name = fmt.Sprintf("link type %d, %s", uint16(l), name)
		}
		add("%d packets of %s were not read: they carry no network that is known here", r.Unread[l], name)
	}
	if n := r.Totals.CutPackets; n > 0 {
		cut := fmt.Sprintf("%d packets were cut by the snap length", n)
		if r.Totals.CutHeartbeats > 0 {
			cut += fmt.Sprintf(", %d of them heartbeats that cannot be read", r.Totals.CutHeartbeats)
		}
		add("%s: capture with -s 0", cut)
	}
	a := r.Analysis
	for _, s := range a.Steps {
		add("the clock of the capturing host was set by %+.1f s before packet %d; times after it are corrected", float64(s.By)/1e9, s.Packet)
	}
	if a.Backs > 0 {
		add("%d packets are earlier than one before them, the first is packet %d by %.1f s: the file is out of order, or its clock was set back", a.Backs, a.Back.Packet, float64(-a.Back.By)/1e9)
	}
	for i, q := range a.Quiet {
		if a.Hole(i) {
			add("the capture has a hole of %s before packet %d: members went on sending and nothing was captured", time.Duration(q.To-q.From).Round(100*time.Millisecond), q.Packet)
		}
	}
	if n := r.Stats.Dropped; n > 0 {
		add("%d packets were dropped before they could be captured: losses may be the capture's own", n)
	}
	return out
}

// copiesNote says how often packets are in the capture, and where.
func (r *Result) copiesNote() string {
	n, all := r.Totals.Copies, r.Totals.Packets
	if n == 0 {
		return ""
	}
	var places []string
	for _, p := range r.Pairs {
		for _, s := range []copies.Seat{p.First, p.Again} {
			if name := r.seatName(s); name != "" && !slices.Contains(places, name) {
				places = append(places, name)
			}
		}
	}
	where := ""
	if len(places) > 1 {
		where = " (" + strings.Join(places, ", ") + ")"
	}
	times := float64(n+all) / float64(all)
	switch rounded := int(times + 0.5); {
	case rounded > 1 && times > float64(rounded)-0.1 && times < float64(rounded)+0.1:
		return fmt.Sprintf("each packet is in the capture %s%s; all counts are without the copies", timesWord(rounded), where)
	default:
		return fmt.Sprintf("%d packets are in the capture again%s; all counts are without the copies", n, where)
	}
}

func timesWord(n int) string {
	switch n {
	case 2:
		return "twice"
	case 3:
		return "three times"
	case 4:
		return "four times"
	}
	return fmt.Sprintf("%d times", n)
}

// seatName names where a packet was seen.
func (r *Result) seatName(s copies.Seat) string {
	var parts []string
	if list := r.Source.Interfaces(); s.Interface < len(list) && list[s.Interface].Name != "" {
		parts = append(parts, list[s.Interface].Name)
	}
	if s.VLAN != 0 {
		parts = append(parts, fmt.Sprintf("VLAN %d", s.VLAN))
	}
	if s.Tunnel.Kind != 0 {
		parts = append(parts, s.Tunnel.String())
	}
	return strings.Join(parts, " ")
}

// Nothing reports whether no packet could be read, and what there was instead.
func (r *Result) Nothing() (what string, nothing bool) {
	unread := uint64(0)
	kinds := []capture.LinkType{}
	for l, n := range r.Unread {
		unread += n
		kinds = append(kinds, l)
	}
	switch {
	case r.Totals.Packets > unread:
		return "", false
	case unread > 0:
		slices.Sort(kinds)
		return fmt.Sprintf("none of the %d packets could be read: %s", unread, kinds[0]), true
	}
	return "nothing was captured", true
}
