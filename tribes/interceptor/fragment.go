package interceptor

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// DefaultMaxFragment is FragmentationInterceptor.maxSize: messages above it are
// cut into slices of this size.
const DefaultMaxFragment = 102400

// fragmentTrailer is index, count and a byte 1 behind the slice. What is no
// fragment has one byte 0 behind it.
const fragmentTrailer = 4 + 4 + 1

// Fragments returns what is sent for a message, of the same message id: itself
// with a zero byte, or as many slices as it takes.
func Fragments(message []byte, maxSize int) [][]byte {
	if maxSize <= 0 {
		maxSize = DefaultMaxFragment
	}
	if len(message) <= maxSize {
		whole := make([]byte, len(message)+1)
		copy(whole, message)
		return [][]byte{whole}
	}
	count := (len(message) + maxSize - 1) / maxSize
	all := make([][]byte, 0, count)
	for i := range count {
		slice := message[i*maxSize : min((i+1)*maxSize, len(message))]
		f := make([]byte, 0, len(slice)+fragmentTrailer)
		f = append(f, slice...)
		f = binary.BigEndian.AppendUint32(f, uint32(i))
		f = binary.BigEndian.AppendUint32(f, uint32(count))
		all = append(all, append(f, 1))
	}
	return all
}

// Fragment is a message as it was received.
type Fragment struct {
	Data         []byte // shares memory with the message
	Whole        bool   // no fragment
	Index, Count int
}

// ParseFragment reads what Fragments wrote.
func ParseFragment(message []byte) (Fragment, error) {
	n := len(message)
	if n == 0 {
		return Fragment{}, errors.New("fragment: no last byte that tells whether it is one")
	}
	if message[n-1] == 0 {
		return Fragment{Data: message[:n-1], Whole: true}, nil
	}
	if n < fragmentTrailer {
		return Fragment{}, fmt.Errorf("fragment: %d bytes, less than its trailer", n)
	}
	at := n - fragmentTrailer
	index := int32(binary.BigEndian.Uint32(message[at:]))
	count := int32(binary.BigEndian.Uint32(message[at+4:]))
	if index < 0 || count <= 0 || index >= count {
		return Fragment{}, fmt.Errorf("fragment: number %d of %d", index, count)
	}
	return Fragment{Data: message[:at], Index: int(index), Count: int(count)}, nil
}
