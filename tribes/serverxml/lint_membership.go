package serverxml

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"

	"muster/internal/verdict"
	"muster/mcast/products"
)

var (
	linkLocalBlock = netip.MustParsePrefix("224.0.0.0/24")
	ssmBlock       = netip.MustParsePrefix("232.0.0.0/8")
)

func (l lint) group() {
	v, ok := l.Membership.Attribute("address")
	if !ok || !v.Known() || !l.Membership.is(mcastService) {
		return
	}
	a, literal := address(v.Text)
	if blank := strings.TrimSpace(v.Text) == ""; blank || !literal && isLocalhost(v.Text) {
		l.report(finding{id: "group.invalid", status: verdict.Fail, at: l.at(&l.Membership, "address"), in: &l.Membership,
			evidence: attributes(&l.Membership, "address"), fix: []string{`address="228.0.0.4"`},
			saw: fmt.Sprintf("the group %q is the loopback address to Java%s", cut(v.Text), noStart(l.version, "Not a multicast address"))})
		return
	}
	if !literal {
		return // a name: the network knows, the file does not
	}
	x := finding{at: l.at(&l.Membership, "address"), evidence: attributes(&l.Membership, "address"), in: &l.Membership,
		fix: []string{`address="228.0.0.4"`}}
	port, _ := l.Membership.num("port")
	product, taken := products.Lookup(a, uint16(port))
	switch {
	case !a.IsMulticast():
		x.id, x.status = "group.invalid", verdict.Fail
		x.saw = fmt.Sprintf("%s is no multicast address%s", v.Text, noStart(l.version, "Not a multicast address"))
	case linkLocalBlock.Contains(a):
		x.id, x.status = "group.link-local-range", verdict.Warn
		x.saw = fmt.Sprintf("%s lies in 224.0.0.0/24, which is for routing protocols: switches flood it and routers never forward it", v.Text)
	case ssmBlock.Contains(a) || a.Is6() && a.As16()[1]&0xf0 == 0x30 && bytes.Equal(zeros(a), make([]byte, 9)):
		x.id, x.status = "group.ssm-as-asm", verdict.Warn
		x.saw = fmt.Sprintf("%s is for source-specific multicast; Tomcat joins it for any source, which switches and routers may refuse", v.Text)
	case taken && product.Key != "tomcat" && product.Key != "tribes":
		x.id, x.status, x.confidence = "group.well-known", verdict.Warn, verdict.Likely
		x.saw = fmt.Sprintf("%s port %d is what %s uses", v.Text, port, product.Name)
	default:
		return
	}
	l.report(x)
}

// zeros are the bytes of an IPv6 group that RFC 4607 wants to be zero for ff3x::/96.
func zeros(a netip.Addr) []byte { b := a.As16(); return b[3:12] }

// timing compares how often a member is heard of with how long it may be silent.
func (l lint) timing() {
	if !l.Membership.is(mcastService) {
		return
	}
	frequency, ok1 := l.Membership.num("frequency")
	drop, ok2 := l.Membership.num("dropTime")
	x := finding{id: "tribes.drop-time", at: l.at(&l.Membership, "dropTime", "frequency"), in: &l.Membership,
		evidence: attributes(&l.Membership, "frequency", "dropTime"), fix: []string{`frequency="500" dropTime="3000"`}}
	switch {
	case ok1 && frequency < 0:
		x.status, x.saw = verdict.Fail, fmt.Sprintf("frequency is %d%s", frequency, noStart(l.version, "timeout < 0"))
		x.at = l.at(&l.Membership, "frequency")
	case ok1 && frequency == 0:
		x.status, x.saw = verdict.Fail, "frequency is 0: heartbeats are sent without a pause, tens of thousands a second"
		x.at = l.at(&l.Membership, "frequency")
	case !ok1 || !ok2:
		return
	case drop <= frequency:
		x.status = verdict.Fail
		x.saw = fmt.Sprintf("a member may be silent for %d ms and is heard of every %d ms: it expires between any two heartbeats", drop, frequency)
	case drop < 3*frequency:
		x.status = verdict.Warn
		x.saw = fmt.Sprintf("a member may be silent for %d ms and is heard of every %d ms: one lost heartbeat, or two, make it disappear", drop, frequency)
	default:
		if t, ok := l.Membership.num("soTimeout"); ok && t >= drop {
			x.status, x.at = verdict.Warn, l.at(&l.Membership, "soTimeout")
			x.evidence = attributes(&l.Membership, "soTimeout", "dropTime")
			x.saw = fmt.Sprintf("the receiver waits %d ms for a heartbeat before it looks who is overdue, longer than the %d ms of dropTime", t, drop)
			x.fix = []string{"take soTimeout out; it is the frequency then"}
			l.report(x)
		}
		return
	}
	l.report(x)
}

// membershipPorts checks the numbers that the socket takes.
func (l lint) membershipPorts() {
	if !l.Membership.is(mcastService) {
		return
	}
	if p, ok := l.Membership.num("port"); ok && (p < 1 || p > 65535) {
		l.report(finding{id: "config.value", status: verdict.Fail, at: l.at(&l.Membership, "port"), in: &l.Membership,
			evidence: attributes(&l.Membership, "port"), fix: []string{`port="45564"`},
			saw: fmt.Sprintf("port %d is none that datagrams can go to; Tomcat does not start", p)})
	}
	t, ok := l.Membership.num("ttl")
	switch {
	case ok && t > 255:
		l.report(finding{id: "config.value", status: verdict.Fail, at: l.at(&l.Membership, "ttl"), in: &l.Membership,
			evidence: attributes(&l.Membership, "ttl"), fix: []string{`ttl="1"`},
			saw: fmt.Sprintf("ttl %d does not fit a packet%s", t, noStart(l.version, "Invalid TTL/hop value"))})
	case ok && t == 0:
		l.report(finding{id: "ttl.zero", status: verdict.Fail, at: l.at(&l.Membership, "ttl"), in: &l.Membership,
			evidence: attributes(&l.Membership, "ttl"), fix: []string{`ttl="1"`},
			saw: "with ttl 0 no heartbeat leaves this host: only Tomcats on it find each other"})
	}
}

func (l lint) loopback() {
	if l.Membership.flag("localLoopbackDisabled") {
		l.report(finding{id: "sock.loop-off", status: verdict.Warn, at: l.at(&l.Membership, "localLoopbackDisabled"), in: &l.Membership,
			evidence: attributes(&l.Membership, "localLoopbackDisabled"),
			saw:      "localLoopbackDisabled keeps the heartbeats from every program on this host: a second Tomcat here is not found"})
	}
}

// announced is the domain that this member tells others, and where it is set.
func (l lint) announced() (*Component, Value, bool) {
	if s, _ := l.interceptor(staticInterceptor); s != nil && len(s.Members) > 0 && s.Members[0].Element == "LocalMember" {
		v, ok := s.Members[0].Attribute("domain")
		return &s.Members[0], v, ok
	}
	if l.Membership.is(staticService) {
		if len(l.Membership.Members) == 0 {
			return nil, Value{}, false
		}
		v, ok := l.Membership.Members[0].Attribute("domain")
		return &l.Membership.Members[0], v, ok && l.Membership.Members[0].Element == "LocalMember"
	}
	v, ok := l.Membership.Attribute("domain")
	return &l.Membership, v, ok && l.Membership.is(mcastService)
}

// domain compares the domain that is announced with the one that is let in.
func (l lint) domain() {
	from, v, ok := l.announced()
	f, _ := l.interceptor(domainFilter)
	if !ok || !v.Known() {
		return
	}
	if f == nil {
		if v.Set() && v.Text != "" && from.is(mcastService) {
			l.report(finding{id: "config.no-effect", status: verdict.Warn, at: *v.Position, in: from, evidence: []Value{v},
				saw: fmt.Sprintf("domain %q only goes into the heartbeats; without a DomainFilterInterceptor members of every domain are let in", cut(v.Text)),
				fix: []string{fmt.Sprintf("<Interceptor className=%q domain=%q/> in <Channel>", domainFilter, cut(v.Text))}})
		}
		return
	}
	w, _ := f.Attribute("domain")
	if !w.Known() || bytes.Equal(domainBytes(v.Text), domainBytes(w.Text)) {
		return
	}
	l.report(finding{id: "tribes.domain-filter", status: verdict.Fail, at: l.at(f, "domain"), in: f, evidence: []Value{w, v},
		saw: fmt.Sprintf("this member announces domain %q and lets only domain %q in: members with the same file refuse each other", cut(v.Text), cut(w.Text)),
		fix: []string{fmt.Sprintf("domain=%q on <%s>", cut(w.Text), from.Element)}})
}

// Bits of channelStartOptions (T/Channel).
const (
	startReceiver           = 1
	startSender             = 2
	startMembershipReceiver = 4
	startMembershipSender   = 8
)

func (l lint) startOptions() {
	n, ok := l.Self.num("channelStartOptions")
	if !ok {
		return
	}
	members := 0
	s, _ := l.interceptor(staticInterceptor)
	if s != nil {
		members = len(s.Members)
	}
	x := finding{id: "config.membership-off", status: verdict.Fail, at: l.at(&l.Self, "channelStartOptions"), in: &l.Self,
		evidence: attributes(&l.Self, "channelStartOptions"), fix: []string{`channelStartOptions="15"`}}
	membership := n & (startMembershipReceiver | startMembershipSender)
	switch {
	case n&startReceiver == 0:
		x.saw = fmt.Sprintf("channelStartOptions %d leaves the receiver (1) out; Tomcat does not start", n)
	case n&startSender == 0:
		x.saw = fmt.Sprintf("channelStartOptions %d leaves the sender (2) out: every message fails with \"Sender not connected\"", n)
	case l.Membership.is(mcastService) && membership == 0 && members > 0, membership == startMembershipReceiver|startMembershipSender:
		l.mixed(s, members, membership)
		return
	case membership == 0:
		x.saw = fmt.Sprintf("channelStartOptions %d does not start the membership service (4 and 8): no member is ever found", n)
	case membership == startMembershipReceiver:
		x.saw = fmt.Sprintf("channelStartOptions %d leaves the membership sender (8) out: this member hears the others and nobody hears of it", n)
	default:
		x.saw = fmt.Sprintf("channelStartOptions %d leaves the membership receiver (4) out: this member is heard of and hears nobody", n)
	}
	l.report(x)
}

// mixed reports static members beside a membership service that finds members
// by itself.
func (l lint) mixed(s *Component, members int, membership int64) {
	if members == 0 || membership == 0 {
		return
	}
	x := finding{id: "tribes.static-mix", status: verdict.Warn, at: s.at(), in: &l.Self,
		evidence: attributes(&l.Self, "channelStartOptions"),
		fix:      []string{`channelStartOptions="3" on <Cluster> for static members alone, or take the StaticMembershipInterceptor out`}}
	what := "multicast"
	if !l.Membership.is(mcastService) {
		what = short(l.Membership.Class)
	}
	x.saw = fmt.Sprintf("members come from the StaticMembershipInterceptor and from %s at once: a member known to both is there twice, with two unique ids", what)
	if s.Members[0].Element == "LocalMember" && l.Membership.is(mcastService) {
		x.status = verdict.Fail
		x.saw = "a <LocalMember> of the StaticMembershipInterceptor and multicast at once: the McastService is not told who it is, and Tomcat does not start (\"Required property\")"
	}
	l.report(x)
}
