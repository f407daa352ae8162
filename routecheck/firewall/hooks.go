package firewall

import (
	"cmp"
	"slices"
)

// Which chains a packet passes, and in which order.

func (c *Chain) policy() string {
	if c.Policy == "drop" {
		return "drop"
	}
	return "accept"
}

func policyRef(b based, hook string) Ref {
	return Ref{Family: b.table.Family, Table: b.table.Name, Chain: b.chain.Name, Base: b.chain.Name, Hook: hook,
		Legacy: b.table.Legacy, Text: b.chain.policy(), Policy: true}
}

// hookAt is one hook of one layer on the way.
type hookAt struct {
	name     string
	families []string
	devices  []string // for ingress and egress
}

// hooks lists the way of the packet. The families of one layer share a hook and
// are sorted by priority there.
func (p *Packet) hooks() []hookAt {
	ip := []string{"ip", "inet"}
	if p.v6 {
		ip[0] = "ip6"
	}
	device := func(d Device) []string {
		names := []string{d.Name}
		for _, l := range p.Lower {
			names = append(names, l.Name)
		}
		return names
	}
	var way []hookAt
	if p.arp {
		arp := []string{"arp"}
		if p.Way == In {
			return []hookAt{{"ingress", []string{"netdev"}, device(p.In)}, {"input", arp, nil}}
		}
		return []hookAt{{"output", arp, nil}, {"egress", []string{"netdev"}, device(p.Out)}}
	}
	switch p.Way {
	case In:
		way = append(way, hookAt{"ingress", []string{"netdev", "inet"}, device(p.In)})
		if p.Bridge {
			way = append(way, hookAt{"prerouting", []string{"bridge"}, nil}, hookAt{"input", []string{"bridge"}, nil})
		}
		way = append(way, hookAt{"prerouting", ip, nil}, hookAt{"input", ip, nil})
	case Out:
		way = append(way, hookAt{"output", ip, nil}, hookAt{"postrouting", ip, nil})
		if p.Bridge {
			way = append(way, hookAt{"output", []string{"bridge"}, nil}, hookAt{"postrouting", []string{"bridge"}, nil})
		}
		way = append(way, hookAt{"egress", []string{"netdev", "inet"}, device(p.Out)})
	case Forwarded:
		way = append(way, hookAt{"prerouting", []string{"bridge"}, nil}, hookAt{"prerouting", ip, nil},
			hookAt{"forward", []string{"bridge"}, nil}, hookAt{"forward", ip, nil},
			hookAt{"postrouting", []string{"bridge"}, nil}, hookAt{"postrouting", ip, nil})
		if p.BridgeOnly {
			way = slices.DeleteFunc(way, func(h hookAt) bool { return h.families[0] != "bridge" })
		}
	}
	return way
}

type based struct {
	table *Table
	chain *Chain
}

// bases are the base chains of a hook in the order in which they run.
func bases(r *Ruleset, h hookAt) []based {
	var out []based
	for i := range r.Tables {
		t := &r.Tables[i]
		if t.Dormant || !slices.Contains(h.families, t.Family) {
			continue
		}
		for j := range t.Chains {
			c := &t.Chains[j]
			if c.Hook != h.name || h.devices == nil && (c.Hook == "ingress" || c.Hook == "egress") {
				continue
			}
			if h.devices != nil && !slices.ContainsFunc(c.Devices, func(d string) bool { return deviceIn(d, h.devices) }) {
				continue
			}
			out = append(out, based{t, c})
		}
	}
	slices.SortStableFunc(out, func(a, b based) int { return cmp.Compare(a.chain.Priority, b.chain.Priority) })
	return out
}

// deviceIn matches a chain's device, which newer kernels let end in "*".
func deviceIn(pattern string, devices []string) bool {
	for _, d := range devices {
		if n := len(pattern); d == pattern || n > 0 && pattern[n-1] == '*' && len(d) >= n-1 && d[:n-1] == pattern[:n-1] {
			return true
		}
	}
	return false
}
