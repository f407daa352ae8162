package judge_test

import (
	"fmt"
	"net/netip"

	"muster/internal/verdict"
	"muster/routecheck/facts"
	"muster/routecheck/judge"
)

// Facts of any host are judged on any other: here of one with an interface, an address,
// and no route by which the group could leave.
func ExampleFacts() {
	up := true
	f := &facts.Facts{
		Version: facts.Version, OS: "linux", Query: facts.DefaultQuery(),
		Links: facts.Read([]facts.Link{
			{Index: 2, Name: "eth0", Flags: facts.FlagUp | facts.FlagBroadcast | facts.FlagMulticast | facts.FlagRunning, MTU: 1500, Type: 1, OperState: "up", Carrier: &up},
		}, "netlink"),
		Addrs: facts.Read([]facts.Addr{{Link: 2, Prefix: netip.MustParsePrefix("10.77.0.11/24"), Scope: "global"}}, "netlink"),
		Routes: facts.Read([]facts.Route{
			{Table: 254, Type: "unicast", Dst: netip.MustParsePrefix("10.77.0.0/24"), Links: []uint32{2}},
		}, "netlink"),
		Rules:   facts.Read([]facts.Rule{{Priority: 32766, Action: "lookup", Table: 254}}, "netlink"),
		ToGroup: facts.Read(facts.RouteAnswer{To: facts.DefaultGroup, Errno: "ENETUNREACH"}, "netlink"),
	}
	for _, v := range judge.Facts(f, func(id verdict.ID) bool { return id == "route.none" || id == "iface.down" }) {
		fmt.Printf("%s %s %s: %s\n", v.Status, v.Confidence, v.ID, v.Title)
		if len(v.Fix) > 0 {
			fmt.Println("  fix:", v.Fix[0])
		}
	}
	// Output:
	// pass definite iface.down: Interface is up
	// fail definite route.none: Route to the group
	//   fix: ip route add 224.0.0.0/4 dev eth0
}
