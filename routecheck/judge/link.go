package judge

import (
	"fmt"

	"muster/internal/verdict"
	"muster/routecheck/facts"
)

var multicastFlag = Check{
	ID: "iface.multicast-flag",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.OK {
			return h.noLink()
		}
		ev := evidence("flags of "+h.Link.Name, fmt.Sprintf("%#x", h.Link.Flags), h.Links.From)
		switch {
		case h.Link.Has(facts.FlagLoopback):
			return skip("the loopback never has the MULTICAST flag", ev)
		case h.Link.Has(facts.FlagMulticast):
			return pass(h.Link.Name+" has the MULTICAST flag", ev)
		case h.linux(): // measured: the kernel sends and delivers all the same
			return bad(verdict.Warn, verdict.Definite, fmt.Sprintf("%s has no MULTICAST flag: the kernel delivers all the same, programs that look at the flag leave the interface out", h.Link.Name),
				[]string{"ip link set dev " + h.Link.Name + " multicast on"}, ev)
		}
		return bad(verdict.Fail, verdict.Definite, fmt.Sprintf("%s has no MULTICAST flag, and %s refuses multicast on such an interface", h.Link.Name, facts.OSName(h.OS)),
			[]string{"use another interface: this one's driver carries no multicast"}, ev)
	},
}

var linkDown = Check{
	ID: "iface.down",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.OK {
			return h.noLink()
		}
		ev := evidence("flags of "+h.Link.Name, fmt.Sprintf("%#x", h.Link.Flags), h.Links.From)
		if h.Link.Has(facts.FlagUp) {
			return pass(h.Link.Name+" is up", ev)
		}
		return bad(verdict.Fail, verdict.Definite, h.Link.Name+" is administratively down", h.perOS(map[string][]string{
			"linux":   append([]string{"ip link set " + h.Link.Name + " up"}, h.lostRoute()...),
			"windows": {fmt.Sprintf("Enable-NetAdapter -Name %q", h.Link.Name)},
			"":        {"ifconfig " + h.Link.Name + " up"},
		}), ev)
	},
}

var noCarrier = Check{
	ID: "iface.no-carrier",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.OK {
			return h.noLink()
		}
		l := h.Link
		ev := []verdict.Evidence{evidence("state of "+l.Name, l.OperState, h.Links.From)}
		if l.CarrierDown > 0 {
			ev = append(ev, evidence("times that the carrier was lost", l.CarrierDown, h.Links.From))
		}
		switch {
		case !l.Has(facts.FlagUp):
			return skip(l.Name+" is down: whether it has a carrier shows when it is up", ev...)
		case l.Carrier != nil && !*l.Carrier, l.OperState == "lowerlayerdown", l.OperState == "down":
			saw := l.Name + " is up but has no carrier: what is sent is lost without an error"
			if l.Kind == "bridge" && len(h.Ports(l.Index)) == 0 {
				saw = "the bridge " + l.Name + " has no port, so it has no carrier: what is sent is lost without an error"
			}
			return bad(verdict.Fail, verdict.Definite, saw,
				[]string{"restore the link of " + l.Name + ": cable, switch port, or the other end of a virtual cable; then restart the member, or wait for the next IGMP query"}, ev...)
		case l.OperState == "dormant":
			return bad(verdict.Warn, verdict.Likely, l.Name+" is dormant: it waits for something, such as 802.1X", []string{"look why " + l.Name + " waits: networkctl status " + l.Name}, ev...)
		case l.Carrier == nil && l.OperState == "":
			return unknown(fmt.Sprintf("%s does not tell whether %s has a carrier", facts.OSName(h.OS), l.Name), ev...)
		}
		return pass(l.Name+" has a carrier", ev...)
	},
}

var noIPv4 = Check{
	ID: "iface.no-ipv4",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case !h.OK:
			return h.noLink()
		case h.V6:
			return skip("the group is an IPv6 one")
		case !h.Addrs.Known():
			return unknown("the addresses are not known: " + h.Addrs.Reason())
		}
		as := h.AddrsOf(h.Link.Index, false)
		if len(as) > 0 {
			return pass(fmt.Sprintf("%s has %s", h.Link.Name, as[0].Prefix), evidence("address of "+h.Link.Name, as[0].Prefix, h.Addrs.From))
		}
		saw := h.Link.Name + " has no IPv4 address: heartbeats would leave from the address of another interface, or from 0.0.0.0"
		return bad(verdict.Warn, verdict.Definite, saw, h.perOS(map[string][]string{
			"": {"give " + h.Link.Name + " an IPv4 address of the members' network, by DHCP or by hand"},
		}), evidence("addresses of "+h.Link.Name, "none", h.Addrs.From))
	},
}

var bridgePort = Check{
	ID: "iface.bridge-port",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.OK {
			return h.noLink()
		}
		m, ok := h.LinkAt(h.Link.Master)
		if !ok || m.Kind == "vrf" {
			return pass(h.Link.Name + " is no part of another interface")
		}
		as := append(h.AddrsOf(h.Link.Index, false), h.AddrsOf(h.Link.Index, true)...)
		var own []facts.Addr
		for _, a := range as {
			if !a.Prefix.Addr().IsLinkLocalUnicast() {
				own = append(own, a)
			}
		}
		ev := []verdict.Evidence{evidence("master of "+h.Link.Name, m.Name+" ("+m.Kind+")", h.Links.From)}
		if len(own) == 0 {
			return bad(verdict.Warn, verdict.Definite, fmt.Sprintf("%s is a port of %s: what comes in belongs to %s, and nothing is delivered on the port", h.Link.Name, m.Name, m.Name),
				[]string{"name " + m.Name + " to the member instead of " + h.Link.Name}, ev...)
		}
		ev = append(ev, evidence("address of "+h.Link.Name, own[0].Prefix, h.Addrs.From))
		var fix []string
		for _, a := range own {
			fix = append(fix, fmt.Sprintf("ip addr del %s dev %s && ip addr add %s dev %s", a.Prefix, h.Link.Name, a.Prefix, m.Name))
		}
		fix = append(fix, fmt.Sprintf("ip link set %s up", m.Name), "ip route replace "+h.groupNet()+" dev "+m.Name)
		return bad(verdict.Fail, verdict.Definite, fmt.Sprintf("%s is a port of %s and kept its address %s: what comes in is delivered on %s, so nothing arrives on %s", h.Link.Name, m.Name, own[0].Prefix, m.Name, h.Link.Name), fix, ev...)
	},
}

var loopbackOnly = Check{
	ID: "iface.loopback-only",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.Links.Known() {
			return unknown("the interfaces are not known: " + h.Links.Reason())
		}
		n := 0
		for _, l := range h.Links.Value {
			if wired(l) {
				n++
			}
		}
		ev := evidence("interfaces besides the loopback", n, h.Links.From)
		if n > 0 {
			saw := fmt.Sprintf("there are %d interfaces besides the loopback", n)
			if n == 1 {
				saw = "there is 1 interface besides the loopback"
			}
			return pass(saw, ev)
		}
		fix := []string{"give this host a network; for a service, start it After=network-online.target"}
		if h.Platform.Value.Container != "" {
			fix = []string{"give the container a network (it has none, as with --network none)"}
		}
		if h.alone() {
			v := bad(verdict.Warn, verdict.Definite, "the loopback is the only interface: members of this host hear each other, and no other host can join them", fix, ev)
			v[0].Subject = "lo"
			return v
		}
		v := bad(verdict.Fail, verdict.Definite, "the loopback is the only interface: a member here is always alone", fix, ev)
		v[0].Subject = "lo"
		return v
	},
}

var bondFailover = Check{
	ID: "iface.bond-failover",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case !h.OK:
			return h.noLink()
		case h.Link.Kind != "bond" && h.Link.Kind != "team":
			return skip(h.Link.Name + " is no bond")
		case h.Link.ResendIGMP == nil:
			return unknown("whether " + h.Link.Name + " reports its groups again after a fail-over is not known")
		}
		n := *h.Link.ResendIGMP
		ev := evidence("resend_igmp of "+h.Link.Name, n, h.Links.From)
		if n > 0 {
			return pass(fmt.Sprintf("%s reports its groups %d times after a fail-over", h.Link.Name, n), ev)
		}
		return bad(verdict.Warn, verdict.Likely, h.Link.Name+" does not report its groups after a fail-over: the switch goes on with the old port until the next query",
			[]string{"echo 3 > /sys/class/net/" + h.Link.Name + "/bonding/resend_igmp"}, ev)
	},
}

var macvlanParent = Check{
	ID: "iface.macvlan-parent",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.OK {
			return h.noLink()
		}
		switch h.Link.Kind {
		case "macvlan", "macvtap", "ipvlan", "ipvtap":
		default:
			return skip(h.Link.Name + " is no macvlan or ipvlan")
		}
		ev := evidence("kind and mode of "+h.Link.Name, h.Link.Kind+" "+h.Link.Mode, h.Links.From)
		if h.Link.Mode == "private" || h.Link.Mode == "vepa" {
			return bad(verdict.Fail, verdict.Definite, fmt.Sprintf("%s is a %s in mode %s: it hears neither its parent nor its siblings on this machine", h.Link.Name, h.Link.Kind, h.Link.Mode),
				[]string{"ip link set " + h.Link.Name + " type macvlan mode bridge   # siblings then hear each other; give the parent a macvlan child of its own"}, ev)
		}
		return pass(fmt.Sprintf("%s is a %s in mode %s: it hears its siblings, but never the parent interface itself", h.Link.Name, h.Link.Kind, h.Link.Mode), ev)
	},
}

var pointToPoint = Check{
	ID: "iface.point-to-point",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.OK {
			return h.noLink()
		}
		ev := evidence("kind and flags of "+h.Link.Name, fmt.Sprintf("%s %#x", h.Link.Kind, h.Link.Flags), h.Links.From)
		if !tunnel(h.Link) {
			return pass(h.Link.Name+" is no tunnel", ev)
		}
		return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("%s is a tunnel (%s): joins and sends succeed on it, but its other end seldom carries multicast", h.Link.Name, orWord(h.Link.Kind, "point to point")),
			h.perOS(map[string][]string{
				"linux": h.otherRoute(),
				"":      {"name the LAN's interface to the member (Tomcat: bind on Membership)"},
			}), ev)
	},
}

// otherRoute sends the group out of another interface, where there is one.
func (h *Host) otherRoute() []string {
	if h.otherLink() == "IF" {
		return []string{nameOne}
	}
	return []string{h.routeTo(h.otherLink()) + "   # the interface of the other members"}
}

// tunnel reports whether the link leads to one other end, without an Ethernet.
func tunnel(l facts.Link) bool {
	switch l.Kind {
	case "wireguard", "tun", "ppp", "ipip", "gre", "sit", "vti", "xfrm", "ip6tnl":
		return l.Type != 1
	}
	return l.Has(facts.FlagPointToPoint)
}

// otherLink is the likeliest interface besides the judged one, for commands.
func (h *Host) otherLink() string {
	for _, l := range h.Links.Value {
		if l.Index != h.Link.Index && !l.Has(facts.FlagLoopback) && l.Has(facts.FlagUp) && l.Master == 0 && !tunnel(l) && !isolated(l) && len(h.AddrsOf(l.Index, h.V6)) > 0 {
			return l.Name
		}
	}
	return "IF"
}

func orWord(s, word string) string {
	if s == "" {
		return word
	}
	return s
}

var wifi = Check{
	ID: "iface.wifi",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.OK {
			return h.noLink()
		}
		ev := evidence("wireless "+h.Link.Name, h.Link.Wireless, h.Links.From)
		if !h.Link.Wireless {
			return pass(h.Link.Name+" is not wireless", ev)
		}
		return bad(verdict.Warn, verdict.Likely, h.Link.Name+" is wireless: access points send multicast slowly, without acknowledgement, and often not at all",
			[]string{"use a cable; else set dropTime to 10 s or more, and on the access point multicast-to-unicast", "iw dev " + h.Link.Name + " set power_save off"}, ev)
	},
}
