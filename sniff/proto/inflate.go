package proto

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
)

// maxInflated is how much a compressed datagram may become: what is more is no
// message of any product, but an attempt to fill the memory.
const maxInflated = 64 << 10

// Kinds of compression.
const (
	zlibStream = iota
	gzipStream
)

var errInflated = errors.New("it becomes larger than 64 KiB")

// inflate returns what a compressed datagram holds.
func inflate(b []byte, kind int) ([]byte, error) {
	var r io.ReadCloser
	var err error
	if kind == gzipStream {
		r, err = gzip.NewReader(bytes.NewReader(b))
	} else {
		r, err = zlib.NewReader(bytes.NewReader(b))
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	out, err := io.ReadAll(io.LimitReader(r, maxInflated+1))
	if len(out) > maxInflated {
		return nil, errInflated
	}
	return out, err
}
