package firewall

import (
	"encoding/hex"
	"fmt"
	"net/netip"
)

// Ruleset is everything that the host's packet filter holds.
type Ruleset struct {
	Tables []Table `json:"tables"`
	// BigEndian is the byte order of the host, in which the kernel keeps marks and
	// interface indexes.
	BigEndian bool `json:"big_endian,omitempty"`
	// Unread says in words what exists but could not be read; every answer is then
	// at best Unknown.
	Unread []string `json:"unread,omitempty"`
	// IPSets are the sets of ipset that rules ask for.
	IPSets []IPSet `json:"ip_sets,omitempty"`
	// Recent are the addresses in the lists of iptables' match "recent", by name.
	Recent map[string][]netip.Addr `json:"recent,omitempty"`
	// IPsec are the kernel's policies, Programs what else sees packets.
	IPsec    []Policy  `json:"ipsec,omitempty"`
	Programs []Program `json:"programs,omitempty"`
	// UnreadARP is Unread for what filters ARP alone.
	UnreadARP []string `json:"unread_arp,omitempty"`
	// Answers stand in for the rules where those were taken out to keep them secret:
	// what Evaluate said while they were there.
	Answers []Answer `json:"answers,omitempty"`
}

// Table is an nftables table, or a legacy one of iptables.
type Table struct {
	// Family is ip, ip6, inet, netdev, bridge or arp.
	Family string `json:"family"`
	Name   string `json:"name"`
	// Dormant tables are kept but not used.
	Dormant bool    `json:"dormant,omitempty"`
	Chains  []Chain `json:"chains"`
	Sets    []Set   `json:"sets,omitempty"`
	// Legacy: from iptables-save, outside nftables.
	Legacy bool `json:"legacy,omitempty"`
	// Tool is the program that changes a legacy table on this host.
	Tool string `json:"tool,omitempty"`
}

// Chain is a list of rules. A base chain has a Hook.
type Chain struct {
	Name string `json:"name"`
	// Hook is prerouting, input, forward, output, postrouting, ingress or egress;
	// "" for a chain that others jump to.
	Hook     string `json:"hook,omitempty"`
	Priority int32  `json:"priority,omitempty"`
	// Type is filter, route or nat.
	Type string `json:"type,omitempty"`
	// Policy of a base chain: accept or drop.
	Policy string `json:"policy,omitempty"`
	// Devices bind a chain of the hooks ingress and egress.
	Devices []string `json:"devices,omitempty"`
	Rules   []Rule   `json:"rules"`
	// Cut: it has more rules than were read.
	Cut bool `json:"cut,omitempty"`
}

// Rule is one rule: its expressions run in order until one does not match.
type Rule struct {
	// Handle names the rule to nft; legacy rules have none.
	Handle uint64 `json:"handle,omitempty"`
	// Text is the rule as nft or iptables-save would write it, as well as we can.
	Text  string `json:"text"`
	Exprs []Expr `json:"exprs"`
	// Packets is what the rule's counter says, where it has one.
	Packets *uint64 `json:"packets,omitempty"`

	comment string
}

// Expr is one expression, flat: Kind says which fields mean something.
type Expr struct {
	// Kind is the kernel's name of the expression (meta, payload, cmp, ...), or
	// "xt" and "xt-target" for the matches and targets of iptables.
	Kind string `json:"kind"`
	// Key is what meta, ct, fib, rt, socket and numgen load.
	Key string `json:"key,omitempty"`
	// Src and Dst are registers, numbered in words of four bytes from 4 to 19 as the
	// kernel does inside; 0 is none.
	Src  uint8 `json:"src,omitempty"`
	Src2 uint8 `json:"src2,omitempty"` // of bitwise operations on two registers
	Dst  uint8 `json:"dst,omitempty"`
	// Base, Offset and Len locate a payload load; Offset and Len a part of an
	// extension header too; Len alone how much bitwise and byteorder take.
	Base   string `json:"base,omitempty"`
	Offset uint32 `json:"offset,omitempty"`
	Len    uint32 `json:"len,omitempty"`
	// Op is the comparison (==, !=, <, <=, >, >=), the name of an operation, or
	// "map" for a lookup that takes what the element carries.
	Op string `json:"op,omitempty"`
	// Data is the value of cmp and immediate, the mask of bitwise, the start of
	// range; Data2 the xor of bitwise, the end of range.
	Data  Hex `json:"data,omitempty"`
	Data2 Hex `json:"data2,omitempty"`
	// Set is looked up or updated; Invert turns a lookup or a limit around.
	Set    string `json:"set,omitempty"`
	Invert bool   `json:"invert,omitempty"`
	// Verdict is accept, drop, continue, break, jump, goto, return or queue; Chain
	// the target of a jump.
	Verdict string `json:"verdict,omitempty"`
	Chain   string `json:"chain,omitempty"`
	// Flags refine fib (saddr, daddr, iif, oif, mark) and exthdr (present).
	Flags []string `json:"flags,omitempty"`
	// Name and Args are an iptables match or target with its options.
	Name string   `json:"name,omitempty"`
	Args []string `json:"args,omitempty"`
	// Stateful: it carries a limit, quota or the like, whose state decides.
	Stateful bool `json:"stateful,omitempty"`
}

// Set is a set or a map.
type Set struct {
	Name string `json:"name"`
	// KeyLen and Fields are lengths in bytes; Fields are there for concatenations
	// of intervals, each rounded up to four.
	KeyLen uint32   `json:"key_len"`
	Fields []uint32 `json:"fields,omitempty"`
	// Map: elements carry data or verdicts.
	Map      bool      `json:"map,omitempty"`
	Elements []Element `json:"elements"`
	// Unread: there are more elements than were read, or an element that was not
	// understood.
	Unread bool `json:"unread,omitempty"`

	interval bool // as read: starts and ends are elements of their own
}

// Element is a value or, with End, the values from Key to End inclusive (field by
// field in a concatenation).
type Element struct {
	Key      Hex    `json:"key,omitempty"`
	End      Hex    `json:"end,omitempty"`
	CatchAll bool   `json:"catch_all,omitempty"`
	Data     Hex    `json:"data,omitempty"`
	Verdict  string `json:"verdict,omitempty"`
	Chain    string `json:"chain,omitempty"`
}

// Hex is bytes that JSON shows in hexadecimal.
type Hex []byte

// MarshalText writes lower-case hexadecimal.
func (h Hex) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

// UnmarshalText reads hexadecimal.
func (h *Hex) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil {
		return fmt.Errorf("bytes %q: %w", text, err)
	}
	*h = b
	return nil
}

// table and chain find by name; nil where there is none.
func (r *Ruleset) table(family, name string, legacy bool) *Table {
	for i := range r.Tables {
		if t := &r.Tables[i]; t.Family == family && t.Name == name && t.Legacy == legacy {
			return t
		}
	}
	return nil
}

func (t *Table) chain(name string) *Chain {
	for i := range t.Chains {
		if t.Chains[i].Name == name {
			return &t.Chains[i]
		}
	}
	return nil
}

func (t *Table) set(name string) *Set {
	for i := range t.Sets {
		if t.Sets[i].Name == name {
			return &t.Sets[i]
		}
	}
	return nil
}

// Rules counts the rules of all tables.
func (r *Ruleset) Rules() int {
	n := 0
	for _, t := range r.Tables {
		for _, c := range t.Chains {
			n += len(c.Rules)
		}
	}
	return n
}
