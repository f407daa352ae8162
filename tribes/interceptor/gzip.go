package interceptor

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"muster/tribes"
)

// Gzip is what GzipInterceptor does. Its two generations do not understand each
// other: 6.0 to 8.5 compress every message and say so nowhere, 9.0 and later set
// the gzip option, and leave messages of up to MinSize bytes alone.
type Gzip struct {
	Always  bool // 6.0 to 8.5
	MinSize int  // compressionMinSize, 0 by default
}

// Compress returns what is sent for a message with the given options.
func (g Gzip) Compress(o tribes.Options, message []byte) (tribes.Options, []byte, error) {
	if !g.Always && len(message) <= g.MinSize {
		return o, message, nil
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(message); err != nil {
		return o, nil, err
	}
	if err := w.Close(); err != nil {
		return o, nil, err
	}
	if !g.Always {
		o |= tribes.Gzip
	}
	return o, b.Bytes(), nil
}

// Expand returns the message of what was received, unless that is more than
// limit bytes.
func (g Gzip) Expand(o tribes.Options, message []byte, limit int) ([]byte, error) {
	if !g.Always && o&tribes.Gzip == 0 {
		return message, nil
	}
	return Gunzip(message, limit)
}

// IsGzip reports whether b begins as a gzip member does (RFC 1952).
func IsGzip(b []byte) bool { return len(b) >= 3 && b[0] == 0x1f && b[1] == 0x8b && b[2] == 8 }

// Gunzip expands one gzip member to at most limit bytes.
func Gunzip(b []byte, limit int) ([]byte, error) {
	in := bytes.NewReader(b)
	r, err := gzip.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("gzip: %w", err)
	}
	r.Multistream(false)
	out, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.New("gzip: cut off")
	case err != nil:
		return nil, fmt.Errorf("gzip: %w", err)
	case len(out) > limit:
		return nil, fmt.Errorf("gzip: expands to more than %d bytes", limit)
	}
	return out, nil
}
