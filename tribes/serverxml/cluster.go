package serverxml

import (
	"fmt"
	"maps"
	"slices"

	"muster/internal/verdict"
)

// meant is a value written in the words of Tomcat 5, with its place today.
type meant struct {
	to    role
	attr  string
	value string
	x     attr
}

// slot is a child that an element may have (H/ClusterRuleSet).
type slot struct {
	role role
	many bool
}

var slots = map[string]map[string]slot{
	"Cluster": {"Manager": {roleManager, false}, "Channel": {roleChannel, false}, "Valve": {roleValve, true},
		"Deployer": {roleDeployer, false}, "Listener": {"", true}, "ClusterListener": {roleListener, true}},
	"Manager": {"SessionIdGenerator": {roleIDs, false}},
	"Channel": {"Membership": {roleMembership, false}, "MembershipListener": {"", true}, "Sender": {roleSender, false},
		"Receiver": {roleReceiver, false}, "Interceptor": {roleInterceptor, true}, "ChannelListener": {"", true}},
	"Sender":      {"Transport": {roleTransport, false}},
	"Membership":  {"LocalMember": {roleMember, false}, "Member": {roleMember, true}},
	"Interceptor": {"LocalMember": {roleMember, false}, "Member": {roleMember, true}},
}

// slotsOf are the children that an element may have in a release: 5.5 has no
// <Channel> and no <Manager>; 6.0 lacks some; <Membership> took members first with
// StaticMembershipService.
func slotsOf(element string, v Version) map[string]slot {
	s := slots[element]
	var without []string
	switch {
	case v.Line == tomcat5:
		s = slots5[element]
	case element == "Membership" && !present(staticService, v):
		return nil
	case v.Line == "6.0":
		without = []string{"LocalMember", "SessionIdGenerator", "MembershipListener", "ChannelListener"}
	}
	if len(without) == 0 {
		return s
	}
	s = maps.Clone(s)
	for _, w := range without {
		delete(s, w)
	}
	return s
}

var slots5 = map[string]map[string]slot{
	"Cluster": {"Membership": {roleMembership, false}, "Receiver": {roleReceiver, false}, "Sender": {roleSender, false}, "Valve": {roleValve, true},
		"Deployer": {roleDeployer, false}, "Listener": {"", true}, "ClusterListener": {roleListener, true}},
}

// cluster reads a <Cluster> and completes it with what Tomcat makes by itself
// (SimpleTcpCluster.checkDefaults, GroupChannel.setupDefaultStack).
func (b *builder) cluster(n *node, e *Engine, container, name string) *Cluster {
	b.meant = nil
	c := &Cluster{Container: container, Name: name, engine: e, judged: b.version, Interceptors: []Component{}, Valves: []Component{},
		Listeners: []Component{}, Summary: []string{}}
	class, _ := n.attr("className")
	c.legacy = isLegacy(class.value)
	c.Self = b.component(n, roleCluster)
	b.children(n, func(k *node, r role) {
		switch k.name {
		case "Manager":
			c.Manager = b.component(k, r)
			b.children(k, func(g *node, r role) { ids := b.component(g, r); c.SessionIDs = &ids })
		case "Channel":
			b.channel(k, c)
		case "Valve":
			c.Valves = append(c.Valves, b.component(k, r))
		case "Deployer":
			d := b.component(k, r)
			c.Deployer = &d
		case "ClusterListener":
			c.Listeners = append(c.Listeners, b.component(k, r))
		case "Membership", "Receiver", "Sender": // of 5.5
			b.channelChild(k, r, c)
		default:
			c.Others = append(c.Others, b.component(k, r))
		}
	})
	if c.legacy && b.version.Line != tomcat5 {
		b.legacyLayout(n, c)
	}
	b.complete(c)
	if c.legacy {
		b.translate(c)
	}
	return c
}

// children calls read for every child that has a place in its parent, and
// reports the others. Of several where one is wanted, the last counts.
func (b *builder) children(n *node, read func(*node, role)) {
	first := map[string]*node{}
	for _, k := range n.children {
		s, ok := slotsOf(n.name, b.version)[k.name]
		if !ok {
			if !b.legacyChild(n, k) {
				b.strayChild(n, k)
			}
			continue
		}
		if before := first[k.name]; before != nil && !s.many {
			status := verdict.Warn
			if meetBy[k.name] {
				status = verdict.Fail
			}
			b.report(finding{id: "config.duplicate-element", status: status, at: k.pos,
				saw: fmt.Sprintf("a second <%s> in <%s>: it takes the place of the one at line %d", k.name, n.name, before.pos.Line),
				fix: []string{"leave one of them"}})
		}
		first[k.name] = k
		read(k, s.role)
	}
}

// meetBy are the elements by which members find, reach and understand each other:
// one that is passed over is more than an inconvenience.
var meetBy = map[string]bool{"Channel": true, "Membership": true, "Receiver": true, "Interceptor": true, "Member": true}

func (b *builder) strayChild(n, k *node) {
	var names []string
	for name := range slotsOf(n.name, b.version) {
		names = append(names, name)
	}
	slices.Sort(names)
	saw := fmt.Sprintf("<%s> has no place in <%s>; Tomcat warns \"No rules found\" and passes over it and all in it", cut(k.name), n.name)
	x := finding{id: "config.element", status: verdict.Warn, at: k.pos}
	near := nearest(k.name, names)
	if meetBy[k.name] || meetBy[near] {
		x.status = verdict.Fail
	}
	if near != "" {
		saw += fmt.Sprintf("; <%s> is meant?", near)
		x.fix = []string{fmt.Sprintf("write <%s>", near)}
	} else {
		for _, parent := range []string{"Cluster", "Manager", "Channel", "Sender", "Interceptor"} {
			if _, ok := slots[parent][k.name]; ok {
				x.fix = []string{fmt.Sprintf("move it into <%s>", parent)}
				break
			}
		}
	}
	x.saw = saw
	b.report(x)
}

func (b *builder) channel(n *node, c *Cluster) {
	c.Channel = b.component(n, roleChannel)
	b.children(n, func(k *node, r role) { b.channelChild(k, r, c) })
}

func (b *builder) channelChild(k *node, r role, c *Cluster) {
	switch k.name {
	case "Membership":
		c.Membership = b.component(k, r)
		b.members(k, &c.Membership)
	case "Receiver":
		c.Receiver = b.component(k, r)
	case "Sender":
		c.Sender = b.component(k, r)
		b.children(k, func(t *node, r role) { c.Transport = b.component(t, r) })
	case "Interceptor":
		if len(c.Interceptors) == maxInterceptors {
			b.left++
			return
		}
		i := b.component(k, r)
		b.members(k, &i)
		c.Interceptors = append(c.Interceptors, i)
	default:
		c.Others = append(c.Others, b.component(k, r))
	}
}

// members reads <LocalMember> and <Member>, which only the classes of static
// membership take.
func (b *builder) members(n *node, c *Component) {
	b.children(n, func(k *node, r role) {
		m := b.component(k, r)
		if c.class != nil && !c.is(staticService) && !c.is(staticInterceptor) {
			b.report(finding{id: "config.element", status: verdict.Fail, at: k.pos,
				saw: fmt.Sprintf("<%s> in a %s: only %s and %s take members; Tomcat does not start (NoSuchMethodException)",
					k.name, short(c.Class), short(staticService), short(staticInterceptor))})
		}
		if k.name == "LocalMember" {
			c.Members = slices.Insert(c.Members, 0, m)
		} else {
			c.Members = append(c.Members, m)
		}
	})
}

// complete fills in the objects that Tomcat makes where the file has none.
func (b *builder) complete(c *Cluster) {
	for _, d := range []struct {
		c             *Component
		role          role
		element, name string
	}{
		{&c.Manager, roleManager, "Manager", deltaManager},
		{&c.Channel, roleChannel, "Channel", groupChannel},
		{&c.Membership, roleMembership, "Membership", mcastService},
		{&c.Receiver, roleReceiver, "Receiver", nioReceiver},
		{&c.Sender, roleSender, "Sender", replicationTransmit},
		{&c.Transport, roleTransport, "Transport", pooledParallelSender},
	} {
		if d.c.Element == "" {
			*d.c = b.implied(d.role, d.element, d.name)
		}
	}
	if len(c.Interceptors) == 0 {
		c.Interceptors = []Component{b.implied(roleInterceptor, "Interceptor", messageDispatch), b.implied(roleInterceptor, "Interceptor", failureDetector)}
	}
	c.Valves = slices.DeleteFunc(c.Valves, func(v Component) bool { return v.class == nil && ours(v.Class) }) // dropped
	if len(c.Valves) == 0 {
		c.Valves = append(c.Valves, b.implied(roleValve, "Valve", jvmRouteBinderValve), b.implied(roleValve, "Valve", replicationValve))
	}
	if len(c.Listeners) == 0 && c.Manager.is(deltaManager) {
		c.Listeners = append(c.Listeners, b.implied(roleListener, "ClusterListener", clusterSessionListen))
	}
}

// legacyChild reports a child that Tomcat 5 had in <Cluster> itself.
func (b *builder) legacyChild(n, k *node) bool {
	if n.name != "Cluster" || b.version.Line == tomcat5 {
		return false
	}
	if _, ok := slots["Channel"][k.name]; !ok {
		return false
	}
	b.report(finding{id: "config.legacy", status: verdict.Fail, at: k.pos,
		saw: fmt.Sprintf("<%s> stands in <Cluster> itself, as in Tomcat 5; since Tomcat 6 it belongs into <Channel>, and Tomcat %s passes over it", k.name, b.version),
		fix: []string{fmt.Sprintf("put <Channel className=%q> around it", groupChannel)}})
	return true
}

// legacyLayout reads those children after all, to tell what was meant.
func (b *builder) legacyLayout(n *node, c *Cluster) {
	for _, k := range n.children {
		if s, ok := slots["Channel"][k.name]; ok {
			b.channelChild(k, s.role, c)
		}
	}
}

// translate puts in what the words of Tomcat 5 meant.
func (b *builder) translate(c *Cluster) {
	for _, m := range b.meant {
		to := map[role]*Component{roleCluster: &c.Self, roleManager: &c.Manager, roleMembership: &c.Membership,
			roleReceiver: &c.Receiver, roleTransport: &c.Transport}[m.to]
		if to == nil || to.class == nil {
			continue
		}
		if m.attr == "className" {
			if k := meaning(m.value); k != nil {
				to.Class, to.class, to.canon = k.name, k, ""
				if old := olderClass(b.version, k.name); old != "" {
					to.Class, to.canon = old, k.name
				}
			}
			continue
		}
		i := slices.IndexFunc(to.class.attrs, func(a attribute) bool { return a.name == m.attr })
		if i < 0 {
			continue
		}
		a := to.class.attrs[i]
		text, _, err := a.kind.accept(b.props.resolve(m.value).text, b.version)
		if err != nil {
			continue
		}
		pos := m.x.pos
		v := Value{Name: a.name, Text: text, Written: m.x.name + "=" + m.x.value, From: FromLegacy, Position: &pos, main: a.main}
		i = slices.IndexFunc(to.Attributes, func(v Value) bool { return v.Name == a.name })
		switch {
		case i < 0:
			to.Attributes = append(to.Attributes, v)
		case to.Attributes[i].From == FromDefault || to.Attributes[i].From == FromLegacy:
			to.Attributes[i] = v
		}
		to.sort()
	}
}
