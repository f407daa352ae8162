package judge

import (
	"fmt"
	"net/netip"
	"strings"

	"muster/internal/verdict"
	"muster/routecheck/facts"
)

var hostnameLoopback = Check{
	ID: "addr.hostname-loopback",
	Judge: func(h *Host) []verdict.Verdict {
		if !h.Names.Known() {
			return unknown("the host's name is not known: " + h.Names.Reason())
		}
		n := h.Names.Value
		addr := n.First()
		ev := []verdict.Evidence{evidence("address of "+n.Host, orWord(addrText(addr), orWord(n.Error, "none")), h.Names.From)}
		if !addr.IsValid() {
			return h.hostnameUnresolved(ev)
		}
		if !addr.IsLoopback() && !h.own(addr) {
			return skip(fmt.Sprintf("the host name %s resolves to %s, which is no loopback address: see addr.hostname-foreign", n.Host, addr), ev...)
		}
		if !addr.IsLoopback() {
			return pass(fmt.Sprintf("the host name %s resolves to %s", n.Host, addr), ev...)
		}
		saw := fmt.Sprintf("the host name %s resolves to %s (%s)", n.Host, addr, n.Via)
		fix := []string{"set address=\"" + h.reachableAddress() + "\" on the Receiver in server.xml"}
		if n.Via == "/etc/hosts" {
			fix = append(fix, editHosts(fmt.Sprintf("-e 's/^\\(127[.0-9]*[[:space:]].*\\)\\b%s\\b/\\1/' -e '$a %s %s'", n.Host, h.reachableAddress(), n.Host)))
		}
		found := func(s verdict.Status, c verdict.Confidence, more string) []verdict.Verdict {
			v := bad(s, c, saw+more, fix, ev...)
			v[0].Subject = n.Host
			return v
		}
		if c := h.Query.Cluster; c != nil {
			if c.Receiver == "auto" || c.Receiver == n.Host {
				return found(verdict.Fail, verdict.Definite, fmt.Sprintf(", which the Receiver address %q of %s advertises to the others", c.Receiver, c.From))
			}
			return pass(fmt.Sprintf("%s, but the Receiver address of %s is %s", saw, c.From, c.Receiver), ev...)
		}
		if s, ok := h.memberListener(); ok {
			if s.Local.Addr().IsLoopback() && h.alone() {
				return pass(saw+", where members of this host alone reach each other", ev...)
			}
			if s.Local.Addr().IsLoopback() {
				ev = append(ev, evidence("receiver", s.Local, h.Listeners.From))
				return found(verdict.Fail, verdict.Definite, fmt.Sprintf(", where the receiver listens: %s", s.Local))
			}
			return pass(fmt.Sprintf("%s, but the receiver here listens on %s", saw, s.Local), ev...)
		}
		if addr != netip.AddrFrom4([4]byte{127, 0, 1, 1}) {
			// A name that is but another word for localhost says that nobody gave this
			// machine an address to be known by; whether it matters, only a member tells.
			return skip(saw+": a Tomcat whose Receiver address is auto, the default, would advertise that; none runs here, and no --server-xml was given", ev...)
		}
		return found(verdict.Warn, verdict.Likely, ": a Tomcat whose Receiver address is auto, the default, advertises that to the others")
	},
}

var hostnameForeign = Check{
	ID: "addr.hostname-foreign",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case !h.Names.Known():
			return unknown("the host's name is not known: " + h.Names.Reason())
		case !h.Addrs.Known():
			return unknown("the addresses are not known: " + h.Addrs.Reason())
		}
		n := h.Names.Value
		addr := n.First()
		ev := []verdict.Evidence{evidence("address of "+n.Host, orWord(addrText(addr), orWord(n.Error, "none")), h.Names.From)}
		switch l := h.linkOf(addr); {
		case !addr.IsValid() || addr.IsLoopback():
			return skip("see addr.hostname-loopback", ev...)
		case h.own(addr) && !isolated(l) && !addr.IsLinkLocalUnicast():
			return pass(fmt.Sprintf("the host name %s resolves to %s, an address of this host", n.Host, addr), ev...)
		}
		saw := fmt.Sprintf("the host name %s resolves to %s, an address that this host does not have", n.Host, addr)
		effect := "a Receiver whose address is auto cannot bind it, and Tomcat's cluster does not start"
		if h.own(addr) {
			saw = fmt.Sprintf("the host name %s resolves to %s of %s, which other hosts do not reach", n.Host, addr, h.linkOf(addr).Name)
			effect = "a Receiver whose address is auto advertises that to the others"
		}
		fix := []string{"set address=\"" + h.reachableAddress() + "\" on the Receiver in server.xml"}
		if h.reachableAddress() == "ADDRESS" {
			fix = nil
		}
		if n.Via == "/etc/hosts" && fix != nil {
			fix = append(fix, editHosts(fmt.Sprintf("'s/^%s\\([[:space:]]\\)/%s\\1/'", strings.ReplaceAll(addr.String(), ".", "\\."), h.reachableAddress())))
		}
		found := func(s verdict.Status, c verdict.Confidence, more string) []verdict.Verdict {
			v := bad(s, c, saw+": "+more, fix, ev...)
			v[0].Subject = n.Host
			return v
		}
		if c := h.Query.Cluster; c != nil {
			if c.Receiver == "auto" || c.Receiver == n.Host {
				return found(verdict.Fail, verdict.Definite, fmt.Sprintf("%s (%q in %s)", effect, c.Receiver, c.From))
			}
			return pass(fmt.Sprintf("%s, but the Receiver address of %s is %s", saw, c.From, c.Receiver), ev...)
		}
		if s, ok := h.memberListener(); ok {
			return pass(fmt.Sprintf("%s, but the receiver here listens on %s", saw, s.Local), ev...)
		}
		// Whether a Tomcat goes by the name, only its configuration or a running one
		// tells; in a namespace of its own the name is the machine's outside of it.
		if p := h.Platform.Value; p.Container != "" || p.NetNS != p.InitNetNS || p.NetNS == "" {
			return skip(saw+", and none of this is known to use it", ev...)
		}
		return found(verdict.Warn, verdict.Likely, effect)
	},
}

// editHosts changes /etc/hosts by sed's commands. It is written in its place: in a
// container it is a mount, which sed -i cannot put another file over.
func editHosts(commands string) string {
	return fmt.Sprintf(`hosts=$(sed %s /etc/hosts) && printf '%%s\n' "$hosts" > /etc/hosts`, commands)
}

// linkOf is the interface that has an address.
func (h *Host) linkOf(a netip.Addr) facts.Link {
	for _, x := range h.Addrs.Value {
		if x.Prefix.Addr() == a {
			l, _ := h.LinkAt(x.Link)
			return l
		}
	}
	return facts.Link{}
}

func (h *Host) hostnameUnresolved(ev []verdict.Evidence) []verdict.Verdict {
	n := h.Names.Value
	c := h.Query.Cluster
	if c != nil && c.Receiver != "auto" {
		return pass(fmt.Sprintf("the host name %s has no address, but %s names the Receiver's: %s", n.Host, c.From, c.Receiver), ev...)
	}
	saw := fmt.Sprintf("the host name %s has no address: a Receiver with the address auto falls back to the loopback or fails to start", n.Host)
	if c == nil {
		return skip(saw+"; no --server-xml was given to tell whether it is auto", ev...)
	}
	return bad(verdict.Fail, verdict.Likely, saw, []string{fmt.Sprintf("echo '%s %s' >> /etc/hosts", h.reachableAddress(), n.Host)}, ev...)
}

var secondarySource = Check{
	ID: "addr.secondary-source",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case !h.OK:
			return h.noLink()
		case !h.Addrs.Known():
			return unknown("the addresses are not known: " + h.Addrs.Reason())
		}
		as := h.AddrsOf(h.Link.Index, h.V6)
		if len(as) < 2 || !h.Src.IsValid() {
			return pass(h.Link.Name + " has one address to send from")
		}
		ev := []verdict.Evidence{evidence("address that heartbeats leave from", h.Src, h.ToGroup.From)}
		for _, s := range h.memberListeners() {
			a := s.Local.Addr()
			if a == h.Src || a.IsUnspecified() || !contains(as, a) {
				continue
			}
			ev = append(ev, evidence("receiver", s.Local, h.Listeners.From))
			return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("%s has %d addresses: heartbeats leave from %s, but the receiver listens on %s", h.Link.Name, len(as), h.Src, a),
				h.perOS(map[string][]string{
					"linux": {fmt.Sprintf("ip route replace %s dev %s src %s", h.groupNet(), h.Link.Name, a)},
					"":      {fmt.Sprintf("give the receiver the address %s (Tomcat: address on Receiver)", h.Src)},
				}), ev...)
		}
		return pass(fmt.Sprintf("%s has %d addresses; heartbeats leave from %s", h.Link.Name, len(as), h.Src), ev...)
	},
}

func contains(as []facts.Addr, a netip.Addr) bool {
	for _, x := range as {
		if x.Prefix.Addr() == a {
			return true
		}
	}
	return false
}
