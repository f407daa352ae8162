package logs

import (
	"fmt"
	"time"

	"muster/internal/verdict"
)

// multicast judges heartbeats that could not be sent and groups that could not be
// joined while the cluster ran.
func (j *judge) multicast(n *Node) {
	list := eventsOf(n, McastFailed, JoinFailed)
	if len(list) == 0 || j.explained[n] != "" || j.deafSince(n, list) {
		return
	}
	type cause struct {
		word       string
		id         verdict.ID
		confidence verdict.Confidence
		saw, fix   string
	}
	for _, c := range []cause{
		{"Network is unreachable", "route.none", verdict.Likely, "there was no route to the group", "ip route add 224.0.0.0/4 dev INTERFACE"},
		{"Operation not permitted", "fw.output-drop", verdict.Likely, "a filter of the host refused them", "let UDP to the group out: nft list ruleset shows the rule"},
		{"Permission denied", "fw.output-drop", verdict.Hint, "the host forbade them", ""},
		{"No buffer space", "sock.send-nobufs", verdict.Likely, "the queue of the interface was full", ""},
		{"Message too long", "mtu.too-big", verdict.Likely, "they were larger than the path lets through", ""},
		{"Network is down", "iface.down", verdict.Likely, "the interface was down", "ip link set INTERFACE up"},
		{"Invalid argument", "java.ipv6-stack", verdict.Hint, "Java's socket could not send to the group", "add -Djava.net.preferIPv4Stack=true to Tomcat's options"},
		{"No route to host", "route.blocked", verdict.Likely, "a route or a filter forbade them", ""},
		{"annot assign requested address", "config.address", verdict.Likely, "the address to send from was gone", ""},
		{"an't assign requested address", "config.address", verdict.Likely, "the address to send from was gone", ""},
		{"No such device", "route.none", verdict.Likely, "no interface led to the group", "ip route add 224.0.0.0/4 dev INTERFACE"},
	} {
		var lines []*Event
		for _, e := range list {
			if contains(e.causes, c.word) {
				lines = append(lines, e)
			}
		}
		if len(lines) == 0 {
			continue
		}
		var parts []verdict.Part
		if c.fix != "" {
			parts = append(parts, verdict.Fix(c.fix))
		}
		status, after := verdict.Fail, ""
		if r := eventsOf(n, Recovered); len(r) > 0 && r[len(r)-1].Time.After(lines[len(lines)-1].Time) {
			after = "; it works again since " + clockText(r[len(r)-1].Time)
		}
		j.explained[n] = c.id
		j.add(c.id, status, c.confidence, n.Name,
			fmt.Sprintf("%s could not send heartbeats or join the group at %s: %s%s", n.Name, clockText(lines[0].Time), c.saw, after), lines, parts...)
		return
	}
	if r := eventsOf(n, Recovering, JoinFailed); len(r) > 0 {
		j.explained[n] = "tribes.not-joined"
		j.add("tribes.not-joined", verdict.Fail, verdict.Definite, n.Name,
			fmt.Sprintf("the membership service of %s stopped working at %s and is restarted again and again", n.Name, clockText(r[0].Time)), r)
	}
}

// deafSince judges a node whose heartbeats could not leave for a moment, and which
// since then misses others that answer it by TCP: Tomcat's membership service counts
// the heartbeats that fail in a row and restarts itself after ten of them
// (T/membership/McastServiceImpl.SenderThread), which then is in the log.
func (j *judge) deafSince(n *Node, list []*Event) bool {
	e := list[0]
	frequency := max(n.Frequency, 500*time.Millisecond)
	if len(list) > 1 || e.Count > 1 || e.Kind != McastFailed || !contains(e.causes, "Network is unreachable") && !contains(e.causes, "No such device") ||
		n.count(Recovering)+n.count(Recovered) > 0 || n.Last.Sub(e.Time) < 3*frequency {
		return false
	}
	for _, s := range eventsOf(n, Alive) {
		if since := s.Time.Sub(e.Time); since > 0 && since < 30*time.Second {
			j.explained[n] = "iface.recreated"
			j.add("iface.recreated", verdict.Fail, verdict.Likely, n.Name,
				fmt.Sprintf("%s could not send a heartbeat at %s, could again, and since then does not hear %s, whose receiver answers: its interface was deleted and made again, or lost its address or routes for a moment, and the membership in the group went with it", n.Name, clockText(e.Time), j.name(s.Member)), []*Event{e, s},
				verdict.Fix("restart this Tomcat: it joins again"), verdict.Next("muster check, on "+n.Name+", tells whether its socket is still in the group"))
			return true
		}
	}
	return false
}
