package analysis

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"muster/internal/verdict"
)

// tooBig: heartbeats that do not fit into a packet.
func (j *judge) tooBig() {
	const id = "mtu.too-big"
	for _, m := range j.heard {
		if m.Fragments < 2 {
			continue
		}
		j.add(id, verdict.Warn, verdict.Likely, m.Name(),
			fmt.Sprintf("each heartbeat of %s is a datagram of %d bytes, which came in %d fragments: it is lost as soon as one of them is", m.Name(), m.Size, m.Fragments),
			evidence("payload of the member", "%d bytes", len(m.Record.Payload)), evidence("domain of the member", "%d bytes", len(m.Record.Domain)),
			verdict.Fix("make the payload and the domain of that member smaller, so that a heartbeat fits into one packet of the network's MTU"))
	}
	if len(j.heard) > 0 && !j.bad(id) {
		j.pass(id, "the heartbeats of %s fit into one packet", all(len(j.heard), "member"))
	}
}

// fragmentLoss: segments of TCP above a size that never arrive, and datagrams that
// never became whole.
func (j *judge) fragmentLoss() {
	const id = "mtu.fragment-loss"
	for _, r := range j.SortedReceivers() {
		for _, from := range slices.SortedFunc(maps.Keys(r.ways), netip.Addr.Compare) {
			if w := r.ways[from]; w.bySize() {
				j.add(id, verdict.Fail, verdict.Likely, r.Addr.String(), w.text(from, r.Addr),
					evidence("smaller segments acknowledged at once", "%d", w.atOnce), evidence("larger ones sent again", "%d times", w.stuck.retransmissions),
					verdict.Fix("let ICMP \"fragmentation needed\" (type 3 code 4; IPv6: packet too big) pass between the nodes, or give their interfaces the MTU that the path has"),
					verdict.Next(fmt.Sprintf("on %s: ping -M do -c 3 -s %d %s", from, w.stuck.smallest+overTCP, r.Addr.Addr())))
			}
		}
	}
	f := j.Fragments
	switch {
	case f.Incomplete > 0 && 20*f.Incomplete >= f.Complete:
		j.add(id, verdict.Warn, verdict.Likely, "",
			fmt.Sprintf("%d of %d datagrams that came in fragments never became whole", f.Incomplete, f.Incomplete+f.Complete),
			verdict.Fix("keep datagrams below the MTU; let firewalls pass fragments"))
	case f.Complete > 0 && !j.bad(id):
		j.pass(id, "%s that came in fragments became whole", all(int(f.Complete), "datagram"))
	}
}

// overTCP is by how much the payload of an ICMP echo is larger than that of a TCP segment in a
// packet of the same size: the TCP header without options has 20 bytes, that of ICMP 8.
const overTCP = 20 - 8

func (w *way) text(from netip.Addr, to netip.AddrPort) string {
	s := &w.stuck
	sizes := fmt.Sprint(s.smallest)
	if s.largest > s.smallest {
		sizes = fmt.Sprintf("%d to %d", s.smallest, s.largest)
	}
	return fmt.Sprintf("TCP segments of %s bytes from %s to %s were sent again %d times and never acknowledged, while those of up to %s were: the path drops packets above a size",
		sizes, from, to, s.retransmissions, some(w.largest, "byte"))
}
