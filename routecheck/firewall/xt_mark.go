package firewall

import (
	"net/netip"
	"strconv"
	"strings"
)

// Targets of iptables that change marks and addresses (iptables-extensions(8)).

// marked is what MARK makes of a mark: --set-xmark VALUE/MASK clears the bits of
// the mask and turns those of the value around; the other forms are special cases.
func (m *machine) marked(mark value, os []option) value {
	for _, o := range os {
		v, mask, ok := maskedNumber(o.value())
		if !ok {
			return unknown(4)
		}
		switch o.name {
		case "--set-xmark":
		case "--set-mark":
			mask |= v
		case "--and-mark":
			v, mask = 0, ^v
		case "--or-mark":
			mask = v
		case "--xor-mark":
			mask = 0
		default:
			return unknown(4)
		}
		mark, _ = mark.masked(m.u32(^mask).v, m.u32(v).v)
	}
	return mark
}

// maskedNumber reads VALUE and VALUE/MASK; without a mask it is all bits.
func maskedNumber(s string) (v, mask uint32, ok bool) {
	val, bits, masked := strings.Cut(s, "/")
	n, err := strconv.ParseUint(val, 0, 32)
	k := uint64(0xffffffff)
	var err2 error
	if masked {
		k, err2 = strconv.ParseUint(bits, 0, 32)
	}
	return uint32(n), uint32(k), err == nil && err2 == nil
}

// connmark copies marks between packet and connection:
//
//	save:    ctmark = (ctmark & ~ctmask) ^ (mark & nfmask)
//	restore: mark = (mark & ~nfmask) ^ (ctmark & ctmask)
func (m *machine) connmark(os []option) {
	set, save, restore := option{}, false, false
	masks := map[string]uint32{"--nfmask": 0xffffffff, "--ctmask": 0xffffffff}
	for _, o := range os {
		switch o.name {
		case "--save-mark":
			save = true
		case "--restore-mark":
			restore = true
		case "--mask", "--nfmask", "--ctmask":
			n, err := strconv.ParseUint(o.value(), 0, 32)
			if err != nil {
				m.ctm, m.mark = unknown(4), unknown(4)
				return
			}
			for _, k := range []string{"--nfmask", "--ctmask"} {
				if o.name == k || o.name == "--mask" {
					masks[k] = uint32(n)
				}
			}
		default:
			set = o
		}
	}
	nf, ct := masks["--nfmask"], masks["--ctmask"]
	cut := func(x value, mask uint32) value { y, _ := x.masked(m.u32(mask).v, make([]byte, 4)); return y }
	switch {
	case save:
		m.ctm = cut(m.ctm, ^ct).combined("xor", cut(m.mark, nf))
	case restore:
		m.mark = cut(m.mark, ^nf).combined("xor", cut(m.ctm, ct))
	case set.name != "":
		m.ctm = m.marked(m.ctm, []option{set})
	default:
		m.ctm, m.mark = unknown(4), unknown(4)
	}
}

// translated reads --to-source or --to-destination ADDRESS[-ADDRESS][:PORTS]; the
// value is empty where there is none.
func translated(os []option, name string) value {
	for _, o := range os {
		if o.name != name {
			continue
		}
		first, _, _ := strings.Cut(o.value(), "-")
		if ap, err := netip.ParseAddrPort(first); err == nil {
			first = ap.Addr().String()
		}
		if a, err := netip.ParseAddr(first); err == nil {
			return known(a.AsSlice()...)
		}
	}
	return value{}
}
