package judge

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"muster/internal/verdict"
	"muster/routecheck/facts"
)

// groupNet is the range that routes for the group are written for.
func (h *Host) groupNet() string {
	if h.V6 {
		return "ff00::/8"
	}
	return "224.0.0.0/4"
}

var routeNone = Check{
	ID: "route.none",
	Judge: func(h *Host) []verdict.Verdict {
		if c := h.Query.Cluster; c != nil && c.Static {
			return h.routesToMembers()
		}
		if v := h.noAnswer(); v != nil {
			return v
		}
		a := h.ToGroup.Value
		if a.Errno != "ENETUNREACH" && a.Errno != "EADDRNOTAVAIL" {
			if a.Errno != "" {
				return skip("there is a route, and it refuses: see route.blocked")
			}
			return pass(fmt.Sprintf("%s leaves by %s%s", h.Query.Group, h.LinkName(a.Link), from(a.Src)),
				evidence("route to "+h.Query.Group.String(), describeAnswer(h, a), h.ToGroup.From))
		}
		ev := evidence("route to "+h.Query.Group.String(), "network is unreachable", h.ToGroup.From)
		name := h.Link.Name
		fix := h.perOS(map[string][]string{
			"linux":   {map[bool]string{false: "ip route add ", true: "ip -6 route add multicast "}[h.V6] + h.groupNet() + " dev " + name + map[bool]string{true: " table local"}[h.V6]},
			"windows": {"route -p add 224.0.0.0 mask 240.0.0.0 " + orWord(addrText(h.Src), "ADDRESS")},
			"solaris": {"route -p add 224.0.0.0/4 " + orWord(addrText(h.Src), "ADDRESS") + " -interface"},
			"":        {"route add -net 224.0.0.0/4 -interface " + name},
		})
		if !h.OK { // there is no interface to name
			fix = nil
		}
		if c := h.Query.Cluster; c != nil && c.Bind != "" && h.OK {
			return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("there is no route to %s; %s binds to %s, which does without one where Java uses IPv4 sockets (-Djava.net.preferIPv4Stack=true)", h.Query.Group, c.From, c.Bind), fix, ev)
		}
		return bad(verdict.Fail, verdict.Definite, fmt.Sprintf("there is no route to %s: sending fails with \"Network is unreachable\", joining without a named interface with \"No such device\"", h.Query.Group), fix, ev)
	},
}

// noAnswer is the verdict of route checks where the system gave no answer.
func (h *Host) noAnswer() []verdict.Verdict {
	switch {
	case !h.Query.Group.IsMulticast():
		return skip("the group is not one: see group.invalid")
	case !h.ToGroup.Known():
		return unknown("the route to the group is not known: " + h.ToGroup.Reason())
	case h.ToGroup.Value.To != h.Query.Group.WithZone(""):
		return unknown(fmt.Sprintf("these facts were collected for %s: collect them again for %s", h.ToGroup.Value.To, h.Query.Group))
	}
	return nil
}

func from(src netip.Addr) string {
	if !src.IsValid() {
		return ""
	}
	return " from " + src.String()
}

func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func describeAnswer(h *Host, a facts.RouteAnswer) string {
	if a.Errno != "" {
		return a.Errno
	}
	s := strings.TrimSpace(a.Type + " dev " + h.LinkName(a.Link))
	if a.Gateway.IsValid() {
		s += " via " + a.Gateway.String()
	}
	if a.Src.IsValid() {
		s += " src " + a.Src.String()
	}
	return s
}

var routeToLo = Check{
	ID: "route.to-lo",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.noAnswer(); v != nil {
			return v
		}
		a := h.ToGroup.Value
		l, ok := h.LinkAt(a.Link)
		if a.Errno != "" || !ok {
			return skip("there is no route: see route.none and route.blocked")
		}
		ev := evidence("route to "+h.Query.Group.String(), describeAnswer(h, a), h.ToGroup.From)
		if !l.Has(facts.FlagLoopback) {
			return pass("the group is not routed to the loopback", ev)
		}
		fix := h.perOS(map[string][]string{
			"linux":   {h.awayFrom(l)},
			"windows": h.reroute(""),
			"":        {"route delete -net " + h.groupNet()},
		})
		if h.alone() {
			return bad(verdict.Warn, verdict.Definite, fmt.Sprintf("%s is routed to %s, the only interface: members of this host hear each other, and no other host can join them", h.Query.Group, l.Name), nil, ev)
		}
		v := bad(verdict.Fail, verdict.Definite, fmt.Sprintf("%s is routed to %s: every send succeeds and nothing reaches the wire", h.Query.Group, l.Name), fix, ev)
		v[0].Subject = l.Name
		return v
	},
}

// awayFrom is the command that takes the group off an interface: by the one that is
// judged, where there is one.
func (h *Host) awayFrom(l facts.Link) string {
	if h.OK && h.Link.Index != l.Index {
		return h.routeTo(h.Link.Name)
	}
	return "ip route del " + h.coveringRoute(l.Index) + " dev " + l.Name
}

// lostRoute is the command for a route to the group where none is left once a fault of
// the interface or of a route is gone: what went down has lost its routes, and what
// refused the group may have been the only route to it.
func (h *Host) lostRoute(but ...facts.Route) []string {
	for _, r := range h.Routes.Value {
		if r.Type == "unicast" && r.Table == 254 && len(r.Links) > 0 && r.Dst.Contains(h.Query.Group.WithZone("")) && !slices.ContainsFunc(but, func(x facts.Route) bool { return x.Table == r.Table && x.Dst == r.Dst && x.Metric == r.Metric }) {
			return nil
		}
	}
	if !h.OK || h.V6 { // IPv6 has a route for groups with each interface
		return nil
	}
	return []string{"ip route replace " + h.groupNet() + " dev " + h.Link.Name}
}

// alone: the loopback is the only interface, and the group is routed to it: a
// cluster of this host for itself.
func (h *Host) alone() bool {
	l, ok := h.LinkAt(h.ToGroup.Value.Link)
	return ok && l.Has(facts.FlagLoopback|facts.FlagUp) && h.ToGroup.Value.Errno == "" &&
		!slices.ContainsFunc(h.Links.Value, func(l facts.Link) bool { return wired(l) })
}

// wired: the interface may lead to other hosts.
func wired(l facts.Link) bool {
	return !l.Has(facts.FlagLoopback) && l.Kind != "ifb" && l.Kind != "dummy" && l.Kind != "sit"
}

// routeTo is the command that sends the group out of an interface: for the route
// that holds it now, in the table where the kernel looks. IPv6 has its groups in
// the table local, one route an interface.
func (h *Host) routeTo(link string) string {
	if h.V6 {
		return fmt.Sprintf("ip -6 route replace multicast %s/128 dev %s table local", h.Query.Group.WithZone(""), link)
	}
	net, table := h.groupNet(), ""
	if a := h.ToGroup.Value; a.Errno == "" {
		if p, err := netip.ParsePrefix(h.coveringRoute(a.Link)); err == nil && p.Bits() > 4 {
			net = p.String()
		}
		if a.Table != 0 && a.Table != 254 && a.Table != 255 {
			table = fmt.Sprintf(" table %d", a.Table)
		}
	}
	return "ip route replace " + net + " dev " + link + table
}

// coveringRoute is the narrowest route that holds the group, of one interface (0:
// of any).
func (h *Host) coveringRoute(link uint32) string {
	best := netip.Prefix{}
	for _, r := range h.Routes.Value {
		if r.Dst.Contains(h.Query.Group.WithZone("")) && (link == 0 || slices.Contains(r.Links, link)) && (!best.IsValid() || r.Dst.Bits() > best.Bits()) {
			best = r.Dst
		}
	}
	switch {
	case !best.IsValid():
		return h.groupNet()
	case best.Bits() == 0:
		return "default"
	}
	return best.String()
}

var routeBlocked = Check{
	ID: "route.blocked",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.noAnswer(); v != nil {
			return v
		}
		a := h.ToGroup.Value
		ev := evidence("route to "+h.Query.Group.String(), describeAnswer(h, a), h.ToGroup.From)
		switch a.Errno {
		case "", "ENETUNREACH", "EADDRNOTAVAIL":
			return pass("no route or rule forbids the group", ev)
		}
		fix := []string{fmt.Sprintf("ip rule add to %s lookup main pref 100", h.groupNet())}
		saw := fmt.Sprintf("the way to %s is refused with %s", h.Query.Group, a.Errno)
		evs := []verdict.Evidence{ev}
		if r, ok := h.blockingRule(); ok {
			saw += fmt.Sprintf(" by the policy rule %d (%s)", r.Priority, r.Action)
			fix = []string{fmt.Sprintf("ip rule del pref %d", r.Priority)}
			evs = append(evs, evidence("ip rule", ruleText(r), h.Rules.From))
		} else if r, ok := h.blockingRoute(); ok {
			saw += fmt.Sprintf(" by the %s route %s in table %s", r.Type, r.Dst, tableName(r.Table))
			fix = []string{fmt.Sprintf("ip route del %s %s%s", r.Type, r.Dst, map[bool]string{true: fmt.Sprintf(" table %d", r.Table)}[r.Table != 254])}
			fix = append(fix, h.lostRoute(r)...)
			evs = append(evs, evidence("route", fmt.Sprintf("%s %s table %s", r.Type, r.Dst, tableName(r.Table)), h.Routes.From))
			if rule, ok := h.ruleInto(r.Table); ok && r.Table != 254 {
				evs = append(evs, evidence("ip rule", ruleText(rule), h.Rules.From))
			}
		}
		return bad(verdict.Fail, verdict.Definite, saw, fix, evs...)
	},
}

func tableName(n uint32) string {
	switch n {
	case 253:
		return "default"
	case 254:
		return "main"
	case 255:
		return "local"
	}
	return fmt.Sprint(n)
}

func ruleText(r facts.Rule) string {
	s := fmt.Sprintf("%d:", r.Priority)
	if r.Invert {
		s += " not"
	}
	if r.Src.IsValid() {
		s += " from " + r.Src.String()
	} else {
		s += " from all"
	}
	if r.Dst.IsValid() {
		s += " to " + r.Dst.String()
	}
	for _, x := range [][2]string{{"iif", r.In}, {"oif", r.Out}} {
		if x[1] != "" {
			s += " " + x[0] + " " + x[1]
		}
	}
	if r.Mark != nil {
		s += fmt.Sprintf(" fwmark %#x", *r.Mark)
	}
	if r.UIDs != nil {
		s += fmt.Sprintf(" uidrange %d-%d", r.UIDs[0], r.UIDs[1])
	}
	if r.Protocol != 0 {
		s += fmt.Sprintf(" ipproto %d", r.Protocol)
	}
	if p := r.SrcPorts; p != nil {
		s += fmt.Sprintf(" sport %d-%d", p[0], p[1])
	}
	if p := r.DstPorts; p != nil {
		s += fmt.Sprintf(" dport %d-%d", p[0], p[1])
	}
	s += " " + r.Action
	if r.Action == "lookup" {
		s += " " + tableName(r.Table)
	}
	return s
}

// applies: the rule may be the one for packets of ours to the group.
func (h *Host) applies(r facts.Rule) bool {
	within := func(ports *[2]uint16) bool {
		return ports == nil || ports[0] <= h.Query.Port && h.Query.Port <= ports[1]
	}
	uid := uint32(h.Self.Value.UID)
	if p, ok := h.Member(); ok && p.UID != nil {
		uid = *p.UID
	}
	const udp = 17
	selected := (!r.Dst.IsValid() || r.Dst.Contains(h.Query.Group.WithZone(""))) && r.In == "" && h.unmarked(r) &&
		(!r.Src.IsValid() || h.Src.IsValid() && r.Src.Contains(h.Src)) && (r.Out == "" || r.Out == h.Link.Name && h.named()) &&
		(r.UIDs == nil || r.UIDs[0] <= uid && uid <= r.UIDs[1]) && (r.Protocol == 0 || r.Protocol == udp) && within(r.SrcPorts) && within(r.DstPorts)
	return r.V6 == h.V6 && selected != r.Invert
}

// unmarked: the rule takes packets without a mark, as a member's are.
func (h *Host) unmarked(r facts.Rule) bool {
	return r.Mark == nil || r.Mask != nil && *r.Mark&*r.Mask == 0 || *r.Mark == 0
}

// named: the member names its interface itself.
func (h *Host) named() bool {
	return h.Query.Interface != "" || h.Query.Cluster != nil && h.Query.Cluster.Bind != ""
}

func (h *Host) blockingRule() (facts.Rule, bool) {
	for _, r := range h.Rules.Value {
		switch r.Action {
		case "blackhole", "unreachable", "prohibit":
			if h.applies(r) {
				return r, true
			}
		}
	}
	return facts.Rule{}, false
}

func (h *Host) ruleInto(table uint32) (facts.Rule, bool) {
	for _, r := range h.Rules.Value {
		if r.Action == "lookup" && r.Table == table && h.applies(r) {
			return r, true
		}
	}
	return facts.Rule{}, false
}

// blockingRoute is the narrowest refusing route that holds the group, of the
// tables in the order in which the rules ask them.
func (h *Host) blockingRoute() (facts.Route, bool) {
	narrowest := map[uint32]facts.Route{} // of each table
	for _, r := range h.Routes.Value {
		if best, found := narrowest[r.Table]; r.Dst.Contains(h.Query.Group.WithZone("")) && (!found || r.Dst.Bits() > best.Dst.Bits()) {
			narrowest[r.Table] = r
		}
	}
	for _, rule := range h.Rules.Value {
		if rule.Action != "lookup" || !h.applies(rule) {
			continue
		}
		switch best := narrowest[rule.Table]; best.Type {
		case "blackhole", "unreachable", "prohibit":
			return best, true
		}
	}
	return facts.Route{}, false
}
