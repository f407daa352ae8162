package firewall

import (
	"context"
	"encoding/binary"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"muster/internal/netlink"
)

// ipset's netlink (linux/netfilter/ipset/ip_set.h).
const (
	ipsetSubsystem = unix.NFNL_SUBSYS_IPSET << 8
	ipsetProtocol  = 7
	ipsetList      = 7  // IPSET_CMD_LIST
	ipsetByIndex   = 15 // IPSET_CMD_GET_BYINDEX

	ipsetAttrProtocol = 1
	ipsetAttrName     = 2
	ipsetAttrType     = 3
	ipsetAttrADT      = 8
	ipsetAttrIndex    = 11
)

const ipsetNetOrder = 0x4000 // NLA_F_NET_BYTEORDER

// ReadLists reads what rules of iptables ask for besides the packet: sets of ipset
// and lists of the match "recent".
func (r *Ruleset) ReadLists(ctx context.Context) {
	r.readIPSets(ctx)
	r.eachMatch("recent", func(e *Expr) {
		name := "DEFAULT"
		if i := slices.Index(e.Args, "--name"); i >= 0 && i+1 < len(e.Args) {
			name = e.Args[i+1]
		}
		if _, have := r.Recent[name]; have || strings.ContainsAny(name, "/.") {
			return
		}
		text, err := os.ReadFile("/proc/thread-self/net/xt_recent/" + name)
		if err != nil || len(text) > 1<<20 {
			return
		}
		if r.Recent == nil {
			r.Recent = map[string][]netip.Addr{}
		}
		r.Recent[name] = recentList(string(text))
	})
}

// recentList reads a file of /proc/net/xt_recent:
//
//	src=10.0.0.1 ttl: 64 last_seen: 4294900000 oldest_pkt: 1 4294900000
func recentList(text string) []netip.Addr {
	out := []netip.Addr{}
	for line := range strings.Lines(text) {
		first, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if a, err := netip.ParseAddr(strings.TrimPrefix(first, "src=")); err == nil {
			out = append(out, a)
		}
	}
	return out
}

// readIPSets reads the sets that rules ask for, and gives those that iptables-nft
// knows by a number their names. What cannot be read stays out: a match that asks
// for it is not decided.
func (r *Ruleset) readIPSets(ctx context.Context) {
	want := map[string]bool{}
	r.eachMatch("set", func(e *Expr) {
		for i, a := range e.Args {
			if number, ok := strings.CutPrefix(a, "#"); ok && i > 0 && e.Args[i-1] == "--match-set" {
				if n, err := strconv.ParseUint(number, 10, 16); err == nil {
					if name := ipsetName(ctx, uint16(n)); name != "" {
						e.Args[i] = name
					}
				}
			}
			if i > 0 && e.Args[i-1] == "--match-set" {
				want[e.Args[i]] = true
			}
		}
	})
	members := 0
	for len(want) > 0 && len(r.IPSets) < maxIPSets {
		var name string
		for name = range want {
			break
		}
		delete(want, name)
		if r.hasIPSet(name) {
			continue
		}
		if s, ok := readIPSet(ctx, name, min(maxElements, maxAll-members)); ok {
			r.IPSets = append(r.IPSets, s)
			members += len(s.Elems)
			for _, e := range s.Elems { // sets of sets
				if e.Set != "" && !r.hasIPSet(e.Set) {
					want[e.Set] = true
				}
			}
		}
	}
}

func (r *Ruleset) hasIPSet(name string) bool {
	for _, s := range r.IPSets {
		if s.Name == name {
			return true
		}
	}
	return false
}

const maxIPSets = 256

// eachMatch calls f with every match of a module of iptables.
func (r *Ruleset) eachMatch(module string, f func(*Expr)) {
	for i := range r.Tables {
		for j := range r.Tables[i].Chains {
			for k := range r.Tables[i].Chains[j].Rules {
				exprs := r.Tables[i].Chains[j].Rules[k].Exprs
				for n := range exprs {
					if exprs[n].Kind == "xt" && exprs[n].Name == module {
						f(&exprs[n])
					}
				}
			}
		}
	}
}

func ipsetRequest(attrs ...[]byte) []byte {
	b := []byte{unix.AF_INET, unix.NFNETLINK_V0, 0, 0}
	for _, a := range append([][]byte{attribute(ipsetAttrProtocol, []byte{ipsetProtocol})}, attrs...) {
		b = append(b, a...)
	}
	return b
}

func attribute(kind uint16, data []byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(data)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, data...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// ipsetName is the name of the set of a number, "" where it cannot be had.
func ipsetName(ctx context.Context, index uint16) string {
	name := ""
	request := ipsetRequest(attribute(ipsetAttrIndex|ipsetNetOrder, binary.BigEndian.AppendUint16(nil, index)))
	_ = netlink.Get(ctx, unix.NETLINK_NETFILTER, ipsetSubsystem|ipsetByIndex, request, func(_ uint16, b []byte) error {
		if len(b) > headerLen {
			name = netlink.Text(netlink.Find(netlink.Attrs(binary.NativeEndian, b[headerLen:]), ipsetAttrName))
		}
		return nil
	})
	return name
}

// readIPSet reads a set, of its members so many at most.
func readIPSet(ctx context.Context, name string, most int) (IPSet, bool) {
	s := IPSet{Name: name, Elems: []IPSetMember{}}
	request := ipsetRequest(attribute(ipsetAttrName, append([]byte(name), 0)))
	err := netlink.Dump(ctx, unix.NETLINK_NETFILTER, ipsetSubsystem|ipsetList, request, func(_ uint16, b []byte) error {
		if len(b) <= headerLen {
			return nil
		}
		if !s.add(netlink.Attrs(binary.NativeEndian, b[headerLen:]), most) {
			return netlink.Stop
		}
		return nil
	})
	return s, err == nil && s.Type != ""
}

// add reads one message of a listing; false when there are more members than are
// kept.
func (s *IPSet) add(as []netlink.Attr, most int) bool {
	if t := netlink.Text(netlink.Find(as, ipsetAttrType)); t != "" {
		s.Type = t
	}
	for _, m := range netlink.Attrs(binary.NativeEndian, netlink.Find(as, ipsetAttrADT)) {
		if len(s.Elems) >= most {
			s.Unread = true
			return false
		}
		e, ok := ipsetElement(netlink.Attrs(binary.NativeEndian, m.Data))
		if !ok {
			s.Unread = true
			continue
		}
		s.Elems = append(s.Elems, e)
	}
	return true
}

// ipsetElement reads IPSET_ATTR_* of one member; false for one with parts that are
// not known.
func ipsetElement(as []netlink.Attr) (IPSetMember, bool) {
	const ip, ipTo, cidr, port, portTo, proto, flags = 1, 2, 3, 4, 5, 7, 8
	const ip2, cidr2, ipTo2, ether, name, mark, iface = 20, 21, 22, 17, 18, 10, 23
	const noMatch = 4 // IPSET_FLAG_NOMATCH
	var e IPSetMember
	bits := -1
	for _, a := range as {
		switch a.Kind {
		case ip:
			e.From = ipsetAddr(a.Data)
		case ipTo:
			e.To = ipsetAddr(a.Data)
		case cidr:
			if len(a.Data) == 1 {
				bits = int(a.Data[0])
			}
		case port, portTo:
			if len(a.Data) == 2 {
				e.PortTo = binary.BigEndian.Uint16(a.Data)
				if a.Kind == port {
					e.Port = e.PortTo
				}
			}
		case proto:
			if len(a.Data) == 1 {
				e.Protocol = a.Data[0]
			}
		case name:
			e.Set = netlink.Text(a.Data)
		case flags:
			e.NoMatch = be32(a.Data)&noMatch != 0
		case ether, iface, mark, ip2, cidr2, ipTo2:
			return e, false
		}
	}
	if e.From.IsValid() {
		if bits >= 0 && bits <= e.From.BitLen() {
			p := netip.PrefixFrom(e.From, bits)
			e.From, e.To = p.Masked().Addr(), lastOf(p)
		}
		if !e.To.IsValid() {
			e.To = e.From
		}
	}
	return e, e.From.IsValid() || e.Port != 0 || e.Set != ""
}

// ipsetAddr is an address nested as IPSET_ATTR_IPADDR_IPV4 or _IPV6.
func ipsetAddr(b []byte) netip.Addr {
	for _, a := range netlink.Attrs(binary.NativeEndian, b) {
		if x, ok := netip.AddrFromSlice(a.Data); ok {
			return x
		}
	}
	return netip.Addr{}
}
