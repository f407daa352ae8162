package firewall

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"muster/internal/netlink"
)

// Limits of Read. What lies beyond is named in Unread or marks its set.
const (
	maxRules    = 12_000  // of some 5 KB each
	maxElements = 20_000  // of one set
	maxAll      = 100_000 // elements of all sets
)

const subsystem = unix.NFNL_SUBSYS_NFTABLES << 8

// Read collects the nftables rules of this network namespace. It needs
// CAP_NET_ADMIN there (unix.EPERM else).
func Read(ctx context.Context) (*Ruleset, error) {
	d := newDecoder(binary.NativeEndian)
	dump := func(kind uint16, body []byte, each func([]byte) error) error {
		return netlink.Dump(ctx, unix.NETLINK_NETFILTER, subsystem|kind, body, func(_ uint16, b []byte) error { return each(b) })
	}
	all := []byte{unix.AF_UNSPEC, unix.NFNETLINK_V0, 0, 0}
	if err := dump(unix.NFT_MSG_GETTABLE, all, func(b []byte) error { d.addTable(b); return nil }); err != nil {
		return nil, fmt.Errorf("list nftables tables: %w", err)
	}
	if len(d.rules.Tables) == 0 {
		return d.finish(), nil
	}
	uses := uint64(0)
	if err := dump(unix.NFT_MSG_GETCHAIN, all, func(b []byte) error { uses += uint64(d.addChain(b)); return nil }); err != nil {
		return nil, fmt.Errorf("list nftables chains: %w", err)
	}
	n := 0
	err := dump(unix.NFT_MSG_GETRULE, all, func(b []byte) error {
		if n++; n > maxRules {
			d.cutAt(b)
			d.rules.Unread = append(d.rules.Unread, fmt.Sprintf("there are about %d nftables rules, and muster reads %d", uses, maxRules))
			return netlink.Stop
		}
		d.addRule(b)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list nftables rules: %w", err)
	}
	d.rules.ReadLists(ctx)
	if len(d.want) == 0 {
		return d.finish(), nil
	}
	type setName struct{ family, table, name string }
	var wanted []setName
	err = dump(unix.NFT_MSG_GETSET, all, func(b []byte) error {
		if f, t, s, ok := d.addSet(b); ok {
			wanted = append(wanted, setName{f, t, s})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list nftables sets: %w", err)
	}
	for _, w := range wanted {
		err := dump(unix.NFT_MSG_GETSETELEM, elementsRequest(w.family, w.table, w.name), func(b []byte) error {
			if !d.addElements(b, min(maxElements, maxAll-d.elements)) {
				return netlink.Stop
			}
			return nil
		})
		if errors.Is(err, unix.ENOENT) {
			continue // the set went away in between, and its rules with it
		}
		if err != nil {
			return nil, fmt.Errorf("list nftables set %s: %w", w.name, err)
		}
	}
	return d.finish(), nil
}

// elementsRequest names a set: NFTA_SET_ELEM_LIST_TABLE and _SET.
func elementsRequest(family, table, set string) []byte {
	number := byte(0)
	for n, f := range families {
		if f == family {
			number = n
		}
	}
	b := []byte{number, unix.NFNETLINK_V0, 0, 0}
	for i, s := range []string{table, set} {
		n := 4 + len(s) + 1
		b = binary.NativeEndian.AppendUint16(b, uint16(n))
		b = binary.NativeEndian.AppendUint16(b, uint16(i+1))
		b = append(append(b, s...), 0)
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
	}
	return b
}
