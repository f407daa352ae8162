// Package firewall answers whether the packet filter of a Linux host lets a
// packet through: not by guessing from names of zones, but by walking the rules
// as the kernel would.
//
// A Ruleset is plain data: nftables as the kernel tells it over netlink (the
// rules that iptables-nft writes are among them) and, in the same form, the
// legacy tables that iptables-save prints. Evaluate is a pure function of a
// Ruleset and a Packet. What a packet's sender may vary, the packet leaves
// unknown bit by bit; a rule whose match hangs on such bits, or on what no
// observer can know (a rate, a random number, a program), makes the answer
// Unknown and is named, unless both ways lead to the same end.
//
// Sources: linux/netfilter/nf_tables.h, nft(8), iptables-extensions(8), and the
// kernel's net/netfilter for the meaning of each expression.
package firewall
