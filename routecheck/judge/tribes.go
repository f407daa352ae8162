package judge

import (
	"fmt"
	"net/netip"
	"slices"

	"muster/internal/verdict"
	"muster/routecheck/facts"
	"muster/routecheck/firewall"
)

var advertisesLoopback = Check{
	ID: "tribes.advertises-loopback",
	Judge: func(h *Host) []verdict.Verdict {
		fix := []string{"set address=\"" + h.reachableAddress() + "\" on the Receiver in server.xml"}
		if c := h.Query.Cluster; c != nil {
			if a, err := netip.ParseAddr(c.Receiver); err == nil && notReachable(a) {
				return bad(verdict.Fail, verdict.Definite, fmt.Sprintf("%s gives the Receiver the address %s, which the others cannot reach", c.From, a), fix, evidence("Receiver address", c.Receiver, c.From))
			}
		}
		if !h.Listeners.Known() {
			return unknown("the listening sockets are not known: " + h.Listeners.Reason())
		}
		if s, ok := h.memberListener(); ok {
			ev := evidence("receiver", fmt.Sprintf("%s of %s", s.Local, h.holder(s)), h.Listeners.From)
			if a := s.Local.Addr(); a.IsLoopback() && h.alone() {
				return pass(fmt.Sprintf("a note: the receiver of %s listens on %s, where only members of this host reach it", h.holder(s), s.Local), ev)
			} else if a.IsLoopback() || a.IsLinkLocalUnicast() {
				return bad(verdict.Fail, verdict.Definite, fmt.Sprintf("the receiver of %s listens on %s, and that is what it advertises", h.holder(s), s.Local), fix, ev)
			}
			return pass(fmt.Sprintf("the receiver of %s listens on %s", h.holder(s), s.Local), ev)
		}
		return skip(fmt.Sprintf("no member listens on TCP ports %d-%d here", h.Query.TCPPort, h.Query.LastTCPPort()))
	},
}

// reachableAddress is the one that heartbeats leave from, for a fix, or ADDRESS where
// others cannot connect to it, as on the loopback.
func (h *Host) reachableAddress() string {
	if !h.Src.IsValid() || notReachable(h.Src) {
		return "ADDRESS"
	}
	return h.Src.String()
}

func notReachable(a netip.Addr) bool {
	return a.IsLoopback() || a.IsUnspecified() || a.IsLinkLocalUnicast()
}

var sourceMismatch = Check{
	ID: "tribes.source-mismatch",
	Judge: func(h *Host) []verdict.Verdict {
		if c := h.Query.Cluster; c != nil && c.Bind != "" && c.Receiver != "auto" && c.Receiver != c.Bind {
			if a, err := netip.ParseAddr(c.Bind); err != nil || a.IsUnspecified() {
				return skip(fmt.Sprintf("%s binds heartbeats to %q, which names no interface: see config.address", c.From, c.Bind))
			}
			if h.onPurpose(c) {
				return pass(fmt.Sprintf("a note: %s sends heartbeats from %s and has the Receiver at %s, two addresses of this host: others take both networks, as the file says", c.From, c.Bind, c.Receiver))
			}
			return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("%s binds heartbeats to %s and gives the Receiver %s: right only if that is meant", c.From, c.Bind, c.Receiver),
				[]string{"give bind on Membership and address on Receiver the same value"}, evidence("bind and address", c.Bind+" and "+c.Receiver, c.From))
		}
		if !h.Listeners.Known() {
			return unknown("the listening sockets are not known: " + h.Listeners.Reason())
		}
		if s, ok := h.memberListener(); ok {
			a := s.Local.Addr()
			ev := []verdict.Evidence{evidence("receiver", s.Local, h.Listeners.From), evidence("address that heartbeats leave from", orWord(addrText(h.Src), "not known"), h.ToGroup.From)}
			if a.IsUnspecified() || !h.Src.IsValid() || a == h.Src || a.Is6() != h.V6 {
				return pass(fmt.Sprintf("the receiver listens on %s", s.Local), ev...)
			}
			return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("the receiver listens on %s, heartbeats leave from %s: members that go by either may take two networks", a, h.Src),
				[]string{"give bind on Membership and address on Receiver the same value"}, ev...)
		}
		return skip(fmt.Sprintf("no member listens on TCP ports %d-%d here", h.Query.TCPPort, h.Query.LastTCPPort()))
	},
}

// onPurpose: the configuration names two addresses of this host, one for each kind
// of traffic.
func (h *Host) onPurpose(c *facts.Cluster) bool {
	bind, err1 := netip.ParseAddr(c.Bind)
	receiver, err2 := netip.ParseAddr(c.Receiver)
	return err1 == nil && err2 == nil && h.own(bind) && h.own(receiver) && !notReachable(bind) && !notReachable(receiver)
}

var dropTime = Check{
	ID: "tribes.drop-time",
	Judge: func(h *Host) []verdict.Verdict {
		c := h.Query.Cluster
		if c == nil || c.FrequencyMS <= 0 || c.DropTimeMS <= 0 {
			return skip("the timers are a matter of the member's configuration, and no --server-xml was given")
		}
		ev := evidence("frequency and dropTime", fmt.Sprintf("%d ms and %d ms", c.FrequencyMS, c.DropTimeMS), c.From)
		fix := []string{fmt.Sprintf("set dropTime to %d or more", max(3000, 6*c.FrequencyMS))}
		switch {
		case c.DropTimeMS <= c.FrequencyMS:
			return bad(verdict.Fail, verdict.Definite, fmt.Sprintf("dropTime %d ms is no longer than the frequency of %d ms: members flap without end", c.DropTimeMS, c.FrequencyMS), fix, ev)
		case c.DropTimeMS < 3*c.FrequencyMS:
			return bad(verdict.Warn, verdict.Definite, fmt.Sprintf("dropTime %d ms holds less than three heartbeats of %d ms: two lost ones drop a member", c.DropTimeMS, c.FrequencyMS), fix, ev)
		}
		return pass(fmt.Sprintf("dropTime %d ms holds %d heartbeats", c.DropTimeMS, c.DropTimeMS/c.FrequencyMS), ev)
	},
}

var clockSkew = Check{
	ID: "tribes.clock-skew",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.Clock.Known() {
			return unknown("whether the clock is synchronized is not known: " + h.Clock.Reason())
		}
		ev := evidence("clock", fmt.Sprintf("synchronized %v, error at most %.1f s", h.Clock.Value.Synchronized, float64(h.Clock.Value.MaxErrorUS)/1e6), h.Clock.From)
		if h.Clock.Value.Synchronized {
			return pass("the kernel's clock is synchronized", ev)
		}
		if c := h.Query.Cluster; c != nil && c.Encrypted {
			return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("the clock is not synchronized, and %s encrypts: nodes more than 10 s apart refuse each other's messages", c.From), h.perOS(map[string][]string{
				"linux":   {"systemctl enable --now systemd-timesyncd   # or chrony, on every node"},
				"darwin":  {"systemsetup -setusingnetworktime on   # on every node"},
				"windows": {"w32tm /resync   # on every node"},
				"":        {"service ntpd enable && service ntpd start   # on every node"},
			}), ev)
		}
		// One clock cannot differ from itself: only a comparison of nodes tells.
		return skip("the kernel does not hold its clock for synchronized; whether the nodes differ, only comparing them tells", ev)
	},
}

var receiverPort = Check{
	ID: "tribes.receiver-port",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.noReceiver(); v != nil {
			return v
		}
		if !h.Listeners.Known() {
			return unknown("the listening sockets are not known: " + h.Listeners.Reason())
		}
		first, last := h.Query.TCPPort, h.Query.LastTCPPort()
		taken := map[uint16]facts.Socket{}
		for _, s := range h.Listeners.Value {
			if a := s.Local.Addr(); h.receiverRange(s.Local.Port()) && (a.IsUnspecified() || a == h.Src || !h.Src.IsValid()) {
				taken[s.Local.Port()] = s
			}
		}
		free := first
		for taken[free].Local.IsValid() && free < last {
			free++
		}
		members := h.memberListeners()
		ev := []verdict.Evidence{evidence(fmt.Sprintf("TCP ports %d-%d in use", first, last), len(taken), h.Listeners.From)}
		switch {
		case len(members) > 0:
			s := members[0]
			saw := fmt.Sprintf("the receiver of %s has port %d", h.holder(s), s.Local.Port())
			if s.Local.Port() != first {
				saw = fmt.Sprintf("a note: the receiver of %s has port %d rather than %d; firewalls must know", h.holder(s), s.Local.Port(), first)
			}
			return pass(saw, ev...)
		case len(taken) == 0:
			return pass(fmt.Sprintf("TCP port %d is free", first), ev...)
		case taken[free].Local.IsValid():
			v := bad(verdict.Fail, verdict.Definite, fmt.Sprintf("every TCP port that the receiver may take (%d-%d) is in use: Tomcat fails with \"Unable to bind server socket\"", first, last),
				[]string{"set another port on the Receiver, or a larger autoBind"}, append(ev, evidence("first holder", h.holder(taken[first]), h.Processes.From))...)
			v[0].Next = append(v[0].Next, fmt.Sprintf("ss -tlnp 'sport >= :%d and sport <= :%d'   # who has them", first, last))
			return v
		}
		return pass(fmt.Sprintf("a note: TCP port %d is in use by %s; the receiver would take %d, and firewalls must know", first, h.holder(taken[first]), free), ev...)
	},
}

var notJoined = Check{
	ID: "tribes.not-joined",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case !h.Listeners.Known() || !h.UDP.Known() || !h.Memberships.Known():
			return unknown("the sockets or the joined groups are not known")
		case h.Query.Cluster != nil && h.Query.Cluster.Static:
			return skip(h.Query.Cluster.From + " uses a membership without multicast")
		}
		members := h.memberListeners()
		if len(members) == 0 {
			return skip(fmt.Sprintf("no member listens on TCP ports %d-%d here", h.Query.TCPPort, h.Query.LastTCPPort()))
		}
		s := members[0]
		ev := []verdict.Evidence{evidence("receiver", fmt.Sprintf("%s of %s", s.Local, h.holder(s)), h.Listeners.From), evidence("joined on", orWord(linkNames(h.joinedLinks()), "no interface"), h.Memberships.From)}
		port := slices.ContainsFunc(h.UDP.Value, func(u facts.Socket) bool { return u.PID == s.PID })
		if port && len(h.joinedLinks()) > 0 {
			return pass(fmt.Sprintf("%s has its receiver, the group's port and the group", h.holder(s)), ev...)
		}
		saw := fmt.Sprintf("%s has its receiver (%s), but not the group's port", h.holder(s), s.Local)
		if port {
			saw = fmt.Sprintf("%s has its receiver (%s) and the group's port, but nobody has joined the group", h.holder(s), s.Local)
		}
		fix := []string{"look into catalina.log: muster explain 'Unable to join multicast group'", "restart " + h.holder(s) + " when the cause is gone"}
		if h.Query.Cluster == nil { // it may be meant: a static membership has no multicast
			return bad(verdict.Warn, verdict.Likely, saw+": its membership is off, or it is one without multicast", fix, ev...)
		}
		return bad(verdict.Fail, verdict.Definite, saw, fix, ev...)
	},
}

var exposedPort = Check{
	ID: "tribes.exposed-port",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.Listeners.Known() {
			return unknown("the listening sockets are not known: " + h.Listeners.Reason())
		}
		members := h.memberListeners()
		if len(members) == 0 {
			return skip(fmt.Sprintf("no member listens on TCP ports %d-%d here", h.Query.TCPPort, h.Query.LastTCPPort()))
		}
		if s, a, ok := h.exposed(); ok {
			x := a.Prefix.Addr()
			ev := []verdict.Evidence{evidence("receiver", s.Local, h.Listeners.From), evidence("public address", x, h.Addrs.From)}
			if h.filtered(s, a) {
				return pass(fmt.Sprintf("the receiver listens on the public address %s, and the firewall keeps strangers out", x), ev...)
			}
			// Whether another firewall stands before this host is not known here.
			return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("the receiver of %s listens on the public address %s, and this host's firewall lets anybody in: it takes Java objects from whoever connects", h.holder(s), x),
				[]string{h.keepOut(s), "listen on an address of the members' own network: address on Receiver"}, ev...)
		}
		return pass("the receiver listens on no public address", evidence("receiver", members[0].Local, h.Listeners.From))
	},
}

// exposed is the first member that listens on a public address of this host.
func (h *Host) exposed() (facts.Socket, facts.Addr, bool) {
	at := map[netip.Addr]facts.Addr{}
	var all []facts.Addr
	for _, a := range h.Addrs.Value {
		if x := a.Prefix.Addr(); public(x) {
			if _, have := at[x]; !have {
				at[x] = a
			}
			all = append(all, a)
		}
	}
	for _, s := range h.memberListeners() {
		if a, ok := at[s.Local.Addr()]; ok {
			return s, a, true
		}
		if s.Local.Addr().IsUnspecified() {
			i := slices.IndexFunc(all, func(a facts.Addr) bool { return s.Local.Addr().Is6() || a.Prefix.Addr().Is4() })
			if i >= 0 {
				return s, all[i], true
			}
		}
	}
	return facts.Socket{}, facts.Addr{}, false
}

// keepOut closes the receiver's port to everybody but the members' network, in a
// table of its own, which no other tool's rules depend on.
func (h *Host) keepOut(s facts.Socket) string {
	if !h.nearby() {
		return "let the firewall take connections to the receiver from the members' addresses alone"
	}
	ip := map[bool]string{false: "ip", true: "ip6"}[h.V6]
	return fmt.Sprintf("nft 'add table inet cluster; add chain inet cluster input { type filter hook input priority -10; }; add rule inet cluster input %s saddr != %s tcp dport %d drop'", ip, h.Peers, s.Local.Port())
}

// public: anybody in the Internet may address it. The ranges for documents are
// none, though they look so.
func public(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	return !slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(a) })
}

var notPublic = []netip.Prefix{
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("2001:db8::/32"),
}

// filtered reports whether the firewall stops a connection from anywhere to the
// receiver; what cannot be told counts as stopped.
func (h *Host) filtered(s facts.Socket, a facts.Addr) bool {
	return !h.Firewall.Known() || firewall.Evaluate(&h.Firewall.Value, h.fromAnywhere(s, a)).Verdict != firewall.Accept
}

func (h *Host) fromAnywhere(s facts.Socket, a facts.Addr) firewall.Packet {
	l, _ := h.LinkAt(a.Link)
	f := h.flow()
	f.Device, f.Self, f.TCPPort = device(l), a.Prefix.Addr(), s.Local.Port()
	if f.Self.Is6() != f.Group.Is6() {
		f.Group = netip.MustParseAddr(map[bool]string{true: "ff02::1", false: "224.0.0.1"}[f.Self.Is6()])
	}
	return f.ConnectFromAnywhere()
}

// memberListener is the first of memberListeners: two members on one host are rare,
// and the first tells how they are set up.
func (h *Host) memberListener() (facts.Socket, bool) {
	all := h.memberListeners()
	if len(all) == 0 {
		return facts.Socket{}, false
	}
	return all[0], true
}
