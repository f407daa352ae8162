package collect

import (
	"context"
	"net/netip"

	"golang.org/x/sys/unix"

	"muster/internal/netlink"
	"muster/routecheck/facts"
)

// readBridges reads the multicast settings of every bridge, and how many groups
// its database holds.
func readBridges(ctx context.Context, f *facts.Facts) facts.Fact[[]facts.Bridge] {
	const from = "netlink RTM_GETLINK, RTM_GETMDB"
	out := []facts.Bridge{}
	for _, l := range f.Links.Value {
		if l.Kind != "bridge" {
			continue
		}
		body := make([]byte, unix.SizeofIfInfomsg)
		native.PutUint32(body[4:], l.Index)
		err := netlink.Get(ctx, unix.NETLINK_ROUTE, unix.RTM_GETLINK, body, func(kind uint16, b []byte) error {
			if kind == unix.RTM_NEWLINK && len(b) >= unix.SizeofIfInfomsg {
				info := netlink.Attrs(native, netlink.Find(netlink.Attrs(native, b[unix.SizeofIfInfomsg:]), unix.IFLA_LINKINFO))
				out = append(out, decodeBridge(l.Index, netlink.Attrs(native, netlink.Find(info, unix.IFLA_INFO_DATA))))
			}
			return nil
		})
		if err != nil {
			return facts.Unread[[]facts.Bridge](from, because("reading the bridge "+l.Name, err))
		}
	}
	if len(out) == 0 {
		return facts.Read(out, from)
	}
	const brPortMsg, getMDB = 8, 86
	body := make([]byte, brPortMsg)
	body[0] = unix.AF_BRIDGE
	err := netlink.Dump(ctx, unix.NETLINK_ROUTE, getMDB, body, func(_ uint16, b []byte) error {
		if len(b) < brPortMsg {
			return nil
		}
		const mdb, entry = 1, 1
		for _, a := range netlink.Attrs(native, netlink.Find(netlink.Attrs(native, b[brPortMsg:]), mdb)) {
			for i := range out {
				if out[i].Link == native.Uint32(b[4:]) && a.Kind == entry {
					out[i].Entries++
				}
			}
		}
		return nil
	})
	if err != nil {
		return facts.Unread[[]facts.Bridge](from, because("reading the groups of bridges", err))
	}
	return facts.Read(out, from)
}

// decodeBridge reads IFLA_BR_*.
func decodeBridge(link uint32, as []netlink.Attr) facts.Bridge {
	const snooping, useIfaddr, querier, hashMax, querierInterval, callIP, callIP6, state = 23, 24, 25, 27, 32, 36, 37, 47
	const userHZ = 100
	b := facts.Bridge{
		Link: link, Snooping: u32of(netlink.Find(as, snooping)) != 0, Querier: u32of(netlink.Find(as, querier)) != 0,
		UseIfaddr: u32of(netlink.Find(as, useIfaddr)) != 0, HashMax: u32of(netlink.Find(as, hashMax)),
		CallsIPTables: u32of(netlink.Find(as, callIP)) != 0, CallsIP6Tables: u32of(netlink.Find(as, callIP6)) != 0,
	}
	if d := netlink.Find(as, querierInterval); len(d) == 8 {
		b.QuerierInterval = float64(native.Uint64(d)) / userHZ
	}
	const ip, ipPort, ipTimer = 1, 2, 3
	q := netlink.Attrs(native, netlink.Find(as, state))
	if netlink.Find(q, ipTimer) != nil { // only while it believes in another one
		if a, ok := netip.AddrFromSlice(netlink.Find(q, ip)); ok {
			b.OtherQuerier, b.OtherPort = a, u32of(netlink.Find(q, ipPort))
		}
	}
	return b
}
