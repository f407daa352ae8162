package judge

import (
	"fmt"
	"net/netip"
	"slices"

	"muster/internal/verdict"
	"muster/routecheck/facts"
)

// noSockets is the verdict of checks that need the sockets of the group's port.
func (h *Host) noSockets() []verdict.Verdict {
	if !h.UDP.Known() {
		return unknown("the sockets are not known: " + h.UDP.Reason())
	}
	return nil
}

// holder describes who holds a socket.
func (h *Host) holder(s facts.Socket) string {
	for _, p := range h.Processes.Value {
		if p.PID == s.PID && s.PID != 0 {
			return fmt.Sprintf("%s (pid %d)", p.Name, p.PID)
		}
	}
	switch {
	case h.linux():
		return fmt.Sprintf("a process of user %d", s.UID)
	case s.PID != 0:
		return fmt.Sprintf("process %d", s.PID)
	}
	return "some process"
}

func (h *Host) socketEvidence(s facts.Socket) verdict.Evidence {
	return evidence("UDP socket", fmt.Sprintf("%s of %s", s.Local, h.holder(s)), h.UDP.From)
}

// onGroup are the sockets of the port that can be a member's: bound to the group
// or to everything.
func (h *Host) onGroup() []facts.Socket {
	var out []facts.Socket
	for _, s := range h.UDP.Value {
		if s.Local.Addr() == h.Query.Group.WithZone("") || s.Local.Addr().IsUnspecified() {
			out = append(out, s)
		}
	}
	return out
}

var recreated = Check{
	ID: "iface.recreated",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case h.notGroup() != nil:
			return h.notGroup()
		case h.noSockets() != nil:
			return h.noSockets()
		case !h.Memberships.Known():
			return unknown("the joined groups are not known: " + h.Memberships.Reason())
		}
		socks := h.onGroup()
		if len(socks) == 0 {
			return skip(fmt.Sprintf("no socket here has UDP port %d", h.Query.Port))
		}
		if joined := h.joinedLinks(); len(joined) > 0 {
			return pass(fmt.Sprintf("%s is joined on %s, and UDP port %d is held by %s", h.Query.Group, linkNames(joined), h.Query.Port, h.holder(socks[0])), h.socketEvidence(socks[0]))
		}
		var others []string
		for _, m := range h.Memberships.Value {
			if !m.Group.IsLinkLocalMulticast() && !m.Group.IsInterfaceLocalMulticast() {
				others = append(others, m.Group.String())
			}
		}
		ev := []verdict.Evidence{h.socketEvidence(socks[0]), evidence("groups joined on this host", orWord(list(others), "none of applications"), h.Memberships.From)}
		fix := []string{"restart " + h.holder(socks[0]) + ", so that it joins again"}
		bound := slices.ContainsFunc(socks, func(s facts.Socket) bool { return s.Local.Addr() == h.Query.Group.WithZone("") })
		saw := fmt.Sprintf("%s holds UDP port %d, but %s is joined on no interface: it can hear nothing", h.holder(socks[0]), h.Query.Port, h.Query.Group)
		switch {
		case bound:
			return bad(verdict.Fail, verdict.Definite, saw, fix, ev...)
		case len(others) == 0:
			return bad(verdict.Fail, verdict.Likely, saw, fix, ev...)
		}
		return bad(verdict.Warn, verdict.Hint, fmt.Sprintf("%s holds UDP port %d, and %s is joined on no interface; other groups are, so it may be meant", h.holder(socks[0]), h.Query.Port, h.Query.Group), fix, ev...)
	},
}

var joinInterface = Check{
	ID: "sock.join-interface",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case h.notGroup() != nil:
			return h.notGroup()
		case !h.OK:
			return h.noLink()
		case !h.Memberships.Known():
			return unknown("the joined groups are not known: " + h.Memberships.Reason())
		}
		joined := h.joinedLinks()
		ev := evidence("joined on", orWord(linkNames(joined), "no interface"), h.Memberships.From)
		switch {
		case len(joined) == 0:
			return skip(fmt.Sprintf("nobody on this host has joined %s", h.Query.Group))
		case h.joinedOn(h.Link.Index):
			return pass(fmt.Sprintf("%s is joined on %s", h.Query.Group, h.Link.Name), ev)
		}
		where := joined[0]
		fix := []string{"name the interface to the member (Tomcat: bind=\"" + orWord(addrText(h.Src), "ADDRESS") + "\" on Membership) and restart it"}
		saw := fmt.Sprintf("%s is joined on %s, not on %s", h.Query.Group, linkNames(joined), h.Link.Name)
		switch {
		case where.Has(facts.FlagLoopback), isolated(where), h.Query.Interface != "", h.Query.Cluster != nil && h.Query.Cluster.Bind != "":
			return bad(verdict.Fail, verdict.Definite, saw, fix, ev)
		}
		// By the route alone; a program may have chosen its interface with a purpose.
		return bad(verdict.Warn, verdict.Likely, saw+", which the route names", fix, ev)
	},
}

var portInUse = Check{
	ID: "sock.port-in-use",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.noSockets(); v != nil {
			return v
		}
		if len(h.UDP.Value) == 0 {
			return pass(fmt.Sprintf("UDP port %d is free", h.Query.Port))
		}
		ev := []verdict.Evidence{h.socketEvidence(h.UDP.Value[0])}
		if !h.BindTest.Known() {
			return unknown(fmt.Sprintf("UDP port %d is held by %s; whether it shares it is not known: %s", h.Query.Port, h.holder(h.UDP.Value[0]), h.BindTest.Reason()), ev...)
		}
		t := h.BindTest.Value
		ev = append(ev, evidence("one more bind, with SO_REUSEADDR", orWord(t.ReuseAddr, "succeeds"), h.BindTest.From))
		switch t.ReuseAddr {
		case "":
			return pass(fmt.Sprintf("UDP port %d is held by %s, which shares it", h.Query.Port, h.holder(h.UDP.Value[0])), ev...)
		case "EADDRINUSE":
			v := bad(verdict.Fail, verdict.Definite, fmt.Sprintf("UDP port %d is held by %s, which does not share it: no member can start here", h.Query.Port, h.holder(h.UDP.Value[0])),
				[]string{fmt.Sprintf("stop %s, or give the cluster another port", h.holder(h.UDP.Value[0]))}, ev...)
			v[0].Next = append(v[0].Next, fmt.Sprintf("ss -ulnp 'sport = :%d'   # who it is", h.Query.Port))
			return v
		}
		return unknown(fmt.Sprintf("a bind to UDP port %d fails with %s", h.Query.Port, t.ReuseAddr), ev...)
	},
}

var reuseMismatch = Check{
	ID: "sock.reuse-mismatch",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.noSockets(); v != nil {
			return v
		}
		switch {
		case len(h.UDP.Value) == 0:
			return pass(fmt.Sprintf("UDP port %d is free", h.Query.Port))
		case !h.BindTest.Known():
			return unknown("how the port is shared is not known: " + h.BindTest.Reason())
		}
		t := h.BindTest.Value
		ev := []verdict.Evidence{
			h.socketEvidence(h.UDP.Value[0]),
			evidence("one more bind, with SO_REUSEADDR", orWord(t.ReuseAddr, "succeeds"), h.BindTest.From),
			evidence("one more bind, with SO_REUSEPORT", orWord(t.ReusePort, "succeeds"), h.BindTest.From),
		}
		if t.ReuseAddr == "EADDRINUSE" && t.ReusePort == "" {
			return bad(verdict.Fail, verdict.Definite, fmt.Sprintf("%s shares UDP port %d with SO_REUSEPORT, members ask with SO_REUSEADDR: that does not match", h.holder(h.UDP.Value[0]), h.Query.Port),
				[]string{"set both options in both programs, or stop " + h.holder(h.UDP.Value[0])}, ev...)
		}
		return pass("the port's holders share it in the way that members ask for, or not at all", ev...)
	},
}

var loopOff = Check{
	ID: "sock.loop-off",
	Judge: func(h *Host) []verdict.Verdict {
		if c := h.Query.Cluster; c != nil && c.LoopbackDisabled {
			return bad(verdict.Warn, verdict.Likely, c.From+" sets localLoopbackDisabled: two members on this host would not hear each other",
				[]string{"set localLoopbackDisabled=\"false\" on the Membership"}, evidence("localLoopbackDisabled", true, c.From))
		}
		if v := h.noSockets(); v != nil {
			return v
		}
		for _, s := range h.onGroup() {
			if s.Loop == nil || *s.Loop {
				continue
			}
			ev := []verdict.Evidence{h.socketEvidence(s), evidence("IP_MULTICAST_LOOP", "off", h.UDP.From)}
			if len(h.onGroup()) < 2 {
				return pass(fmt.Sprintf("a note: %s sends without a copy for its own host, which matters only to a second member here", h.holder(s)), ev...)
			}
			return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("%s sends without a copy for its own host, and %d sockets here have the port: they do not hear it", h.holder(s), len(h.onGroup())),
				[]string{"switch IP_MULTICAST_LOOP on in " + h.holder(s)}, ev...)
		}
		return pass("no socket of the port is known to send without a copy for its own host")
	},
}

var multicastAll = Check{
	ID: "sock.multicast-all",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.noSockets(); v != nil {
			return v
		}
		if !h.Memberships.Known() {
			return unknown("the joined groups are not known: " + h.Memberships.Reason())
		}
		var others []string
		for _, m := range h.Memberships.Value {
			if m.Group != h.Query.Group.WithZone("") && m.Group.Is6() == h.V6 && !m.Group.IsLinkLocalMulticast() && !m.Group.IsInterfaceLocalMulticast() {
				others = append(others, m.Group.String())
			}
		}
		slices.Sort(others)
		others = slices.Compact(others)
		var all []facts.Socket
		for _, s := range h.UDP.Value {
			if s.All != nil && *s.All && s.Local.Addr().IsUnspecified() {
				all = append(all, s)
			}
		}
		if len(all) == 0 || len(others) == 0 || len(h.UDP.Value) < 2 {
			return pass("no socket of the port hears the groups of other programs")
		}
		return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("%d sockets share UDP port %d, and %s is bound to every address: it hears %s as well, which others joined", len(h.UDP.Value), h.Query.Port, h.holder(all[0]), list(others)),
			[]string{"give each cluster a port of its own, or bind to the group (Tomcat does, when bind is set on Membership)"},
			h.socketEvidence(all[0]), evidence("other groups joined on this host", list(others), h.Memberships.From))
	},
}

var bindGroup = Check{
	ID: "sock.bind-group",
	Judge: func(h *Host) []verdict.Verdict {
		if h.OS == "windows" {
			return pass("a note: Windows does not bind to a group; Tomcat logs \"Binding to multicast address, failed\" and goes on")
		}
		if v := h.noSockets(); v != nil {
			return v
		}
		for _, s := range h.UDP.Value {
			if s.Local.Addr() == h.Query.Group.WithZone("") {
				return pass(fmt.Sprintf("a note: %s is bound to the group itself, as Tomcat does with a bind address; it gets no unicast there", h.holder(s)), h.socketEvidence(s))
			}
		}
		return pass("no socket is bound to the group itself")
	},
}

func (h *Host) largerBuffers() string {
	if h.linux() {
		return "sysctl -w net.core.rmem_max=26214400   # and a larger SO_RCVBUF in the program"
	}
	return "give the program a larger SO_RCVBUF"
}

var rcvbufOverflow = Check{
	ID: "sock.rcvbuf-overflow",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.noSockets(); v != nil {
			return v
		}
		for _, s := range h.UDP.Value {
			if s.Drops == 0 {
				continue
			}
			size := "of unknown size"
			if s.RcvBuf > 0 {
				size = fmt.Sprintf("of %d bytes", s.RcvBuf)
			}
			return bad(verdict.Warn, verdict.Definite, fmt.Sprintf("%d datagrams were dropped because the receive buffer %s of %s was full", s.Drops, size, h.holder(s)),
				[]string{h.largerBuffers(), "look for what keeps the reader from reading: garbage collection, a busy host"},
				h.socketEvidence(s), evidence("drops of the socket", s.Drops, h.UDP.From))
		}
		return pass(fmt.Sprintf("no socket of UDP port %d has dropped a datagram", h.Query.Port))
	},
}

var sendNobufs = Check{
	ID: "sock.send-nobufs",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.Counters.Known() {
			return h.noCounters()
		}
		n, out := h.Counters.Value["Udp.SndbufErrors"], h.Counters.Value["Udp.OutDatagrams"]
		ev := evidence("UDP sends that found no buffer", fmt.Sprintf("%d, of %d sent", n, out), h.Counters.From)
		if n < 100 || n*1000 < out {
			return pass("sends find buffer space", ev)
		}
		return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("%d of %d UDP sends failed for want of buffer space", n, out+n), []string{"pace the senders, or raise net.core.wmem_max and the program's SO_SNDBUF"}, ev)
	},
}

var vrfCheck = Check{
	ID: "sock.vrf",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case !h.OK:
			return h.noLink()
		case !h.linux():
			return h.onlyLinux("VRF")
		}
		m, ok := h.LinkAt(h.Link.Master)
		if !ok || m.Kind != "vrf" {
			return pass(h.Link.Name + " is in no VRF")
		}
		n, known, why := h.sysctl("net.ipv4.udp_l3mdev_accept")
		if !known {
			return unknown(why)
		}
		ev := []verdict.Evidence{evidence("VRF of "+h.Link.Name, m.Name, h.Links.From), evidence("net.ipv4.udp_l3mdev_accept", n, h.Sysctls["net.ipv4.udp_l3mdev_accept"].From)}
		inside := slices.ContainsFunc(h.UDP.Value, func(s facts.Socket) bool { return s.Bound == m.Index || s.Bound == h.Link.Index })
		if n != 0 || inside {
			return pass(fmt.Sprintf("%s is in the VRF %s, and sockets hear it", h.Link.Name, m.Name), ev...)
		}
		return bad(verdict.Fail, verdict.Likely, fmt.Sprintf("%s is in the VRF %s, whose traffic sockets outside of it do not hear", h.Link.Name, m.Name),
			[]string{"sysctl -w net.ipv4.udp_l3mdev_accept=1 net.ipv4.tcp_l3mdev_accept=1   # or start the member by: ip vrf exec " + m.Name, fmt.Sprintf("ip route add %s dev %s vrf %s", h.groupNet(), h.Link.Name, m.Name)}, ev...)
	},
}

// receiverRange reports whether a port is one that the receiver may take.
func (h *Host) receiverRange(port uint16) bool {
	return port >= h.Query.TCPPort && port <= h.Query.LastTCPPort()
}

// memberListeners are the listening sockets that belong to a cluster member: to
// a Tomcat, or to a process that has the group's port as well.
func (h *Host) memberListeners() []facts.Socket {
	if h.members != nil {
		return *h.members
	}
	var out []facts.Socket
	for _, s := range h.Listeners.Value {
		if s.PID == 0 || !h.receiverRange(s.Local.Port()) {
			continue
		}
		tomcat := slices.ContainsFunc(h.Processes.Value, func(p facts.Process) bool { return p.PID == s.PID && p.Tomcat })
		member := slices.ContainsFunc(h.UDP.Value, func(u facts.Socket) bool { return u.PID == s.PID })
		if member || tomcat && s.Local.Port() < h.Query.TCPPort+100 && !httpPort(s.Local) {
			out = append(out, s)
		}
	}
	h.members = &out
	return out
}

// httpPort: ports in the receiver's range that are a Tomcat's connectors by habit.
func httpPort(a netip.AddrPort) bool { return a.Port() == 8080 || a.Port() == 8443 || a.Port() == 8009 }
