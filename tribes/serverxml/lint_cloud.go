package serverxml

import (
	"fmt"
	"slices"
	"strings"

	"muster/internal/verdict"
)

// cloud judges CloudMembershipService (T/membership/cloud): who is a member is
// what Kubernetes or DNS list, at this node's own receiver port.
func (l lint) cloud() {
	m := &l.Membership
	if !m.is(cloudService) || m.class == nil {
		return
	}
	p, _ := m.Attribute("membershipProviderClassName")
	if p.Known() && p.Text != "" && p.Text != "kubernetes" && p.Text != "dns" && !strings.Contains(p.Text, ".") {
		l.report(finding{id: "config.class", status: verdict.Fail, at: l.at(m, "membershipProviderClassName"), in: m, evidence: []Value{p},
			saw: fmt.Sprintf("membershipProviderClassName %q is neither kubernetes nor dns, so it is taken for a class%s", cut(p.Text), noStart(l.version, "ClassNotFoundException: "+cut(p.Text))),
			fix: []string{`membershipProviderClassName="kubernetes" or "dns"`}})
	}
	names := m.class.names(l.version)
	for _, v := range m.Attributes {
		if v.Set() && !slices.Contains(names, v.Name) {
			x := finding{id: "config.attribute", status: verdict.Warn, confidence: verdict.Likely, at: *v.Position,
				saw: fmt.Sprintf("CloudMembershipService takes an attribute of any name without a word, and has no use for %q", cut(v.Name))}
			if near := nearest(v.Name, names); near != "" {
				x.saw += fmt.Sprintf("; %q is meant?", near)
				x.fix = []string{assign(near, v.Text)}
			}
			l.report(x)
		}
	}
	for _, name := range []string{"connectTimeout", "readTimeout"} {
		if n, ok := m.num(name); ok && n < 0 {
			l.report(finding{id: "config.value", status: verdict.Fail, at: l.at(m, name), in: m, evidence: attributes(m, name), fix: []string{name + `="1000"`},
				saw: fmt.Sprintf("%s is %d%s", name, n, noStart(l.version, "can be less than 0"))})
		}
	}
	l.cloudReceiver()
	if _, i := l.interceptor(failureDetector); i < 0 && !slices.ContainsFunc(l.Interceptors, func(c Component) bool { return c.class == nil }) {
		l.report(finding{id: "config.interceptor-missing", status: verdict.Fail, at: l.at(&l.Channel),
			saw: "no TcpFailureDetector: whoever is listed is a member, dead or not, and one question to the provider that fails drops everybody at once",
			fix: []string{fmt.Sprintf("<Interceptor className=%q/>", failureDetector)}})
	}
}

// cloudReceiver: the others are looked for at this node's own port, and itself
// by the host name's address.
func (l lint) cloudReceiver() {
	r := &l.Receiver
	if n, ok := r.num("port"); ok && n == 0 {
		l.report(finding{id: "tribes.receiver-port", status: verdict.Fail, at: l.at(r, "port"), in: r, evidence: attributes(r, "port"), fix: []string{`port="4000"`},
			saw: "port 0 takes any free port, and with CloudMembershipService each node looks for all others at its own port: they do not meet"})
	}
	h := l.given.Host
	a, literal := address(r.text("address"))
	if h == nil || !literal || len(h.Addrs) == 0 || slices.Contains(h.Addrs, a) {
		return
	}
	l.report(finding{id: "config.address", status: verdict.Fail, confidence: verdict.Likely, at: l.at(r, "address"), in: r, evidence: attributes(r, "address"),
		saw: fmt.Sprintf("CloudMembershipService knows this node by the address of its host name %q, which is %s and not the receiver's %s: the node becomes a member of itself, and its start takes a minute longer",
			h.Name, h.Addrs[0], a),
		fix:  []string{"take address out of <Receiver>, or have the host name resolve to it"},
		more: []verdict.Evidence{{What: "addresses of " + h.Name, Value: fmt.Sprint(h.Addrs), ReadFrom: "the resolver"}}})
}
