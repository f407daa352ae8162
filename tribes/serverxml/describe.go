package serverxml

import (
	"fmt"
	"strings"

	"muster/tribes"
)

// Describe says in sentences what a cluster will do, and keeps them in its
// Summary.
func (c *Cluster) Describe() []string {
	c.Summary = []string{}
	for _, say := range []func(*Cluster) string{
		sayMembers, sayTiming, sayStatic, sayReceiver, saySessions, sayRoute, sayMessages, sayStack, sayEncryption, sayKnown,
	} {
		if s := say(c); s != "" {
			c.Summary = append(c.Summary, s)
		}
	}
	return c.Summary
}

// shown is a value for a sentence; a placeholder that is not known is told.
func shown(c *Component, name string) string {
	v, _ := c.Attribute(name)
	if !v.Known() {
		return cut(v.Text) + " (not known)"
	}
	return cut(v.Text)
}

// milliseconds writes 500 as "500 ms" and 3000 as "3 s".
func milliseconds(c *Component, name string) string {
	n, ok := c.num(name)
	switch {
	case !ok:
		return shown(c, name) + " ms"
	case n >= 1000 && n%1000 == 0:
		return fmt.Sprintf("%d s", n/1000)
	}
	return fmt.Sprintf("%d ms", n)
}

func sayMembers(c *Cluster) string {
	m := &c.Membership
	switch m.Class {
	case mcastService:
		if !c.multicast() {
			return "Members do not find each other by multicast: the membership service is not started (channelStartOptions " + shown(&c.Self, "channelStartOptions") + ")."
		}
		s := fmt.Sprintf("Members find each other by heartbeats to group %s, UDP port %s", shown(m, "address"), shown(m, "port"))
		if bind := m.text("bind"); bind != "" {
			s += ", on the interface with address " + shown(m, "bind")
		} else {
			s += ", on the interface that the route to the group names"
		}
		if m.text("ttl") != "" {
			s += ", with TTL " + shown(m, "ttl")
		} else {
			s += ", with the system's TTL (1)"
		}
		if d := m.text("domain"); d != "" {
			s += fmt.Sprintf(", as domain %q", shown(m, "domain"))
		}
		return s + "."
	case staticService:
		return fmt.Sprintf("Members are the ones listed here; nothing is multicast. Each is asked over TCP every %s and given up after %s.",
			milliseconds(m, "pingInterval"), milliseconds(m, "expirationTime"))
	case cloudService:
		return fmt.Sprintf("Members come from the cloud (%s); nothing is multicast.", shown(m, "membershipProviderClassName"))
	}
	return fmt.Sprintf("Members come from %s, which is not one of Tomcat's own.", short(m.Class))
}

func sayTiming(c *Cluster) string {
	m := &c.Membership
	start, known := c.Self.num("channelStartOptions")
	if !m.is(mcastService) || known && start&(startMembershipReceiver|startMembershipSender) == 0 {
		return ""
	}
	s := fmt.Sprintf("A heartbeat goes out every %s; a member that is silent for %s is ", milliseconds(m, "frequency"), milliseconds(m, "dropTime"))
	if _, i := c.interceptor(failureDetector); i >= 0 {
		return s + "asked over TCP, and kept while its receiver takes connections."
	}
	return s + "dropped."
}

func sayStatic(c *Cluster) string {
	list := &c.Membership
	if s, _ := c.interceptor(staticInterceptor); s != nil {
		list = s
	}
	var members []string
	for i := range list.Members {
		m := &list.Members[i]
		if m.Element != "LocalMember" {
			members = append(members, shown(m, "host")+":"+shown(m, "port"))
		}
	}
	if len(list.Members) == 0 {
		return ""
	}
	return fmt.Sprintf("Static members: %s.", orText(strings.Join(members, ", "), "none but itself"))
}

func sayReceiver(c *Cluster) string {
	r := &c.Receiver
	s := "It listens on " + shown(r, "address")
	if r.text("address") == "auto" {
		s = "It listens on the address that the host name resolves to (\"auto\")"
	}
	port, ok := r.num("port")
	tries, ok2 := r.num("autoBind")
	switch {
	case ok && ok2 && tries > 1 && port > 0:
		s += fmt.Sprintf(", TCP port %d or the next free one up to %d", port, port+tries-1)
	case ok && port == 0:
		s += ", on any free TCP port"
	default:
		s += ", TCP port " + shown(r, "port")
	}
	return s + ", and tells the others to connect there."
}

func saySessions(c *Cluster) string {
	switch c.Manager.Class {
	case deltaManager:
		s := fmt.Sprintf("The DeltaManager keeps every session of every distributable application on all nodes; a starting node asks the one that is up longest for them and waits up to %s s.",
			shown(&c.Manager, "stateTransferTimeout"))
		return s
	case backupManager:
		return "The BackupManager keeps each session on the node that made it and on one other; the rest know only where it is."
	}
	return fmt.Sprintf("Sessions are in the hands of %s, which is not one of Tomcat's own.", short(c.Manager.Class))
}

func sayRoute(c *Cluster) string {
	route := c.engine.JvmRoute
	if route.Text == "" {
		return "Session ids name no node (the Engine has no jvmRoute): a balancer cannot keep a user on one."
	}
	s := fmt.Sprintf("Session ids end in .%s (jvmRoute)", cut(route.Text))
	if !route.Known() {
		s += ", which is not known here"
	}
	if c.valve(jvmRouteBinderValve) != nil {
		s += "; a session that another node serves is renamed to that node"
	}
	return s + "."
}

// optionsText says what send options mean, in words.
func optionsText(o tribes.Options) string {
	ack := ""
	switch {
	case o&tribes.UseAck != 0 && o&tribes.SynchronizedAck != 0:
		ack = "waits until every receiver has worked it off (ack after processing)"
	case o&tribes.UseAck != 0:
		ack = "waits until every receiver has it (ack)"
	default:
		ack = "waits for no answer"
	}
	how := "the request sends the change itself and " + ack
	if o&tribes.Asynchronous != 0 {
		how = "a queue sends the change after the request has gone on, and " + ack
	}
	if o&tribes.UDP != 0 {
		how += "; by UDP"
	}
	if o&tribes.Multicast != 0 {
		how += "; as one datagram to the group"
	}
	return how
}

func sayMessages(c *Cluster) string {
	name := "channelSendOptions"
	part := &c.Self
	if c.Manager.is(backupManager) {
		name, part = "mapSendOptions", &c.Manager
	}
	n, ok := part.num(name)
	if !ok {
		return fmt.Sprintf("How changes are sent is not known (%s %s).", name, shown(part, name))
	}
	o := tribes.Options(n)
	if _, i := c.interceptor(messageDispatch); i < 0 {
		o &^= tribes.Asynchronous // nobody to queue it
	}
	text := optionsText(o)
	return fmt.Sprintf("%s%s (%s %d).", strings.ToUpper(text[:1]), text[1:], name, n)
}

func sayStack(c *Cluster) string {
	var names []string
	for _, i := range c.Interceptors {
		names = append(names, short(i.Class))
	}
	return "Messages go through " + strings.Join(names, ", then ") + ", then to the wire."
}

func sayEncryption(c *Cluster) string {
	e, _ := c.interceptor(encryptInterceptor)
	if t := c.tls(); t.usable() && e == nil {
		if t.secure {
			return fmt.Sprintf("Messages go by TLS (%s) with a pre-shared key, to port %d; the plain port is closed. Heartbeats are not encrypted.", t.protocol, t.port)
		}
		return fmt.Sprintf("The receiver takes TLS (%s) with a pre-shared key at port %d, and plain messages at the other: only what is sent with option 16 goes by TLS.", t.protocol, t.port)
	}
	if e == nil {
		return "Nothing is encrypted or checked: whoever reaches the TCP port can read and write sessions."
	}
	s := fmt.Sprintf("Messages are encrypted with %s; heartbeats are not", shown(e, "encryptionAlgorithm"))
	if _, ok := e.Attribute("replayWindowTime"); ok {
		s += fmt.Sprintf(", and the nodes' clocks must agree within %s", milliseconds(e, "replayWindowTime"))
	}
	return s + "."
}
