package judge

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"muster/routecheck/facts"
	"muster/routecheck/firewall"
)

// secretive is a host with a marked secret wherever facts can hold one; the marks are
// what may not be found in them once they are redacted.
func secretive(t *testing.T) (f sample, marks []string) {
	f = healthy()
	secret := func(s string) string { marks = append(marks, s); return s }
	v4, v6 := addr(secret("81.82.83.84")), addr(secret("2a01:4f8:abcd:1234::77"))
	near := addr(secret("10.91.92.93"))
	mac := secret("00:16:3e:a1:b2:c3")
	f.Names = facts.Read(facts.Names{Host: secret("payroll-db7"), Addrs: []netip.Addr{v4, v6}, Via: "dns", Error: "lookup payroll-db7 on 81.82.83.84:53: refused"}, "dns")
	f.Links.Value = append(f.Links.Value, facts.Link{Index: 7, Name: secret("customerx0"), Flags: facts.FlagUp, MTU: 1500, Type: 1, MAC: mac})
	for _, p := range []netip.Prefix{netip.PrefixFrom(v4, 29), netip.PrefixFrom(v6, 64), netip.PrefixFrom(near, 22)} {
		f.Addrs.Value = append(f.Addrs.Value, facts.Addr{Link: 7, Prefix: p})
		f.Routes.Value = append(f.Routes.Value, facts.Route{Table: 254, Type: "unicast", Dst: p.Masked(), Gateway: p.Addr(), Src: p.Addr(), Links: []uint32{7}})
		f.Rules.Value = append(f.Rules.Value, facts.Rule{Priority: 9, Src: p, Dst: p, In: "customerx0", Out: "customerx0", Action: "lookup", Table: 100})
	}
	for i, bits := range []int{31, 32} { // of shorter ones too few bits are hidden to be sure that they change
		p := netip.PrefixFrom(addr("93.184.216.34"), bits).Masked()
		f.Routes.Value = append(f.Routes.Value, facts.Route{Table: 254, Type: "unicast", Dst: p, Links: []uint32{2}, Metric: uint32(i)})
		marks = append(marks, `"`+p.String())
	}
	f.Neighbours.Value = append(f.Neighbours.Value, facts.Neighbour{Link: 7, Addr: v4, MAC: mac}, facts.Neighbour{Link: 7, Addr: near, MAC: mac})
	f.ToSources.Value = append(f.ToSources.Value, facts.RouteAnswer{To: v4, Gateway: near, Src: v4})
	f.ToReceivers = facts.Read([]facts.RouteAnswer{{To: near, Src: v4}}, "netlink")
	f.ToGroup.Value.Src, f.ToGroup.Value.Gateway = v4, near
	f.Memberships.Value = append(f.Memberships.Value, facts.Membership{Link: 7, Group: addr(secret("ff02::1:ffab:cdef"))})
	f.LinkLayer.Value = append(f.LinkLayer.Value, facts.LinkGroup{Link: 7, MAC: secret("33:33:ff:ab:cd:ef")})
	f.Filters.Value = append(f.Filters.Value, facts.SourceFilter{Link: 7, Group: addr("232.1.1.1"), Source: v4})
	f.Bridges.Value = append(f.Bridges.Value, facts.Bridge{Link: 7, OtherQuerier: near})
	f.UDP.Value[0].Local = netip.AddrPortFrom(v4, 45564)
	f.Listeners.Value[0].Local = netip.AddrPortFrom(near, 4000)
	f.Connections.Value = append(f.Connections.Value, facts.Connection{Local: netip.AddrPortFrom(near, 4000), Remote: netip.AddrPortFrom(v4, 41000)})
	f.Processes.Value[0].Command = "java -Dpassword=" + secret("hunter2")
	f.Platform.Value.BoardTag, f.Platform.Value.ChassisTag = "i-"+secret("0abc123def456"), secret("CHASSIS-4711")
	f.Platform.Value.Nameservers = []netip.Addr{v4}
	f.SELinux.Value.Denials = []string{"denied name_bind src=4000 host payroll-db7 at 81.82.83.84"}
	f.PF.Value.Rules = []string{"pass in on customerx0 from 81.82.83.84"}
	f.Defender.Value.Rules = []facts.DefenderRule{{Name: secret("Rule of Miller"), Program: `C:\Users\` + secret("miller") + `\java.exe`}}
	f.Sysctls["net.ipv4.conf.customerx0.rp_filter"] = facts.Unread[string]("/proc/sys/net/ipv4/conf/customerx0/rp_filter", "open /proc/sys/net/ipv4/conf/customerx0/rp_filter: denied")
	f.Query.Peers, f.Query.Source, f.Query.Interface = []netip.Addr{v4, near}, v4, "eth0"
	f.Query.Cluster = &facts.Cluster{From: "/srv/" + secret("projectzeus") + "/server.xml", Receiver: "payroll-db7", Bind: "10.91.92.93", Members: []netip.AddrPort{netip.AddrPortFrom(v4, 4000)}, TTL: 1}
	f.rules(t, "ip", `*filter
:INPUT DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 81.82.83.84/32 -i customerx0 -p udp -m comment --comment "for `+secret("Mrs Smith")+`" -j ACCEPT
-A INPUT -m set --match-set `+secret("badguys")+` src -j DROP
-A INPUT -p udp -m recent --name `+secret("knockers")+` --rcheck -j DROP
-A INPUT -j LOG --log-prefix "`+secret("acme-dropped")+`"
COMMIT
`)
	f.Firewall.Value.IPSets = []firewall.IPSet{{Name: "badguys", Type: "hash:ip", Elems: []firewall.IPSetMember{{From: v4, To: v4}}, Unread: true}}
	f.Firewall.Value.Recent = map[string][]netip.Addr{"knockers": {near}}
	f.Omit("the set %s: muster looked at 20000 of its elements, and there are more", "badguys of ipset")
	return f, marks
}

// TestRedactHidesAll: nothing that was marked is left in redacted facts, nor in what
// is said about them.
func TestRedactHidesAll(t *testing.T) {
	f, marks := secretive(t)
	if len(marks) < 20 {
		t.Fatalf("%d secrets: that is no test", len(marks))
	}
	if plain := string(saved(t, f.Facts)); !strings.Contains(plain, "Mrs Smith") || !strings.Contains(plain, "hunter2") {
		t.Fatal("the secrets are not in the facts")
	}
	if err := Redact(f.Facts); err != nil {
		t.Fatal(err)
	}
	text := string(saved(t, f.Facts))
	again, err := facts.Load(bytes.NewReader([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	said := text
	for _, v := range Facts(again, nil) {
		said += v.Saw + strings.Join(v.Fix, "\n") + strings.Join(v.Next, "\n")
		for _, e := range v.Evidence {
			said += e.What + e.Value + e.ReadFrom
		}
	}
	for _, m := range marks {
		if i := strings.Index(said, m); i >= 0 {
			t.Errorf("%q is left: %s", m, said[max(0, i-80):min(len(said), i+80)])
		}
	}
}
