// Package filter is the language in which a person says which packets to keep.
// Parse reads an expression; the result decides about a captured packet
// (Match), and compiles to the kernel's packet filter (Program), so that a live
// capture is filtered before it costs anything. Both give the same answer.
//
// An expression joins these with "and", "or", "not" and parentheses:
//
//	group GROUP           sent to the group, or to one of the range; with a port
//	                      or a source in GROUP, also by that port or source
//	source ADDRESS[/LEN]  sent by this address or network
//	host ADDRESS[/LEN]    sent by it or to it
//	[udp|tcp] [src|dst] port N[-M]
//	udp, tcp, igmp, mld, icmp, icmp6, pim, vrrp, arp, ip, ip6
//	multicast             sent to any group
//	vlan [ID]             carries a VLAN tag, one of the first two has the ID
//	tribes                a heartbeat or a broadcast by its first bytes, or TCP that
//	                      is a receiver's: ports 4000-4099, or a frame's first bytes
//	fragment              one of the pieces of a larger datagram
//	all                   every packet
//
// VLAN tags, up to two, are looked through: "udp" matches with and without them.
// A packet too short for a question answers it with no. Ports are those of
// packets whose UDP or TCP header is in the packet, directly behind IPv4 or the
// fixed header of IPv6, as in tcpdump.
package filter
