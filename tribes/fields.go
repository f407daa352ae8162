package tribes

import "encoding/binary"

// fields reads one field after the other and remembers the first error; after
// one, every read returns zero.
type fields struct {
	b   []byte
	at  int
	err error
}

func (r *fields) take(field string, n int) []byte {
	if r.err != nil {
		return nil
	}
	if n > len(r.b)-r.at {
		r.err = short(r.at, field, n, len(r.b)-r.at)
		return nil
	}
	p := r.b[r.at : r.at+n : r.at+n]
	r.at += n
	return p
}

func (r *fields) u32(field string) uint32 {
	if p := r.take(field, 4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

func (r *fields) u64(field string) uint64 {
	if p := r.take(field, 8); p != nil {
		return binary.BigEndian.Uint64(p)
	}
	return 0
}

// sized reads an i32 length and as many bytes.
func (r *fields) sized(field string) []byte {
	at := r.at
	n := int32(r.u32(field))
	if r.err == nil && n < 0 {
		r.err = bad(at, field, "negative length %d", n)
	}
	return r.take(field, int(n))
}

// host reads a length of one signed byte and as many bytes.
func (r *fields) host() []byte {
	at := r.at
	p := r.take("host", 1)
	if p == nil {
		return nil
	}
	if p[0] > maxHost {
		r.err = bad(at, "host", "negative length %d", int8(p[0]))
	}
	return r.take("host", int(p[0]))
}

func appendSized(b, p []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(p)))
	return append(b, p...)
}
