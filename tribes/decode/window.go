package decode

import (
	"errors"
	"io"
)

// window is a reader's bytes from offset on, as many as were asked for. It
// grows with the bytes that came, up to limit.
type window struct {
	r      io.Reader
	buf    []byte
	offset int64 // of buf[0]
	limit  int
	eof    bool
	err    error // of r, other than its end
}

func (w *window) bytes() []byte { return w.buf }

// need makes the window at least n bytes long, and reports whether it is.
func (w *window) need(n int) bool {
	for len(w.buf) < n && w.more() {
	}
	return len(w.buf) >= n
}

// all reads to the end, and reports whether that is within the limit.
func (w *window) all() bool {
	for w.more() {
	}
	return w.eof
}

const chunk = 64 << 10

// more reads at least one byte more; it reports false at the end of the input
// or at the limit.
func (w *window) more() bool {
	if w.eof || len(w.buf) >= w.limit {
		return false
	}
	if cap(w.buf)-len(w.buf) < chunk/2 {
		grown := make([]byte, len(w.buf), min(2*len(w.buf), w.limit)+chunk)
		copy(grown, w.buf)
		w.buf = grown
	}
	for range 100 { // a reader may return nothing now and then
		n, err := w.r.Read(w.buf[len(w.buf):cap(w.buf)])
		w.buf = w.buf[:len(w.buf)+n]
		if err != nil {
			w.eof = true
			if !errors.Is(err, io.EOF) {
				w.err = err
			}
		}
		if n > 0 || err != nil {
			return n > 0
		}
	}
	w.eof, w.err = true, io.ErrNoProgress
	return false
}

// take moves the window past its first n bytes.
func (w *window) take(n int) {
	w.buf = w.buf[n:]
	w.offset += int64(n)
}

// skipAll drops the rest of the input and returns how much it was.
func (w *window) skipAll() int64 {
	n := int64(len(w.buf))
	w.take(len(w.buf))
	for w.more() {
		n += int64(len(w.buf))
		w.take(len(w.buf))
	}
	return n
}
