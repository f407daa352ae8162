package collect

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"muster/internal/netlink"
	"muster/routecheck/facts"
)

var routeTypes = map[byte]string{
	unix.RTN_UNICAST: "unicast", unix.RTN_LOCAL: "local", unix.RTN_BROADCAST: "broadcast", unix.RTN_ANYCAST: "anycast",
	unix.RTN_MULTICAST: "multicast", unix.RTN_BLACKHOLE: "blackhole", unix.RTN_UNREACHABLE: "unreachable",
	unix.RTN_PROHIBIT: "prohibit", unix.RTN_THROW: "throw",
}

func familyOf(v6 bool) byte {
	if v6 {
		return unix.AF_INET6
	}
	return unix.AF_INET
}

// readRoutes lists every table but the local one, whose entries follow from the
// addresses. Of a table as large as the Internet's it keeps all that can matter to
// the group and to this host's own networks, and the first of the others.
func readRoutes(ctx context.Context, f *facts.Facts) facts.Fact[[]facts.Route] {
	header := make([]byte, unix.SizeofRtMsg)
	header[0] = familyOf(f.Query.Group.Is6())
	near := newNetworks(f)
	out, others, left := []facts.Route{}, 0, 0
	err := netlink.Dump(ctx, unix.NETLINK_ROUTE, unix.RTM_GETROUTE, header, func(kind uint16, b []byte) error {
		const cloned = 0x200 // RTM_F_CLONED: a cached answer, no entry
		if kind != unix.RTM_NEWROUTE || len(b) < unix.SizeofRtMsg || native.Uint32(b[8:])&cloned != 0 {
			return nil
		}
		if others >= maxRoutes && !near.mayHold(routeDst(b)) {
			left++
			return nil
		}
		r := decodeRoute(b)
		switch {
		case r.Table == unix.RT_TABLE_LOCAL && r.Type != "multicast":
			return nil
		case !near.mayHold(r.Dst):
			others++
		case len(out)-others >= maxRoutes:
			left++
			return nil
		}
		out = append(out, r)
		return nil
	})
	if err != nil {
		return facts.Unread[[]facts.Route](routeFrom, because("listing routes", err))
	}
	if left > 0 {
		f.Omit("routes: muster looked at %d of %d, at all those for groups and for this host's own networks among them", len(out), len(out)+left)
	}
	return facts.Read(out, routeFrom)
}

// networks are those of this host's interfaces, for the question whether a route
// leads into one.
type networks struct {
	nets    map[netip.Prefix]bool
	lengths []int // of them
}

func newNetworks(f *facts.Facts) networks {
	n := networks{nets: map[netip.Prefix]bool{}}
	for _, a := range f.Addrs.Value {
		if p := a.Prefix.Masked(); p.Bits() > 0 && p.Addr().Is6() == f.Query.Group.Is6() {
			n.nets[p] = true
			if !slices.Contains(n.lengths, p.Bits()) {
				n.lengths = append(n.lengths, p.Bits())
			}
		}
	}
	return n
}

// mayHold reports whether a route to dst is a default route, one for a group, or one
// for a part of a network of this host.
func (n networks) mayHold(dst netip.Prefix) bool {
	if dst.Bits() <= 0 || dst.Addr().IsMulticast() || dst.Contains(multicastRange(dst.Addr().Is6())) {
		return true
	}
	for _, bits := range n.lengths {
		if p, err := dst.Addr().Prefix(bits); err == nil && bits <= dst.Bits() && n.nets[p] {
			return true
		}
	}
	return false
}

// multicastRange is the first address of the range of groups.
func multicastRange(v6 bool) netip.Addr {
	if v6 {
		return netip.AddrFrom16([16]byte{0xff})
	}
	return netip.AddrFrom4([4]byte{224})
}

// routeDst is the destination alone of a struct rtmsg with its attributes: most of a
// large table is passed over by it.
func routeDst(b []byte) netip.Prefix {
	dst := netip.AddrFrom4([4]byte{})
	if b[0] == unix.AF_INET6 {
		dst = netip.IPv6Unspecified()
	}
	if a, ok := netip.AddrFromSlice(netlink.FindIn(native, b[unix.SizeofRtMsg:], unix.RTA_DST)); ok {
		dst = a
	}
	return netip.PrefixFrom(dst, int(b[1]))
}

// decodeRoute reads struct rtmsg and its attributes.
func decodeRoute(b []byte) facts.Route {
	r := facts.Route{Table: uint32(b[4]), Type: routeTypes[b[7]]}
	r.Dst = routeDst(b)
	for _, a := range netlink.Attrs(native, b[unix.SizeofRtMsg:]) {
		switch a.Kind {
		case unix.RTA_TABLE:
			r.Table = u32of(a.Data)
		case unix.RTA_OIF:
			r.Links = append(r.Links, u32of(a.Data))
		case unix.RTA_GATEWAY:
			r.Gateway, _ = netip.AddrFromSlice(a.Data)
		case unix.RTA_PREFSRC:
			r.Src, _ = netip.AddrFromSlice(a.Data)
		case unix.RTA_PRIORITY:
			r.Metric = u32of(a.Data)
		case unix.RTA_MULTIPATH:
			r.Links = append(r.Links, nextHops(a.Data)...)
		}
	}
	return r
}

// nextHops walks struct rtnexthop: length, flags, hops, interface.
func nextHops(b []byte) []uint32 {
	var out []uint32
	for len(b) >= unix.SizeofRtNexthop && len(out) < 64 {
		n := int(native.Uint16(b))
		if n < unix.SizeofRtNexthop || n > len(b) {
			break
		}
		out = append(out, native.Uint32(b[4:]))
		b = b[min((n+3)&^3, len(b)):]
	}
	return out
}

func readRules(ctx context.Context, f *facts.Facts) facts.Fact[[]facts.Rule] {
	t := kernelTable{"netlink RTM_GETRULE", "policy rules", unix.RTM_GETRULE, unix.RTM_NEWRULE, make([]byte, unix.SizeofRtMsg), maxRoutes}
	v6 := f.Query.Group.Is6()
	t.header[0] = familyOf(v6)
	return entries(ctx, f, t, func(b []byte) (facts.Rule, bool) { return decodeRule(b, v6), true })
}

// decodeRule reads struct fib_rule_hdr and its attributes.
func decodeRule(b []byte, v6 bool) facts.Rule {
	actions := map[byte]string{1: "lookup", 2: "goto", 3: "nop", 6: "blackhole", 7: "unreachable", 8: "prohibit"}
	const invert = 2 // FIB_RULE_INVERT
	r := facts.Rule{Table: uint32(b[4]), Action: actions[b[7]], V6: v6, Invert: native.Uint32(b[8:])&invert != 0}
	prefix := func(data []byte, bits byte) netip.Prefix {
		a, _ := netip.AddrFromSlice(data)
		return netip.PrefixFrom(a, int(bits))
	}
	for _, a := range netlink.Attrs(native, b[unix.SizeofRtMsg:]) {
		switch a.Kind {
		case unix.FRA_DST:
			r.Dst = prefix(a.Data, b[1])
		case unix.FRA_SRC:
			r.Src = prefix(a.Data, b[2])
		case unix.FRA_IIFNAME:
			r.In = netlink.Text(a.Data)
		case unix.FRA_OIFNAME:
			r.Out = netlink.Text(a.Data)
		case unix.FRA_PRIORITY:
			r.Priority = u32of(a.Data)
		case unix.FRA_FWMARK:
			mark := u32of(a.Data)
			r.Mark = &mark
		case unix.FRA_FWMASK:
			mask := u32of(a.Data)
			r.Mask = &mask
		case unix.FRA_UID_RANGE:
			if len(a.Data) == 8 {
				r.UIDs = &[2]uint32{native.Uint32(a.Data), native.Uint32(a.Data[4:])}
			}
		case unix.FRA_IP_PROTO:
			r.Protocol = byte(u32of(a.Data))
		case unix.FRA_SPORT_RANGE, unix.FRA_DPORT_RANGE:
			if len(a.Data) == 4 {
				ports := &[2]uint16{native.Uint16(a.Data), native.Uint16(a.Data[2:])}
				if a.Kind == unix.FRA_SPORT_RANGE {
					r.SrcPorts = ports
				} else {
					r.DstPorts = ports
				}
			}
		case unix.FRA_L3MDEV:
			r.L3MDev = u32of(a.Data) != 0
		case unix.FRA_SUPPRESS_PREFIXLEN:
			if n := int32(u32of(a.Data)); n >= 0 {
				r.SuppressPrefix = &n
			}
		case unix.FRA_TABLE:
			r.Table = u32of(a.Data)
		}
	}
	return r
}

// askRoute is `ip route get`: what the kernel would do with a heartbeat of the
// Tomcat that runs here, or of this process's user where none does. Rules of policy
// routing may ask for the user, the protocol and the ports.
func askRoute(ctx context.Context, f *facts.Facts) facts.Fact[facts.RouteAnswer] {
	uid := tomcatUser(f)
	a, err := routeGet(ctx, f.Query.Group, &packet{uid, unix.IPPROTO_UDP, f.Query.Port, f.Query.Port})
	if errors.Is(err, unix.EOPNOTSUPP) { // a kernel before 4.17 knows no such question
		a, err = routeGet(ctx, f.Query.Group, nil)
	}
	if err != nil {
		return facts.Unread[facts.RouteAnswer](routeFrom, because("asking for a route", err))
	}
	return facts.Read(a, routeFrom)
}

const routeFrom = "netlink RTM_GETROUTE"

// tomcatUser is the user of the Tomcat that runs here, or this process's where none does.
func tomcatUser(f *facts.Facts) uint32 {
	if p, ok := f.Member(); ok && p.UID != nil {
		return *p.UID
	}
	return uint32(os.Geteuid())
}

// packet is what rules may ask of a packet: its user, its protocol and its ports, 0 for
// one that the kernel chooses.
type packet struct {
	uid         uint32
	proto       byte
	source, dst uint16
}

func routeGet(ctx context.Context, to netip.Addr, as *packet) (facts.RouteAnswer, error) {
	to = to.WithZone("")
	body := make([]byte, unix.SizeofRtMsg)
	body[0], body[1] = familyOf(to.Is6()), byte(to.BitLen())
	const lookupTable = 0x1000 // RTM_F_LOOKUP_TABLE: answer with the table that has the route
	native.PutUint32(body[8:], lookupTable)
	attr := func(kind uint16, data []byte) {
		body = native.AppendUint16(body, uint16(4+len(data)))
		body = native.AppendUint16(body, kind)
		body = append(body, data...)
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
	}
	attr(unix.RTA_DST, to.AsSlice())
	if as != nil {
		attr(unix.RTA_UID, native.AppendUint32(nil, as.uid))
		attr(unix.RTA_IP_PROTO, []byte{as.proto})
		if as.source != 0 {
			attr(unix.RTA_SPORT, binary.BigEndian.AppendUint16(nil, as.source))
		}
		attr(unix.RTA_DPORT, binary.BigEndian.AppendUint16(nil, as.dst))
	}
	answer := facts.RouteAnswer{To: to}
	err := netlink.Get(ctx, unix.NETLINK_ROUTE, unix.RTM_GETROUTE, body, func(kind uint16, b []byte) error {
		if kind != unix.RTM_NEWROUTE || len(b) < unix.SizeofRtMsg {
			return nil
		}
		r := decodeRoute(b)
		answer.Type, answer.Table, answer.Gateway, answer.Src = r.Type, r.Table, r.Gateway, r.Src
		if len(r.Links) > 0 {
			answer.Link = r.Links[0]
		}
		return nil
	})
	switch name := errnoName(err); name {
	case "ENETUNREACH", "EHOSTUNREACH", "EINVAL", "EACCES", "EADDRNOTAVAIL":
		answer.Errno = name
		return answer, nil
	}
	return answer, err
}

// askSources asks for the ways back: to the source that was named, and to the
// neighbours, which are the senders most likely.
func askSources(ctx context.Context, f *facts.Facts) facts.Fact[[]facts.RouteAnswer] {
	var to []netip.Addr
	if f.Query.Source.IsValid() {
		to = append(to, f.Query.Source)
	}
	named := f.Query.Peers
	if c := f.Query.Cluster; c != nil {
		for _, m := range c.Members {
			named = append(named, m.Addr())
		}
	}
	for _, p := range named {
		if p.IsValid() && len(to) < maxSources && !slices.Contains(to, p) {
			to = append(to, p)
		}
	}
	for _, n := range f.Neighbours.Value {
		if n.Addr.Is4() && !slices.Contains(to, n.Addr) && len(to) < maxSources {
			to = append(to, n.Addr)
		}
	}
	return askRoutes(ctx, to, nil)
}

// askReceivers asks for the ways to the same hosts once more, as a connection of the
// Tomcat that runs here to a receiver: rules of policy routing may treat it unlike all
// else.
func askReceivers(ctx context.Context, f *facts.Facts) facts.Fact[[]facts.RouteAnswer] {
	if !f.ToSources.Known() {
		return f.ToSources
	}
	var to []netip.Addr
	for _, r := range f.ToSources.Value {
		to = append(to, r.To)
	}
	return askRoutes(ctx, to, &packet{uid: tomcatUser(f), proto: unix.IPPROTO_TCP, dst: f.Query.TCPPort})
}

func askRoutes(ctx context.Context, to []netip.Addr, as *packet) facts.Fact[[]facts.RouteAnswer] {
	out := []facts.RouteAnswer{}
	for _, a := range to {
		r, err := routeGet(ctx, a, as)
		if err != nil {
			return facts.Unread[[]facts.RouteAnswer](routeFrom, fmt.Sprintf("asking for the way to %s: %v", a, err))
		}
		out = append(out, r)
	}
	return facts.Read(out, routeFrom)
}
