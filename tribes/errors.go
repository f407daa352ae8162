package tribes

import (
	"errors"
	"fmt"
)

// ErrIncomplete marks input that is a valid beginning but ends too early. More
// bytes may complete it (TCP); in a datagram it is an error like any other.
var ErrIncomplete = errors.New("incomplete")

// ErrMarker marks input that does not begin as the parsed form must: it is
// something else, not a broken one of these.
var ErrMarker = errors.New("begin marker missing")

// ParseError tells where bytes stop being valid and why.
type ParseError struct {
	Offset int    // of the first byte of the field that is wrong
	Field  string // its name, as tribes-wire names it
	Reason string
	Err    error // ErrIncomplete, ErrMarker or nil
}

func (e *ParseError) Error() string {
	return fmt.Sprintf("offset %d: %s: %s", e.Offset, e.Field, e.Reason)
}

func (e *ParseError) Unwrap() error { return e.Err }

func short(offset int, field string, want, have int) error {
	return &ParseError{offset, field, fmt.Sprintf("want %d bytes, have %d", want, have), ErrIncomplete}
}

func bad(offset int, field, format string, args ...any) error {
	return &ParseError{offset, field, fmt.Sprintf(format, args...), nil}
}

func shift(err error, by int) error {
	var p *ParseError
	if errors.As(err, &p) {
		q := *p
		q.Offset += by
		return &q
	}
	return err
}
