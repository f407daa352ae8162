package products

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"muster/internal/verdict"
	"muster/sniff/capture"
	"muster/sniff/frame"
	"muster/sniff/proto"
)

// ringNode is the ring that a node last was in, by its representative, and since when.
// Every ring has one, who looks for others all the time that nothing else is sent.
type ringNode struct {
	representative uint32
	in             span
	address        netip.Addr
}

func (t *Table) ring(p *capture.Packet, f *frame.Frame, v *proto.Corosync) {
	if !v.HasRing || v.Token || !f.Multicast() {
		return
	}
	k := f.Destination()
	nodes := t.rings[k]
	if nodes == nil {
		if len(t.rings) >= maxStreams {
			t.Overflow++
			return
		}
		nodes = map[uint32]*ringNode{}
		t.rings[k] = nodes
	}
	n := nodes[v.Node]
	if n == nil {
		if len(nodes) >= maxStreams {
			return
		}
		n = &ringNode{}
		nodes[v.Node] = n
	}
	if n.representative != v.Representative {
		*n = ringNode{representative: v.Representative}
	}
	n.address = f.Src
	n.in.add(p.Nanos)
}

// settled is how long a ring has to last before it counts: forming one takes a
// second by default (token 1 s or 3 s, consensus 1.2 times that).
const settled = 4 * time.Second

// split says where nodes of one group stay in rings of their own.
func (j *judge) split() {
	for _, place := range sortedKeys(j.t.rings, netip.AddrPort.Compare) {
		nodes := j.t.rings[place]
		rings := map[string][]string{}
		var spans []span
		for _, id := range sortedKeys(nodes, compareUint32) {
			n := nodes[id]
			k := fmt.Sprint(n.representative)
			if rings[k] == nil {
				spans = append(spans, n.in)
			}
			rings[k] = append(rings[k], fmt.Sprintf("%d (%s)", id, n.address))
		}
		if len(rings) < 2 || !together(spans, settled) {
			continue
		}
		var texts []string
		for _, k := range sortedKeys(rings, strings.Compare) {
			texts = append(texts, strings.Join(rings[k], ", "))
		}
		slices.Sort(texts)
		j.add("corosync.split", verdict.Fail, verdict.Likely, place.String(),
			fmt.Sprintf("the nodes on %s stay in %d rings of their own: %s; each sends and none takes the others' messages", place, len(rings), strings.Join(texts, " | ")),
			verdict.Fix(fmt.Sprintf("let UDP to %s and the port below it, also to groups, through between the nodes; or use transport: knet", place)))
	}
}

// together reports whether all went on at one time for that long.
func together(spans []span, least time.Duration) bool {
	all := spans[0]
	for _, s := range spans[1:] {
		all.first, all.last = max(all.first, s.first), min(all.last, s.last)
	}
	return time.Duration(all.last-all.first) >= least
}
