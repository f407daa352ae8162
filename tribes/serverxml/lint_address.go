package serverxml

import (
	"fmt"
	"net/netip"
	"strings"

	"muster/internal/lazyregexp"
	"muster/internal/verdict"
)

// What Java makes of an address in the file: java.net.InetAddress.getByName takes
// a literal or a host's name, never an interface's, and an empty text for the
// loopback address.

// devices are the names that systems give to interfaces. A host may have such a
// name too, so what rests on it is likely and no more.
var devices = lazyregexp.New(`^(?i:eth|en[opsx]?|wlan|wl[opsx]?|bond|team|br-?|vlan|veth|docker|virbr|tun|tap|ib|ens|lo|venet|em|p\d+p)[0-9][a-z0-9]*([.:@][0-9a-z]+)?$|^lo$`)

func deviceName(s string) bool { return devices().MatchString(s) }

// isLocalhost reports whether a name is the loopback address' own (RFC 6761).
func isLocalhost(s string) bool {
	s = strings.ToLower(strings.TrimSuffix(s, "."))
	return s == "localhost" || s == "localhost.localdomain" || s == "ip6-localhost" || strings.HasSuffix(s, ".localhost")
}

// noHostName tells why a text cannot be a host's name, "" if it can be one.
func noHostName(s string) string {
	switch {
	case strings.ContainsAny(s, " \t\r\n"):
		return "has a blank in it"
	case strings.Contains(s, ":") && !strings.Contains(s, "::"):
		return "has a colon in it; a port does not belong here"
	case strings.ContainsAny(s, "/,;|*?[]{}()<>\"'"):
		return "holds a character that no host's name has"
	}
	return ""
}

// bind judges the interface of the heartbeats (McastServiceImpl: the socket is
// bound to the group, the interface set by this address).
func (l lint) bind() {
	v, ok := l.Membership.Attribute("bind")
	if !ok || !v.Set() || !v.Known() || !l.Membership.is(mcastService) {
		return
	}
	x := finding{id: "config.address", status: verdict.Fail, at: l.at(&l.Membership, "bind"), in: &l.Membership, evidence: []Value{v},
		fix: []string{`bind="ADDRESS", this host's in the network of the cluster; or take bind out: then the route to the group decides`}}
	a, literal := address(v.Text)
	const loopback = "no heartbeat can leave by it"
	switch {
	case l.version.Line == tomcat5 && (strings.TrimSpace(v.Text) == "" || literal && a.IsLoopback() || isLocalhost(v.Text)):
		x.saw = "mcastBindAddress is a loopback address, as an empty one is for Java: " + loopback
	case strings.TrimSpace(v.Text) == "":
		x.saw = "bind is empty, which Java takes for the loopback address: " + loopback + noStart(l.version, "Invalid argument")
	case literal && a.IsUnspecified():
		x.saw = fmt.Sprintf("bind %s names no interface%s", v.Text, noStart(l.version, "Invalid value 'null'"))
	case literal && a.IsLoopback(), !literal && isLocalhost(v.Text):
		x.saw = fmt.Sprintf("bind %s is a loopback address: %s%s. With -Djava.net.preferIPv4Stack=true it starts, and only Tomcats of this host hear it",
			v.Text, loopback, noStart(l.version, "Invalid argument"))
	case literal && a.IsMulticast():
		x.saw = fmt.Sprintf("bind %s is a group; it must be an address of this host%s", v.Text, noStart(l.version, "Invalid value"))
	case literal:
		l.local(&l.Membership, "bind", a)
		l.dualStack(v)
		return
	case deviceName(v.Text):
		x.confidence = verdict.Likely
		x.saw = fmt.Sprintf("bind %q looks like an interface; Tomcat wants an address%s", cut(v.Text), noStart(l.version, "UnknownHostException: "+cut(v.Text)))
	default:
		l.resolved(x, v)
		l.dualStack(v)
		return
	}
	l.report(x)
}

// dualStack: with bind Java binds its socket to the address of the group, and a socket of
// both families that is bound to an IPv4 group cannot send on Linux (measured: JDK 17,
// Linux 6.18, with a route to the group too).
func (l lint) dualStack(bind Value) {
	group, ok := address(l.Membership.text("address"))
	switch {
	case !ok, !group.Is4(), l.version.Line == tomcat5: // 5.5 binds no socket to the group
		return
	case l.given.Runs != nil && l.given.Runs():
		return
	}
	l.report(finding{id: "java.ipv6-stack", status: verdict.Warn, confidence: verdict.Hint, at: l.at(&l.Membership, "bind"), in: &l.Membership, evidence: []Value{bind},
		saw: "bind has Java bind its socket to the group, and a JVM that uses IPv6 sockets, as is its default, cannot send by such a socket on Linux" +
			noStart(l.version, "Invalid argument") + ". With -Djava.net.preferIPv4Stack=true it starts; the file does not show which it has",
		fix: []string{"CATALINA_OPTS=-Djava.net.preferIPv4Stack=true; or take bind out: then the route to the group decides"}})
}

// resolved judges a name that an address is to be found by.
func (l lint) resolved(x finding, v Value) {
	x.id = "config.address"
	if why := noHostName(v.Text); why != "" {
		x.saw = fmt.Sprintf("%q %s%s", cut(v.Text), why, noStart(l.version, "UnknownHostException"))
		l.report(x)
		return
	}
	if l.given.Resolve == nil {
		return
	}
	addrs, err := l.given.Resolve(v.Text)
	x.confidence = verdict.Likely
	switch {
	case err != nil:
		x.saw = fmt.Sprintf("the name %q does not resolve here (%v)%s", cut(v.Text), err, noStart(l.version, "UnknownHostException"))
	case len(addrs) > 0 && addrs[0].IsLoopback() && x.in.is(nioReceiver) && !l.oneHost():
		x.id = "tribes.advertises-loopback"
		x.saw = fmt.Sprintf("the name %q is %s here: the others are told to connect to themselves", cut(v.Text), addrs[0])
	default:
		return
	}
	x.more = []verdict.Evidence{{What: "addresses of " + cut(v.Text), Value: fmt.Sprint(addrs), ReadFrom: "the resolver"}}
	l.report(x)
}

// oneHost reports whether the file itself says that all members are on this
// host: static members alone, each at a loopback address.
func (l lint) oneHost() bool {
	lists := []*Component{&l.Membership}
	if s, _ := l.interceptor(staticInterceptor); s != nil {
		lists = append(lists, s)
	}
	members := 0
	for _, list := range lists {
		for i := range list.Members {
			m := &list.Members[i]
			if m.Element == "LocalMember" {
				continue
			}
			members++
			a, literal := address(m.text("host"))
			if !(literal && a.IsLoopback()) && !isLocalhost(m.text("host")) {
				return false
			}
		}
	}
	return members > 0 && !l.multicast()
}

// receiverBind: the setter of bind leaves the address at its default, the word
// "auto", which nobody then resolves (T/transport/ReceiverBase).
func (l lint) receiverBind() {
	v, ok := l.Receiver.Attribute("bind")
	if !ok || !v.Set() || !l.Receiver.is(nioReceiver) || l.Receiver.text("address") != "auto" {
		return
	}
	fix := "ADDRESS"
	if a, ok := address(v.Text); ok && !a.IsUnspecified() {
		fix = a.String()
	}
	l.report(finding{id: "config.address", status: verdict.Fail, at: *v.Position, in: &l.Receiver, evidence: []Value{v},
		saw: "bind on <Receiver> is no attribute for a file: with it the address stays the word \"auto\", which nobody resolves any more" + noStart(l.version, "UnknownHostException: auto"),
		fix: []string{fmt.Sprintf("address=%q instead of bind", fix)}})
}

// Resolver looks a host's name up, as Java would: IPv4 addresses first.
type Resolver func(name string) ([]netip.Addr, error)
