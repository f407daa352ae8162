package serverxml

import (
	"fmt"
	"strconv"

	"muster/internal/verdict"
)

// staticMembers judges the lists of <Member> elements.
func (l lint) staticMembers() {
	if l.Membership.is(staticService) {
		l.memberList(&l.Membership)
		l.localMember()
	}
	for i := range l.Interceptors {
		if l.Interceptors[i].is(staticInterceptor) {
			l.memberList(&l.Interceptors[i])
			if len(l.Interceptors[i].Members) == 0 {
				l.report(finding{id: "config.no-effect", status: verdict.Warn, at: l.Interceptors[i].at(),
					saw: "a StaticMembershipInterceptor without a <Member> does nothing"})
			} else if !l.multicast() {
				l.unnamed(&l.Interceptors[i])
			}
		}
	}
}

// unnamed reports a node that its own list of members does not name: the interceptor knows
// members by their ids, and this one's is another after each start.
func (l lint) unnamed(list *Component) {
	for i := range list.Members {
		if list.Members[i].Element == "LocalMember" || l.receives(&list.Members[i]) {
			return
		}
	}
	l.report(finding{id: "config.static-member", status: verdict.Warn, confidence: verdict.Likely, at: list.at(),
		saw: "no <LocalMember>: this node has another unique id after each start, and none that the others' lists can name. It is not recognised when it speaks, and taken in some seconds later, after a look at its receiver",
		fix: []string{fmt.Sprintf("<LocalMember className=%q uniqueId=.../>, with the uniqueId that the others' <Member> of this node has", staticMember)}})
}

// receives reports whether a member is the receiver of this very node.
func (l lint) receives(m *Component) bool {
	a, ok := address(l.Receiver.text("address"))
	return ok && m.text("host") == a.String() && m.text("port") == l.Receiver.text("port")
}

func (l lint) memberList(list *Component) {
	ids, places := map[[16]byte]*Component{}, map[string]*Component{}
	locals := 0
	for i := range list.Members {
		m := &list.Members[i]
		l.member(list, m)
		if m.Element == "LocalMember" {
			if locals++; locals > 1 {
				l.report(finding{id: "config.duplicate-element", status: verdict.Warn, at: m.at(),
					saw: "a second <LocalMember>: the last one counts"})
			}
		} else {
			l.itself(list, m)
		}
		if id := idOf(m); id != zeroes && !heals(list) {
			if other := ids[id]; other != nil {
				l.report(finding{id: "tribes.duplicate-id", status: verdict.Warn, at: l.at(m, "uniqueId"), in: m, evidence: attributes(m, "uniqueId"),
					saw: fmt.Sprintf("this member has the uniqueId of the one at line %d: address and port alone tell them apart", other.at().Line)})
			}
			ids[id] = m
		}
		place := m.text("host") + ":" + m.text("port")
		if other := places[place]; other != nil && m.text("host") != "" {
			l.report(finding{id: "tribes.duplicate-id", status: verdict.Fail, at: l.at(m, "host"), in: m, evidence: attributes(m, "host", "port"),
				saw: fmt.Sprintf("this member has the host and port of the one at line %d", other.at().Line)})
		}
		places[place] = m
	}
}

// heals reports whether a list of members is StaticMembershipService's: each
// member tells its own unique id there, and one that is listed on one side alone
// is taken in when it asks, so that neither is wrong.
func heals(list *Component) bool { return list.is(staticService) }

// zeroes is a unique id that is not given.
var zeroes [16]byte

// idOf is a member's unique id by its bytes: blanks and braces do not count.
func idOf(m *Component) (id [16]byte) {
	b, err := parseBytes(m.text("uniqueId"))
	if err != nil || len(b) != len(id) {
		return zeroes
	}
	return [16]byte(b)
}

// member judges one <Member> of a list.
func (l lint) member(list, m *Component) {
	x := finding{id: "config.static-member", status: verdict.Fail, at: m.at(), in: m}
	if m.class == nil {
		return
	}
	local := m.Element == "LocalMember" // host and port come from the receiver
	if v, _ := m.Attribute("host"); v.Text == "" && !local {
		x.saw = "the member has no host: nothing can be sent to it"
		x.fix = []string{`host="ADDRESS"`}
		l.report(x)
	}
	if p, ok := m.num("port"); ok && (p < 1 || p > 65535) && !local {
		x.saw = fmt.Sprintf("port %d: the member's receiver cannot be there", p)
		x.fix, x.at, x.evidence = []string{`port="4000"`}, l.at(m, "port"), attributes(m, "port")
		l.report(x)
	}
	if v, ok := m.Attribute("host"); ok && v.Set() && v.Known() && v.Text != "" && !local {
		l.memberHost(m, v)
	}
	if v, ok := m.Attribute("uniqueId"); !heals(list) && (ok && !v.Set() || v.Ignored != "") {
		x.saw = "the member has no unique id of its own, so it has sixteen zeros; with a second such member, or its real id, it is taken for somebody else"
		if v.Ignored != "" {
			x.causedBy = []verdict.ID{"config.value"}
		}
		x.status, x.fix, x.at, x.evidence = verdict.Warn, []string{`uniqueId="{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,N}", another N for each member, the same on all nodes`}, m.at(), nil
		l.report(x)
	}
}

// memberHost judges the name of a member: it is looked up once, while the file is
// read, and a member whose name does not resolve has no address at all.
func (l lint) memberHost(m *Component, v Value) {
	if _, literal := address(v.Text); literal || l.given.Resolve == nil && noHostName(v.Text) == "" {
		return
	}
	why := noHostName(v.Text)
	if why == "" {
		_, err := l.given.Resolve(v.Text)
		if err == nil {
			return
		}
		why = fmt.Sprintf("does not resolve here (%v)", err)
	}
	l.report(finding{id: "config.static-member", status: verdict.Fail, confidence: verdict.Likely, at: l.at(m, "host"), in: m, evidence: []Value{v},
		saw: fmt.Sprintf("the member's host %q %s: Tomcat warns that it cannot set it, starts, and the member has no address", cut(v.Text), why),
		fix: []string{`host="ADDRESS"`}})
}

// itself reports a <Member> that is this very node: it would send to itself.
func (l lint) itself(list, m *Component) {
	if list.is(staticService) { // it looks for itself in the list
		return
	}
	if l.receives(m) {
		l.report(finding{id: "config.static-member", status: verdict.Fail, at: m.at(), in: m, evidence: attributes(m, "host", "port"),
			saw: "this <Member> is the receiver of this very node: it would be a member to itself, and send to itself",
			fix: []string{"make it the <LocalMember>"}})
	}
}

// localMember checks that the StaticMembershipService knows which of the
// members it is.
func (l lint) localMember() {
	list := &l.Membership
	host, known := address(l.Receiver.text("address"))
	for i := range list.Members {
		m := &list.Members[i]
		if m.Element == "LocalMember" {
			return
		}
		if a, ok := address(m.text("host")); !ok || !known || a == host && m.text("port") == l.Receiver.text("port") {
			return // it, or a name that may be it
		}
	}
	x := finding{id: "config.static-member", status: verdict.Fail, at: list.at(),
		saw: "neither a <LocalMember> nor a <Member> with the receiver's address and port; Tomcat does not start (\"There is no localMember in static member list\")",
		fix: []string{fmt.Sprintf("<LocalMember className=%q port=%s uniqueId=.../>", staticMember, strconv.Quote(l.Receiver.text("port")))}}
	l.report(x)
}
