package firewall

import (
	"encoding/binary"

	"muster/internal/netlink"
)

// attrs splits b into attributes in the order of the host that made it.
func (d *decoder) attrs(b []byte) []netlink.Attr { return netlink.Attrs(d.order, b) }

func be32(b []byte) uint32 {
	if len(b) != 4 {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

func be64(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// register turns a number from netlink into a word: the four of sixteen bytes
// (1 to 4) and the sixteen of four bytes (8 to 23) lie over each other.
func register(b []byte) uint8 {
	switch n := be32(b); {
	case n >= 1 && n <= 4:
		return uint8(n * 4)
	case n >= 8 && n <= 23:
		return uint8(n - 4)
	}
	return 0
}
