package judge

import (
	"fmt"
	"net/netip"
	"slices"

	"muster/internal/verdict"
	"muster/routecheck/facts"
)

// rpFilter is the reverse path filter in force on the judged interface: the larger
// of all's and its own (kernel, ip-sysctl).
func (h *Host) rpFilter() (value int64, ev []verdict.Evidence, v []verdict.Verdict) {
	switch {
	case !h.OK:
		return 0, nil, h.noLink()
	case h.V6:
		return 0, nil, skip("the reverse path filter is for IPv4 alone")
	case !h.linux():
		return 0, nil, h.onlyLinux("rp_filter")
	}
	for _, name := range []string{"net.ipv4.conf.all.rp_filter", "net.ipv4.conf." + h.Link.Name + ".rp_filter"} {
		n, ok, why := h.sysctl(name)
		if !ok {
			return 0, nil, unknown("rp_filter is not known: " + why)
		}
		value = max(value, n)
		ev = append(ev, evidence(name, n, h.Sysctls[name].From))
	}
	if n, ok := h.Counters.Value["TcpExt.IPReversePathFilter"]; ok {
		ev = append(ev, evidence("packets dropped by rp_filter since the namespace was made", n, h.Counters.From))
	}
	return value, ev, nil
}

func (h *Host) rpDrops() uint64 { return h.Counters.Value["TcpExt.IPReversePathFilter"] }

// astray are the senders, or the networks of senders, to which the way back leaves
// by another interface than the judged one.
func (h *Host) astray() []string {
	if h.goAstray != nil {
		return *h.goAstray
	}
	var out []string
	for _, a := range h.ToSources.Value {
		if a.Errno != "" || a.Link == h.Link.Index || a.Type == "local" || a.Link == 0 {
			continue
		}
		if h.cameIn(a.To) {
			out = append(out, fmt.Sprintf("%s (by %s)", a.To, h.LinkName(a.Link)))
		}
	}
	// Parts of the interface's own network that a route sends elsewhere.
	own, over := h.ownNetworks(), h.routesOver()
	for _, r := range h.Routes.Value {
		if r.Type != "unicast" || len(r.Links) == 0 || slices.Contains(r.Links, h.Link.Index) || r.Table != 254 || r.Dst.Bits() == 0 {
			continue
		}
		// Another route of the same length over the judged interface wins.
		metric, both := over[r.Dst]
		if own.holds(r.Dst) && !(both && metric < r.Metric) {
			out = append(out, fmt.Sprintf("%s (by %s)", r.Dst, h.LinkName(r.Links[0])))
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	h.goAstray = &out
	return out
}

// networks are several, of few lengths.
type networks struct {
	nets    map[netip.Prefix]bool
	lengths []int
}

// ownNetworks are those of the judged interface, by its IPv4 addresses.
func (h *Host) ownNetworks() networks {
	n := networks{nets: map[netip.Prefix]bool{}}
	for _, a := range h.AddrsOf(h.Link.Index, false) {
		if a.Prefix.IsSingleIP() {
			continue
		}
		n.nets[a.Prefix.Masked()] = true
		if !slices.Contains(n.lengths, a.Prefix.Bits()) {
			n.lengths = append(n.lengths, a.Prefix.Bits())
		}
	}
	return n
}

// holds reports whether p is a part of one of them, or one of them.
func (n networks) holds(p netip.Prefix) bool {
	return slices.ContainsFunc(n.lengths, func(bits int) bool {
		net, err := p.Addr().Prefix(bits)
		return err == nil && bits <= p.Bits() && n.nets[net]
	})
}

// routesOver are the destinations of the main table that are routed over the judged
// interface, with the lowest metric of each.
func (h *Host) routesOver() map[netip.Prefix]uint32 {
	out := map[netip.Prefix]uint32{}
	for _, r := range h.Routes.Value {
		if old, have := out[r.Dst]; r.Table == 254 && slices.Contains(r.Links, h.Link.Index) && (!have || r.Metric < old) {
			out[r.Dst] = r.Metric
		}
	}
	return out
}

// cameIn reports whether packets of that sender come in by the judged interface,
// as far as that can be told: it was asked for, or is a neighbour there.
func (h *Host) cameIn(a netip.Addr) bool {
	if a == h.Query.Source {
		return true
	}
	return slices.ContainsFunc(h.Neighbours.Value, func(n facts.Neighbour) bool { return n.Addr == a && n.Link == h.Link.Index })
}

var rpfStrict = Check{
	ID: "rpf.strict",
	Judge: func(h *Host) []verdict.Verdict {
		n, ev, v := h.rpFilter()
		if v != nil {
			return v
		}
		if n != 1 {
			return pass(fmt.Sprintf("rp_filter is %d on %s, not strict", n, h.Link.Name), ev...)
		}
		astray := h.astray()
		if len(astray) == 0 {
			if d := h.rpDrops(); d > 0 && !h.hasDefault(h.Link.Index) {
				return bad(verdict.Warn, verdict.Hint, fmt.Sprintf("rp_filter is strict on %s and dropped %d packets since the start: of senders to whom the way back is not %s", h.Link.Name, d, h.Link.Name), h.rpFix("0"), ev...)
			}
			return pass(fmt.Sprintf("rp_filter is strict on %s, and the way back to every sender known is %s", h.Link.Name, h.Link.Name), ev...)
		}
		for _, a := range astray {
			ev = append(ev, evidence("way back to", a, "netlink RTM_GETROUTE"))
		}
		return bad(verdict.Fail, confident(h.rpDrops()), fmt.Sprintf("rp_filter is strict on %s, but the way back to %s is another: what comes from there is dropped", h.Link.Name, list(astray)), h.rpFix("2"), ev...)
	},
}

var rpfLoose = Check{
	ID: "rpf.loose-no-route",
	Judge: func(h *Host) []verdict.Verdict {
		n, ev, v := h.rpFilter()
		if v != nil {
			return v
		}
		if n != 2 && n != 1 {
			return pass(fmt.Sprintf("rp_filter is %d on %s", n, h.Link.Name), ev...)
		}
		var lost []string
		for _, a := range h.ToSources.Value {
			if (a.Errno == "ENETUNREACH" || a.Errno == "EHOSTUNREACH") && h.cameIn(a.To) {
				lost = append(lost, a.To.String())
			}
		}
		if len(lost) > 0 {
			ev = append(ev, evidence("no route to", list(lost), h.ToSources.From))
			return bad(verdict.Fail, confident(h.rpDrops()), fmt.Sprintf("rp_filter is %d on %s and there is no route at all to %s: what comes from there is dropped", n, h.Link.Name, list(lost)),
				append([]string{fmt.Sprintf("ip route add %s/32 dev %s   # or the sender's network", lost[0], h.Link.Name)}, h.rpFix("0")...), ev...)
		}
		if d := h.rpDrops(); d > 0 && !h.anyDefault() {
			return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("rp_filter is %d on %s, there is no default route, and %d packets of senders without a way back were dropped since the start", n, h.Link.Name, d), h.rpFix("0"), ev...)
		}
		return pass(fmt.Sprintf("rp_filter is %d on %s, and there is a way back to every sender known", n, h.Link.Name), ev...)
	},
}

func (h *Host) anyDefault() bool {
	return slices.ContainsFunc(h.Routes.Value, func(r facts.Route) bool {
		return r.Dst.IsValid() && r.Dst.Bits() == 0 && r.Type == "unicast" && r.Dst.Addr().Is4()
	})
}

func (h *Host) rpFix(value string) []string {
	return []string{fmt.Sprintf("sysctl -w net.ipv4.conf.all.rp_filter=%s net.ipv4.conf.%s.rp_filter=%s", value, h.Link.Name, value)}
}

func confident(counted uint64) verdict.Confidence {
	if counted > 0 {
		return verdict.Definite
	}
	return verdict.Likely
}

// list names the first few of many.
func list(names []string) string {
	if len(names) > 4 {
		return fmt.Sprintf("%s, %s, %s and %d more", names[0], names[1], names[2], len(names)-3)
	}
	out := ""
	for i, n := range names {
		switch {
		case i > 0 && i == len(names)-1:
			out += " and "
		case i > 0:
			out += ", "
		}
		out += n
	}
	return out
}
