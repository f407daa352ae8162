package netlab

import (
	"encoding/binary"
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// chain is a base chain of a fault's own table; each rule drops what it matches.
type chain struct {
	hook   *nftables.ChainHook
	device string // in the netdev family
	drops  [][]expr.Any
}

// filter adds a table of the given chains to the namespace; remove takes it away.
func (ns *namespace) filter(family nftables.TableFamily, name string, chains ...chain) (remove func() error, err error) {
	c, err := nftables.New(nftables.WithNetNSFd(int(ns.net.Fd())))
	if err != nil {
		return nil, fmt.Errorf("nf_tables: %w", err)
	}
	table := c.CreateTable(&nftables.Table{Name: name, Family: family})
	for i, ch := range chains {
		base := c.AddChain(&nftables.Chain{
			Name: fmt.Sprintf("c%d", i), Table: table, Type: nftables.ChainTypeFilter,
			Hooknum: ch.hook, Priority: nftables.ChainPriorityFilter, Device: ch.device,
		})
		for _, match := range ch.drops {
			c.AddRule(&nftables.Rule{Table: table, Chain: base, Exprs: append(match, &expr.Counter{}, &expr.Verdict{Kind: expr.VerdictDrop})})
		}
	}
	if err := c.Flush(); err != nil {
		return nil, fmt.Errorf("nf_tables: adding table %s: %w", name, err)
	}
	return func() error {
		c.DelTable(table)
		return c.Flush()
	}, nil
}

// matches returns the rules that together match the traffic.
func (t Traffic) matches() ([][]expr.Any, error) {
	switch t.Protocol {
	case "udp":
		return [][]expr.Any{append(l4(unix.IPPROTO_UDP), transport(2, be16(t.Port))...)}, nil
	case "tcp":
		return [][]expr.Any{append(l4(unix.IPPROTO_TCP), transport(2, be16(t.Port))...)}, nil
	case "igmp":
		return [][]expr.Any{l4(unix.IPPROTO_IGMP)}, nil
	case "mld":
		var rules [][]expr.Any
		for _, kind := range []byte{130, 131, 132, 143} { // query, report, done, version 2 report
			rules = append(rules, append(l4(unix.IPPROTO_ICMPV6), transport(0, []byte{kind})...))
		}
		return rules, nil
	}
	return nil, fmt.Errorf("no traffic %q: say udp, tcp, igmp or mld", t.Protocol)
}

func l4(protocol byte) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{protocol}},
	}
}

func transport(offset uint32, want []byte) []expr.Any {
	return []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: offset, Len: uint32(len(want))},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: want},
	}
}

// perMille matches n of 1000 frames, by chance.
func perMille(n uint32) []expr.Any {
	return []expr.Any{
		&expr.Numgen{Register: 1, Modulus: 1000, Type: unix.NFT_NG_RANDOM},
		// A comparison of registers is one of bytes.
		&expr.Byteorder{SourceRegister: 1, DestRegister: 1, Op: expr.ByteorderHton, Len: 4, Size: 4},
		&expr.Cmp{Op: expr.CmpOpLt, Register: 1, Data: binary.BigEndian.AppendUint32(nil, n)},
	}
}

func inBy(device string) []expr.Any  { return byName(expr.MetaKeyIIFNAME, expr.CmpOpEq, device) }
func outBy(device string) []expr.Any { return byName(expr.MetaKeyOIFNAME, expr.CmpOpEq, device) }

func byName(key expr.MetaKey, op expr.CmpOp, device string) []expr.Any {
	name := make([]byte, unix.IFNAMSIZ)
	copy(name, device)
	return []expr.Any{&expr.Meta{Key: key, Register: 1}, &expr.Cmp{Op: op, Register: 1, Data: name}}
}

func be16(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }
