package javaser

import (
	"errors"
	"fmt"
)

var (
	// ErrIncomplete marks a valid beginning that ends too early.
	ErrIncomplete = errors.New("incomplete")
	// ErrMagic marks bytes that do not begin as a stream does.
	ErrMagic = errors.New("no Java object stream")
	// ErrLimit marks a stream that wants more than the Limits allow.
	ErrLimit = errors.New("limit reached")
	// ErrAborted marks a stream whose writer failed in the middle of an object
	// and left the exception instead of the rest.
	ErrAborted = errors.New("writing was aborted")
)

// Error tells where a stream stops being valid, and why.
type Error struct {
	Offset int
	Reason string
	Err    error // one of the above, or nil
}

func (e *Error) Error() string { return fmt.Sprintf("offset %d: %s", e.Offset, e.Reason) }
func (e *Error) Unwrap() error { return e.Err }

// Limits bound what a stream may ask of its reader. The zero value means the
// defaults.
type Limits struct {
	// Bytes is the longest stream, 64 MiB by default.
	Bytes int
	// Depth is how deep objects may be nested, 4000 by default: more than Java's
	// own reader can follow on a stack of the usual size.
	Depth int
	// Values is how many objects, strings, arrays, elements of reference arrays
	// and blocks there may be, 4 Mi by default. It bounds the memory: a stream of
	// null references takes sixteen times its length.
	Values int
}

func (l Limits) withDefaults() Limits {
	if l.Bytes <= 0 {
		l.Bytes = 64 << 20
	}
	if l.Depth <= 0 {
		l.Depth = 4000
	}
	if l.Values <= 0 {
		l.Values = 4 << 20
	}
	return l
}

// maxHierarchy is how many superclasses a class may have. Every object of it
// walks them all, and no real class has as many.
const maxHierarchy = 100
