package serverxml

import (
	"fmt"
	"regexp"
	"strings"

	"muster/internal/verdict"
)

// replicationValve: without it, no change of a session leaves the node at the
// end of a request. One outside the cluster, in Engine or Host, does it too.
func (l lint) replicationValve() {
	if l.valve(replicationValve) != nil || len(l.Valves) == 0 {
		return
	}
	for _, v := range l.engine.valves {
		if v.is(replicationValve) {
			return
		}
	}
	for _, v := range l.Valves {
		if v.class == nil {
			return // somebody's own may do it
		}
	}
	l.report(finding{id: "config.replication-valve", status: verdict.Fail, at: l.Valves[0].at(),
		saw: fmt.Sprintf("the cluster has %s and no ReplicationValve, which Tomcat adds only where no valve is given at all: sessions appear on the other nodes, what is set in them does not", short(l.Valves[0].Class)),
		fix: []string{fmt.Sprintf("<Valve className=%q filter=\"\"/> in <Cluster>", replicationValve)}})
}

// sessionListener: the DeltaManager's messages reach it through this listener,
// which Tomcat adds only where no other is given.
func (l lint) sessionListener() {
	if !l.Manager.is(deltaManager) || len(l.Listeners) == 0 {
		return
	}
	for _, c := range l.Listeners {
		if c.is(clusterSessionListen) || c.class == nil && !ours(c.Class) {
			return
		}
	}
	l.report(finding{id: "config.session-listener", status: verdict.Fail, at: l.Listeners[0].at(),
		saw: "there is a <ClusterListener> and no ClusterSessionListener, which Tomcat adds only where none is given: session messages of others go nowhere, and a start waits a minute for their state",
		fix: []string{fmt.Sprintf("<ClusterListener className=%q/>", clusterSessionListen)}})
}

// jvmRoute: the binder valve moves sessions to this node's route, if it has one.
func (l lint) jvmRoute() {
	v := l.valve(jvmRouteBinderValve)
	route := l.engine.JvmRoute
	if v == nil || v.Default || route.Text != "" || !route.Known() {
		return
	}
	l.report(finding{id: "config.jvm-route", status: verdict.Warn, at: l.engine.Position,
		saw: "the JvmRouteBinderValve has nothing to do: the <Engine> has no jvmRoute, so session ids name no node and a balancer cannot keep a user on one",
		fix: []string{`jvmRoute="NODE" on <Engine>, another one on each node`}})
}

// filter: requests that it matches as a whole replicate nothing.
func (l lint) filter() {
	for i := range l.Valves {
		v := &l.Valves[i]
		f, ok := v.Attribute("filter")
		if !v.is(replicationValve) || !ok || !f.Set() || f.Text == "" || !f.Known() {
			continue
		}
		x := finding{id: "config.filter", at: *f.Position, in: v, evidence: []Value{f}}
		switch {
		case strings.Contains(f.Text, ";") && !l.version.AtLeast("7.0"):
			continue
		case strings.Contains(f.Text, ";"):
			x.status, x.confidence = verdict.Warn, verdict.Likely
			x.saw = "the filter holds a ';': Tomcat 5 and 6 split it there, since Tomcat 7 it is one regular expression, which so matches nothing"
			x.fix = []string{assign("filter", strings.ReplaceAll(f.Text, ";", "|"))}
		case matchesAll(f.Text):
			x.status = verdict.Fail
			x.saw = "the filter matches every request, and those that it matches replicate nothing"
			x.fix = []string{`filter=".*\.(gif|js|jpg|png|css|txt)"`}
		default:
			continue
		}
		l.report(x)
	}
}

func matchesAll(pattern string) bool {
	re, err := regexp.Compile(`^(?:` + pattern + `)$`)
	return err == nil && re.MatchString("/app/servlet") && re.MatchString("/") && re.MatchString("/x.jsp")
}

func (l lint) manager() {
	m := &l.Manager
	if m.flag("expireSessionsOnShutdown") {
		l.report(finding{id: "config.manager", status: verdict.Warn, at: l.at(m, "expireSessionsOnShutdown"), in: m,
			evidence: attributes(m, "expireSessionsOnShutdown"), fix: []string{`expireSessionsOnShutdown="false"`},
			saw: "expireSessionsOnShutdown: when this node is stopped in order, its sessions end on all nodes"})
	}
	if n, ok := m.num("stateTransferTimeout"); ok && n == -1 {
		l.report(finding{id: "config.manager", status: verdict.Warn, at: l.at(m, "stateTransferTimeout"), in: m,
			evidence: attributes(m, "stateTransferTimeout"), fix: []string{`stateTransferTimeout="60"`},
			saw: "stateTransferTimeout -1 waits for the other nodes' sessions without end: one answer lost, and Tomcat never starts"})
	}
	if o, ok := m.num("mapSendOptions"); ok && o&2 == 0 {
		l.report(finding{id: "config.send-options", status: verdict.Warn, at: l.at(m, "mapSendOptions"), in: m,
			evidence: attributes(m, "mapSendOptions"), fix: []string{`mapSendOptions="6"`},
			saw: fmt.Sprintf("mapSendOptions %d asks for no ack (2): a backup that never arrived counts as made", o)})
	}
}

// heartbeat is the channel's housekeeping, not the multicast heartbeat.
func (l lint) heartbeat() {
	if v, ok := l.Channel.Attribute("heartbeat"); ok && v.Known() && v.Text == "false" && !l.Self.flag("heartbeatBackgroundEnabled") {
		l.report(finding{id: "config.channel-heartbeat", status: verdict.Warn, at: l.at(&l.Channel, "heartbeat"), in: &l.Channel,
			evidence: []Value{v}, fix: []string{`heartbeat="true"`},
			saw: "the channel's heartbeat is off and nothing else calls it: suspects are not checked again, members not pinged, old fragments not cleared"})
	}
}
