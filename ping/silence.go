package ping

import (
	"fmt"
	"net/netip"
	"strings"
)

// Asked is what a run asked and of whom, for Explain.
type Asked struct {
	Group netip.Addr
	Port  uint16 // of the responders, with UDP
	UDP   bool
	From  uint16 // the UDP port that answers come to
	TTL   int
	// Silent hosts are there (see Look) but did not answer this way.
	Silent []Neighbour
}

// Explain tells why hosts may be silent, and what to run to know; a sentence
// each, none when all that was expected is there.
func Explain(a Asked, rows []Row, e Expectation) []string {
	var out []string
	alone := unicastOnly(rows)
	if len(alone) > 0 {
		out = append(out, notByGroup(a, alone))
	}
	for _, n := range a.Silent {
		out = append(out, n.sentence(a))
	}
	if e.Answering(rows) > 0 && e.Met(rows) && (e.Count > 0 || a.UDP || a.Group.Is6()) {
		return out
	}
	switch {
	case a.UDP && e.Count > 0 && e.Answering(rows)+len(alone) >= e.Count && e.reached(rows): // nobody else is missing
	case a.UDP && e.Answering(rows) == 0:
		out = append(out,
			fmt.Sprintf("nobody answered: is 'muster ping --respond %s' running on the other hosts?", a.Group),
			fmt.Sprintf("answers come by unicast from UDP port %d to port %d of this host: a firewall that keeps state takes them for new and may drop them; 'muster explain fw.ping-reply-invalid' tells more", a.Port, a.From))
	case a.UDP:
		out = append(out, fmt.Sprintf("who is missing does not run 'muster ping --respond %s', is not reached by the group, or its answers are dropped; --both asks by unicast as well and tells these apart", a.Group))
	case a.Group.Is6():
		out = append(out, fmt.Sprintf("a host answers only for groups that it has joined, and a firewall or net.ipv6.icmp.echo_ignore_multicast=1 makes it silent: silence here does not mean that multicast is broken; %s", useUDP(a)))
	default: // nobody can know who should have answered ICMP
		out = append(out, fmt.Sprintf("who is not listed may be silent: a Linux host does not answer ICMP to a group unless net.ipv4.icmp_echo_ignore_broadcasts=0 (its default is 1), Windows and FreeBSD do not either, and no host answers for a group that it has not joined: silence here does not mean that multicast is broken; %s", useUDP(a)))
	}
	if a.TTL <= 1 && e.Answering(rows) == 0 {
		out = append(out, "with TTL 1 only hosts of this network are reached; '--ttl 1..8' finds how far away others are")
	}
	return out
}

func useUDP(a Asked) string {
	return fmt.Sprintf("run 'muster ping --respond %s' there and 'muster ping --udp %s' here to know", a.Group, a.Group)
}

// unicastOnly are the hosts that answer, but not to the group.
func unicastOnly(rows []Row) (hosts []string) {
	for _, r := range rows {
		if r.Received == 0 && r.Unicast.Received > 0 {
			hosts = append(hosts, r.Addr.String())
		}
	}
	return hosts
}

func notByGroup(a Asked, hosts []string) string {
	verb, why := "answers", "it has not joined the group there, a switch does not forward the group to it, or its firewall drops it"
	its := "its kernel ignores"
	if len(hosts) > 1 {
		verb, why = "answer", "they have not joined the group there, a switch does not forward it to them, or their firewalls drop it"
		its = "their kernels ignore"
	}
	if !a.UDP && a.Group.Is4() {
		why = its + " echo to groups (net.ipv4.icmp_echo_ignore_broadcasts=1, the default of Linux), " + why
	}
	return fmt.Sprintf("%s %s by unicast but not to the group: %s", strings.Join(hosts, ", "), verb, why)
}
