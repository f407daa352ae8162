package judge

import (
	"fmt"
	"strings"

	"muster/internal/verdict"
	"muster/internal/wellknown"
	"muster/routecheck/facts"
)

const nameOne = "name one interface to the member (Tomcat: bind on Membership)"

var dualHomed = Check{
	ID: "iface.dual-homed",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case !h.OK:
			return h.noLink()
		case !h.Addrs.Known():
			return unknown("the addresses are not known: " + h.Addrs.Reason())
		}
		beside := h.addrsBeside()
		for _, a := range h.AddrsOf(h.Link.Index, h.V6) {
			if a.Prefix.IsSingleIP() || a.Prefix.Addr().IsLinkLocalUnicast() {
				continue
			}
			for _, b := range beside {
				if !a.Prefix.Overlaps(b.Prefix) {
					continue
				}
				other, _ := h.LinkAt(b.Link)
				ev := []verdict.Evidence{
					evidence("address of "+h.Link.Name, a.Prefix, h.Addrs.From), evidence("address of "+other.Name, b.Prefix, h.Addrs.From),
				}
				if h.joinedOn(h.Link.Index) && h.joinedOn(b.Link) {
					ev = append(ev, evidence("joined "+h.Query.Group.String(), h.Link.Name+", "+other.Name, h.Memberships.From))
					return bad(verdict.Warn, verdict.Definite, fmt.Sprintf("%s is joined on %s and on %s, which are in one network: every packet arrives twice", h.Query.Group, h.Link.Name, other.Name),
						[]string{nameOne}, ev...)
				}
				return pass(fmt.Sprintf("%s and %s are in one network, but the group is not joined on both", h.Link.Name, other.Name), ev...)
			}
		}
		return pass(h.Link.Name + " is alone in its network")
	},
}

// addrsBeside are the addresses, with a network, of interfaces that may be in the judged
// one's: of those that are up, and neither above nor below it.
func (h *Host) addrsBeside() []facts.Addr {
	var out []facts.Addr
	for _, b := range h.Addrs.Value {
		if b.Link == h.Link.Index || b.Prefix.IsSingleIP() || b.Link == h.Link.Parent {
			continue
		}
		if l, ok := h.LinkAt(b.Link); ok && l.Has(facts.FlagUp) && !l.Has(facts.FlagLoopback) && l.Parent != h.Link.Index {
			out = append(out, b)
		}
	}
	return out
}

func (h *Host) joinedOn(link uint32) bool {
	for _, m := range h.Memberships.Value {
		if m.Link == link && m.Group == h.Query.Group.WithZone("") {
			return true
		}
	}
	return false
}

// joinedLinks names the interfaces on which the group is joined.
func (h *Host) joinedLinks() []facts.Link {
	var out []facts.Link
	for _, m := range h.Memberships.Value {
		if m.Group != h.Query.Group.WithZone("") {
			continue
		}
		if l, ok := h.LinkAt(m.Link); ok {
			out = append(out, l)
		}
	}
	return out
}

var nicFilter = Check{
	ID: "iface.nic-filter",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case !h.OK:
			return h.noLink()
		case !h.linux():
			return h.onlyLinux("list of an interface's Ethernet groups that muster reads")
		case !h.Memberships.Known():
			return unknown("the joined groups are not known: " + h.Memberships.Reason())
		case !h.joinedOn(h.Link.Index):
			return skip(fmt.Sprintf("%s is not joined on %s now, so its filter cannot be judged", h.Query.Group, h.Link.Name))
		case !h.LinkLayer.Known():
			return unknown("the interface's list of Ethernet groups is not known: " + h.LinkLayer.Reason())
		case h.Link.Type != 1:
			return skip(h.Link.Name + " has no Ethernet addresses")
		}
		mac := wellknown.MAC(h.Query.Group).String()
		for _, g := range h.LinkLayer.Value {
			if g.Link == h.Link.Index && g.MAC == mac {
				return pass(fmt.Sprintf("%s is in the filter list of %s; whether the hardware follows the list, only traffic shows", mac, h.Link.Name), evidence("link-layer groups of "+h.Link.Name, mac, h.LinkLayer.From))
			}
		}
		ev := evidence("link-layer groups of "+h.Link.Name, "without "+mac, h.LinkLayer.From)
		if h.Link.Has(facts.FlagAllMulti) || h.Link.Has(facts.FlagPromisc) || h.Link.AllMulti > 0 || h.Link.Promiscuity > 0 {
			return pass(h.Link.Name+" takes every multicast frame", ev)
		}
		return bad(verdict.Fail, verdict.Likely, fmt.Sprintf("%s is joined on %s, but its Ethernet address %s is not in the interface's filter list", h.Query.Group, h.Link.Name, mac),
			[]string{"ip link set " + h.Link.Name + " allmulticast on"}, ev)
	},
}

var vfTrust = Check{
	ID: "iface.vf-trust",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case !h.OK:
			return h.noLink()
		case !h.linux():
			return h.onlyLinux("sign of SR-IOV that muster reads")
		case !h.Link.VirtualFunction:
			return pass(h.Link.Name + " is no virtual function")
		}
		ev := evidence(h.Link.Name+" is a virtual function of SR-IOV", true, h.Links.From)
		if !h.joinedOn(h.Link.Index) || h.Link.Stats.Multicast > 0 {
			return unknown(fmt.Sprintf("%s is a virtual function: whether it is trusted shows only on the machine that owns its physical function (ip link show PF)", h.Link.Name), ev)
		}
		return bad(verdict.Fail, verdict.Hint, fmt.Sprintf("%s is a virtual function on which groups are joined, and not one multicast frame ever came in: it may not be trusted", h.Link.Name),
			[]string{"on the machine that owns the physical function, trust this virtual function: ip link set ... vf ... trust on (ip link show lists them there)"}, ev, evidence("multicast frames received", 0, h.Links.From))
	},
}

var txDrop = Check{
	ID: "iface.tx-drop",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.OK {
			return h.noLink()
		}
		if h.Link.Stats == (facts.LinkStats{}) && !h.linux() {
			return unknown(fmt.Sprintf("muster does not read the counters of %s", facts.OSName(h.OS)))
		}
		s := h.Link.Stats
		ev := []verdict.Evidence{evidence("sent and dropped on "+h.Link.Name, fmt.Sprintf("%d and %d", s.TxPackets, s.TxDropped), h.Links.From)}
		drops, sent := s.TxDropped, s.TxPackets
		for _, q := range h.Queues.Value {
			if q.Link == h.Link.Index {
				ev = append(ev, evidence("queue "+q.Kind, fmt.Sprintf("%d sent, %d dropped", q.Sent, q.Drops), h.Queues.From))
				drops = max(drops, q.Drops)
			}
		}
		if drops >= 100 && drops*100 >= sent { // more than one in a hundred
			return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("%s dropped %d of about %d packets that it should have sent", h.Link.Name, drops, sent+drops),
				h.perOS(map[string][]string{
					"linux":   {fmt.Sprintf("ip link set %s txqueuelen %d", h.Link.Name, max(10000, 2*h.Link.TxQueueLen)), "tc -s qdisc show dev " + h.Link.Name + "   # which queue drops"},
					"windows": {fmt.Sprintf("Get-NetAdapterStatistics -Name %q   # what is dropped", h.Link.Name)},
					"":        {"netstat -id -I " + h.Link.Name + "   # what is dropped"},
				}), ev...)
		}
		return pass(fmt.Sprintf("%s drops next to nothing of what it sends", h.Link.Name), ev...)
	},
}

var offload = Check{
	ID: "iface.offload",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.Counters.Known() {
			return h.noCounters()
		}
		bad, in := h.Counters.Value["Udp.InCsumErrors"], h.Counters.Value["Udp.InDatagrams"]
		ev := evidence("UDP checksum errors", fmt.Sprintf("%d, of %d datagrams", bad, in), h.Counters.From)
		if bad == 0 || bad*1000 < in {
			return pass("checksums of what arrives are good", ev)
		}
		v := pass(fmt.Sprintf("a note: %d datagrams came in with wrong checksums; if one interface or kind of machine is concerned, suspect its offload", bad), ev)
		if h.OK {
			v[0].Fix = []string{"ethtool -K " + h.Link.Name + " gro off lro off rx off tx off   # one at a time"}
		}
		v[0].Confidence = verdict.Hint
		return v
	},
}

func (h *Host) noCounters() []verdict.Verdict {
	if !h.linux() && strings.Contains(h.Counters.Reason(), "do not say") {
		return unknown(fmt.Sprintf("muster does not read the counters of %s", facts.OSName(h.OS)))
	}
	return unknown("the counters are not known: " + h.Counters.Reason())
}
