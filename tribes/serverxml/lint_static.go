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
			}
		}
	}
}

func (l lint) memberList(list *Component) {
	ids, places := map[string]*Component{}, map[string]*Component{}
	locals := 0
	for i := range list.Members {
		m := &list.Members[i]
		l.member(m)
		if m.Element == "LocalMember" {
			if locals++; locals > 1 {
				l.report(finding{id: "config.duplicate-element", status: verdict.Warn, at: m.at(),
					saw: "a second <LocalMember>: the last one counts"})
			}
		} else {
			l.itself(list, m)
		}
		if id := m.text("uniqueId"); id != zeroID {
			if other := ids[id]; other != nil {
				l.report(finding{id: "tribes.duplicate-id", status: verdict.Fail, at: l.at(m, "uniqueId"), in: m, evidence: attributes(m, "uniqueId"),
					saw: fmt.Sprintf("this member has the uniqueId of the one at line %d: each needs one of its own", other.at().Line)})
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

// member judges one <Member>.
func (l lint) member(m *Component) {
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
	if v, ok := m.Attribute("uniqueId"); ok && !v.Set() || v.Ignored != "" {
		x.saw = "the member has no unique id of its own, so it has sixteen zeros; with a second such member, or its real id, it is taken for somebody else"
		if v.Ignored != "" {
			x.causedBy = []verdict.ID{"config.value"}
		}
		x.status, x.fix, x.at, x.evidence = verdict.Warn, []string{`uniqueId="{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,N}", another N for each member, the same on all nodes`}, m.at(), nil
		l.report(x)
	}
}

// itself reports a <Member> that is this very node: it would send to itself.
func (l lint) itself(list, m *Component) {
	if list.is(staticService) { // it looks for itself in the list
		return
	}
	if a, ok := address(l.Receiver.text("address")); ok && m.text("host") == a.String() && m.text("port") == l.Receiver.text("port") {
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
