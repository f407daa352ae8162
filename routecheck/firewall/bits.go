package firewall

import "bytes"

// tri is an answer of three values.
type tri int8

const (
	no tri = iota
	maybe
	yes
)

func (t tri) not() tri { return yes - t }

func (t tri) and(o tri) tri { return min(t, o) }

func (t tri) or(o tri) tri { return max(t, o) }

func boolTri(b bool) tri {
	if b {
		return yes
	}
	return no
}

// value is bytes of which each bit may be unknown: k has the bits that are known,
// v their values (unknown ones are 0). Both have one length.
type value struct{ v, k []byte }

// known is a value of which all bits are known.
func known(b ...byte) value {
	return value{bytes.Clone(b), bytes.Repeat([]byte{0xff}, len(b))}
}

// unknown is a value of n bytes of which nothing is known.
func unknown(n int) value { return value{make([]byte, n), make([]byte, n)} }

// prefixed is b of which only the first bits are known.
func prefixed(b []byte, bits int) value {
	x := known(b...)
	for i := range x.k {
		switch left := bits - i*8; {
		case left <= 0:
			x.k[i] = 0
		case left < 8:
			x.k[i] = 0xff << (8 - left)
		}
		x.v[i] &= x.k[i]
	}
	return x
}

func (x value) clone() value { return value{bytes.Clone(x.v), bytes.Clone(x.k)} }

// same reports whether two values are equal, in what they know too.
func (x value) same(o value) bool { return bytes.Equal(x.v, o.v) && bytes.Equal(x.k, o.k) }

// cut is n bytes from an offset; false where the value is too short.
func (x value) cut(off, n int) (value, bool) {
	if off < 0 || n < 0 || off+n > len(x.v) {
		return value{}, false
	}
	return value{x.v[off : off+n], x.k[off : off+n]}, true
}

func (x value) full() bool {
	for _, k := range x.k {
		if k != 0xff {
			return false
		}
	}
	return true
}

// bounds are the smallest and the largest bytes that x may be.
func (x value) bounds() (lo, hi []byte) {
	lo, hi = bytes.Clone(x.v), make([]byte, len(x.v))
	for i := range hi {
		hi[i] = x.v[i] | ^x.k[i]
	}
	return lo, hi
}

// equal reports whether x is b, as far as its known bits tell.
func (x value) equal(b []byte) tri {
	if len(b) != len(x.v) {
		return no
	}
	for i := range b {
		if (b[i]^x.v[i])&x.k[i] != 0 {
			return no
		}
	}
	if x.full() {
		return yes
	}
	return maybe
}

// between reports whether lo <= x <= hi, as bytes compare.
func (x value) between(lo, hi []byte) tri {
	if len(lo) != len(x.v) || len(hi) != len(x.v) {
		return no
	}
	least, most := x.bounds()
	switch {
	case bytes.Compare(most, lo) < 0 || bytes.Compare(least, hi) > 0:
		return no
	case bytes.Compare(least, lo) >= 0 && bytes.Compare(most, hi) <= 0:
		return yes
	}
	return maybe
}

// compare answers "x op b" with the bytes in their order, as the kernel's cmp.
func (x value) compare(op string, b []byte) tri {
	if len(b) != len(x.v) {
		return maybe
	}
	lo, hi := x.bounds()
	less := func(a, c []byte) bool { return bytes.Compare(a, c) < 0 }
	three := func(all, none bool) tri {
		switch {
		case all:
			return yes
		case none:
			return no
		}
		return maybe
	}
	switch op {
	case "==":
		return x.equal(b)
	case "!=":
		return x.equal(b).not()
	case "<":
		return three(less(hi, b), !less(lo, b))
	case "<=":
		return three(!less(b, hi), less(b, lo))
	case ">":
		return three(less(b, lo), !less(b, hi))
	case ">=":
		return three(!less(lo, b), less(hi, b))
	}
	return maybe
}

// masked is x & mask ^ xor; bits that the mask clears become known.
func (x value) masked(mask, xor []byte) (value, bool) {
	if len(mask) != len(x.v) || len(xor) != len(x.v) {
		return value{}, false
	}
	out := x.clone()
	for i := range out.v {
		out.k[i] |= ^mask[i]
		out.v[i] = (x.v[i]&mask[i] ^ xor[i]) & out.k[i]
	}
	return out, true
}

// combined is x and, or or xor y, bit by bit.
func (x value) combined(op string, y value) value {
	if len(x.v) != len(y.v) {
		return unknown(len(x.v))
	}
	out := x.clone()
	for i := range out.v {
		both := x.k[i] & y.k[i]
		switch op {
		case "and": // a zero on either side decides
			out.k[i] = both | x.k[i]&^x.v[i] | y.k[i]&^y.v[i]
			out.v[i] = x.v[i] & y.v[i]
		case "or":
			out.k[i] = both | x.v[i] | y.v[i]
			out.v[i] = x.v[i] | y.v[i]
		default:
			out.k[i] = both
			out.v[i] = x.v[i] ^ y.v[i]
		}
		out.v[i] &= out.k[i]
	}
	return out
}

// swapped reverses the bytes of each whole group of size bytes and leaves the
// rest, as the kernel does.
func (x value) swapped(size int) (value, bool) {
	if size != 2 && size != 4 && size != 8 {
		return value{}, false
	}
	out := x.clone()
	for at := 0; at+size <= len(out.v); at += size {
		for i := range size / 2 {
			j, k := at+i, at+size-1-i
			out.v[j], out.v[k] = out.v[k], out.v[j]
			out.k[j], out.k[k] = out.k[k], out.k[j]
		}
	}
	return out, true
}

// merged is what is known when the value is x or y.
func (x value) merged(y value) value {
	if len(x.v) != len(y.v) {
		return unknown(len(x.v))
	}
	out := x.clone()
	for i := range out.v {
		out.k[i] &= y.k[i] &^ (x.v[i] ^ y.v[i])
		out.v[i] &= out.k[i]
	}
	return out
}
