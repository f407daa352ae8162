package facts

import (
	"net/netip"
	"slices"
)

// Interface flags as SIOCGIFFLAGS has them on Linux; collectors of other systems
// translate theirs.
const (
	FlagUp           = 0x1
	FlagBroadcast    = 0x2
	FlagLoopback     = 0x8
	FlagPointToPoint = 0x10
	FlagRunning      = 0x40
	FlagNoARP        = 0x80
	FlagPromisc      = 0x100
	FlagAllMulti     = 0x200
	FlagMulticast    = 0x1000
)

// Link is a network interface.
type Link struct {
	Index uint32 `json:"index"`
	Name  string `json:"name"`
	Flags uint32 `json:"flags"`
	MTU   uint32 `json:"mtu"`
	// Type is the ARPHRD number (1 Ethernet, 772 loopback, 65534 none).
	Type uint16 `json:"type"`
	// Kind is veth, bridge, tun, wireguard, macvlan, vrf, ... and "" for hardware.
	Kind string `json:"kind,omitempty"`
	// Mode of a macvlan: private, vepa, bridge, passthru.
	Mode string `json:"mode,omitempty"`
	MAC  string `json:"mac,omitempty"`
	// OperState is up, down, lowerlayerdown, dormant, unknown, ...
	OperState string `json:"oper_state,omitempty"`
	// Carrier is nil where the system does not tell (as for an interface that is
	// down).
	Carrier     *bool  `json:"carrier,omitempty"`
	CarrierUps  uint32 `json:"carrier_ups,omitempty"`
	CarrierDown uint32 `json:"carrier_downs,omitempty"`
	// Master is the bridge, bond or VRF above, Parent the interface below (of a VLAN
	// or macvlan); 0 is none. A parent in another namespace is not named.
	Master uint32 `json:"master,omitempty"`
	Parent uint32 `json:"parent,omitempty"`
	Group  uint32 `json:"group,omitempty"`
	// Promiscuity and AllMulti count who wants all frames and all multicast ones.
	Promiscuity uint32 `json:"promiscuity,omitempty"`
	AllMulti    uint32 `json:"all_multi,omitempty"`
	TxQueueLen  uint32 `json:"tx_queue_len,omitempty"`
	// XDP: a program sees frames before everybody else.
	XDP bool `json:"xdp,omitempty"`
	// Wireless, Virtual function of SR-IOV: as sysfs shows them.
	Wireless        bool `json:"wireless,omitempty"`
	VirtualFunction bool `json:"virtual_function,omitempty"`
	// ResendIGMP is a bond's resend_igmp.
	ResendIGMP *uint32   `json:"resend_igmp,omitempty"`
	Stats      LinkStats `json:"stats,omitzero"`
	// Port holds the settings of a bridge port.
	Port *BridgePort `json:"port,omitempty"`
	// Metric is the interface metric of Windows.
	Metric uint32 `json:"metric,omitempty"`
	Driver string `json:"driver,omitempty"`
}

// LinkStats are counters since the interface was made.
type LinkStats struct {
	RxPackets uint64 `json:"rx_packets"`
	TxPackets uint64 `json:"tx_packets"`
	RxErrors  uint64 `json:"rx_errors,omitempty"`
	TxErrors  uint64 `json:"tx_errors,omitempty"`
	RxDropped uint64 `json:"rx_dropped,omitempty"`
	TxDropped uint64 `json:"tx_dropped,omitempty"`
	Multicast uint64 `json:"multicast,omitempty"`
}

// Has reports whether all the flags are set.
func (l Link) Has(flags uint32) bool { return l.Flags&flags == flags }

// Addr is an address of an interface.
type Addr struct {
	Link   uint32       `json:"link"`
	Prefix netip.Prefix `json:"prefix"` // the address with its own length
	// Scope is global, site, link or host.
	Scope     string `json:"scope,omitempty"`
	Secondary bool   `json:"secondary,omitempty"`
	// Tentative or failed duplicate address detection (IPv6).
	Tentative bool `json:"tentative,omitempty"`
	Duplicate bool `json:"duplicate,omitempty"`
}

// Route is an entry of a routing table.
type Route struct {
	Table uint32 `json:"table"`
	// Type is unicast, local, broadcast, multicast, blackhole, unreachable,
	// prohibit, throw.
	Type string `json:"type"`
	// Dst of a default route has length 0.
	Dst     netip.Prefix `json:"dst"`
	Gateway netip.Addr   `json:"gateway,omitzero"`
	Links   []uint32     `json:"links,omitempty"`
	Src     netip.Addr   `json:"src,omitzero"`
	Metric  uint32       `json:"metric,omitempty"`
}

// Rule is a policy routing rule.
type Rule struct {
	Priority uint32       `json:"priority"`
	Src      netip.Prefix `json:"src,omitzero"`
	Dst      netip.Prefix `json:"dst,omitzero"`
	In       string       `json:"in,omitempty"`
	Out      string       `json:"out,omitempty"`
	Mark     *uint32      `json:"mark,omitempty"`
	// Action is lookup, goto, blackhole, unreachable, prohibit.
	Action string `json:"action"`
	Table  uint32 `json:"table,omitempty"`
	V6     bool   `json:"v6,omitempty"`
	// Invert turns the selectors around (ip rule add not ...).
	Invert bool `json:"invert,omitempty"`
	// UIDs, SrcPorts and DstPorts are first and last of a range, nil for any.
	UIDs     *[2]uint32 `json:"uids,omitempty"`
	SrcPorts *[2]uint16 `json:"src_ports,omitempty"`
	DstPorts *[2]uint16 `json:"dst_ports,omitempty"`
	// Protocol is an IP protocol's number, 0 for any.
	Protocol byte `json:"protocol,omitempty"`
	// Mask is the mask of Mark, nil for all bits.
	Mask *uint32 `json:"mask,omitempty"`
	// L3MDev looks into the table of the VRF that the interface is in.
	L3MDev bool `json:"l3mdev,omitempty"`
	// SuppressPrefix drops answers with a prefix of that length or shorter; nil: none.
	SuppressPrefix *int32 `json:"suppress_prefix,omitempty"`
}

// RouteAnswer is what the system says to "which way to this address?".
type RouteAnswer struct {
	To netip.Addr `json:"to"`
	// Type is multicast, unicast, local, ...
	Type    string     `json:"type,omitempty"`
	Link    uint32     `json:"link,omitempty"`
	Gateway netip.Addr `json:"gateway,omitzero"`
	Src     netip.Addr `json:"src,omitzero"`
	Table   uint32     `json:"table,omitempty"`
	// Errno is the refusal's name (ENETUNREACH, EINVAL, EHOSTUNREACH, EACCES), ""
	// for an answer.
	Errno string `json:"errno,omitempty"`
}

// Neighbour is another host on a link.
type Neighbour struct {
	Link uint32     `json:"link"`
	Addr netip.Addr `json:"addr"`
	MAC  string     `json:"mac,omitempty"`
}

// Membership is a group joined on an interface of the host, by whichever process.
type Membership struct {
	Link  uint32     `json:"link"`
	Group netip.Addr `json:"group"`
	Users int        `json:"users,omitempty"`
	// Version is that of the protocol in force on the interface: V1, V2, V3 of IGMP.
	Version string `json:"version,omitempty"`
}

// SourceFilter is the filter of a group on an interface: the includes and excludes
// that sockets asked for of one source.
type SourceFilter struct {
	Link     uint32     `json:"link"`
	Group    netip.Addr `json:"group"`
	Source   netip.Addr `json:"source"`
	Includes int        `json:"includes"`
	Excludes int        `json:"excludes"`
}

// LinkGroup is an entry of an interface's list of link-layer groups.
type LinkGroup struct {
	Link uint32 `json:"link"`
	MAC  string `json:"mac"`
}

// Bridge is how a Linux bridge treats multicast.
type Bridge struct {
	Link     uint32 `json:"link"`
	Snooping bool   `json:"snooping"`
	Querier  bool   `json:"querier"`
	// UseIfaddr: its queries carry its address rather than 0.0.0.0.
	UseIfaddr bool   `json:"use_ifaddr"`
	HashMax   uint32 `json:"hash_max,omitempty"`
	// Entries of its group database.
	Entries int `json:"entries"`
	// OtherQuerier is the address of another querier that it knows, invalid for
	// none; QuerierInterval for how long it believes in one, in seconds.
	OtherQuerier    netip.Addr `json:"other_querier,omitzero"`
	OtherPort       uint32     `json:"other_port,omitempty"`
	QuerierInterval float64    `json:"querier_interval_s,omitempty"`
	// CallsIPTables and CallsIP6Tables: its own nf_call settings, beside the sysctls.
	CallsIPTables  bool `json:"nf_call_iptables,omitempty"`
	CallsIP6Tables bool `json:"nf_call_ip6tables,omitempty"`
}

// BridgePort is how a bridge treats one of its ports.
type BridgePort struct {
	MulticastFlood bool   `json:"mcast_flood"`
	FastLeave      bool   `json:"fast_leave,omitempty"`
	Isolated       bool   `json:"isolated,omitempty"`
	Router         uint32 `json:"mcast_router"`
	State          uint32 `json:"state"` // 3 is forwarding
}

// Queue is a queueing discipline at an interface.
type Queue struct {
	Link  uint32 `json:"link"`
	Kind  string `json:"kind"`
	Drops uint64 `json:"drops"`
	Sent  uint64 `json:"sent"`
}

// link finds an interface; the zero Link with false where there is none.
func (f *Facts) LinkAt(index uint32) (Link, bool) {
	i := slices.IndexFunc(f.Links.Value, func(l Link) bool { return l.Index == index })
	if i < 0 {
		return Link{}, false
	}
	return f.Links.Value[i], true
}

// GoneLink stands for the name of an interface that is not in the list.
const GoneLink = "an interface that is gone"

func (f *Facts) LinkName(index uint32) string {
	if l, ok := f.LinkAt(index); ok {
		return l.Name
	}
	return GoneLink
}

// addrsOf are the addresses of an interface, of one family where v6 says which.
func (f *Facts) AddrsOf(link uint32, v6 bool) []Addr {
	var out []Addr
	for _, a := range f.Addrs.Value {
		if a.Link == link && a.Prefix.Addr().Is6() == v6 {
			out = append(out, a)
		}
	}
	return out
}

func (f *Facts) BridgeAt(link uint32) (Bridge, bool) {
	i := slices.IndexFunc(f.Bridges.Value, func(b Bridge) bool { return b.Link == link })
	if i < 0 {
		return Bridge{}, false
	}
	return f.Bridges.Value[i], true
}

// ports are the interfaces below a bridge, bond or VRF.
func (f *Facts) Ports(master uint32) []Link {
	var out []Link
	for _, l := range f.Links.Value {
		if l.Master == master && master != 0 {
			out = append(out, l)
		}
	}
	return out
}
