package cmd

import (
	"context"
	"net/netip"

	"muster/mcast"
	"muster/ping/mesh"
	"muster/routecheck/firewall"
)

// closedPort asks the rules of this host whether they drop what others send to the
// group's port; cluster is the port of the Tomcats, which they may let in all the
// same. It returns nil where they let it in, or cannot be read.
func closedPort(ctx context.Context, i mcast.Interface, group netip.AddrPort, cluster uint16) *mesh.Closed {
	rules, err := firewall.Read(ctx)
	if err != nil {
		return nil
	}
	const ethernet = 1 // ARPHRD_ETHER
	flow := firewall.Flow{
		Device: firewall.Device{Index: uint32(i.Index), Name: i.Name, Type: ethernet},
		Group:  group.Addr().WithZone(""), Port: group.Port(),
	}
	for _, p := range i.Addrs {
		if p.Addr().Is6() == group.Addr().Is6() {
			flow.Self, flow.Peers = p.Addr().WithZone(""), p.Masked()
			break
		}
	}
	packet := flow.HeartbeatIn()
	a := firewall.Evaluate(rules, packet)
	if a.Verdict != firewall.Drop || len(a.Rules) == 0 {
		return nil
	}
	flow.Port = cluster
	return &mesh.Closed{
		Rule: a.Rules[0].String(), Fix: firewall.Allow(rules, []firewall.Packet{packet}),
		Alone: firewall.Evaluate(rules, flow.HeartbeatIn()).Verdict == firewall.Accept,
	}
}
