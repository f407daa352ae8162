// Package wire holds what IGMP and MLD have in common: the exponential code of
// their timers, the Internet checksum, and the two ways a message can be wrong:
// unreadable (*ParseError) or readable but against the standard (Anomaly).
package wire

import "fmt"

// ParseError tells where a message stops being readable and why.
type ParseError struct {
	Offset int    // of the first byte of the field
	Field  string // as the RFC names it
	Reason string
}

func (e *ParseError) Error() string {
	return fmt.Sprintf("offset %d: %s: %s", e.Offset, e.Field, e.Reason)
}

// Short is the error of a field that wants more bytes than there are.
func Short(offset int, field string, want, have int) error {
	return &ParseError{offset, field, fmt.Sprintf("want %d bytes, have %d", want, have)}
}

// Bad is the error of a field that cannot be what it says.
func Bad(offset int, field, format string, args ...any) error {
	return &ParseError{offset, field, fmt.Sprintf(format, args...)}
}

// Anomaly is something that a message does against the standard although it can
// be read. Name is stable, Detail is for people.
type Anomaly struct {
	Name   string `json:"name"`
	Detail string `json:"detail"`
}

// Anomalies collects them.
type Anomalies []Anomaly

// Add appends one; Detail is formatted.
func (a *Anomalies) Add(name, format string, args ...any) {
	*a = append(*a, Anomaly{name, fmt.Sprintf(format, args...)})
}

// Has reports whether one of that name is there.
func (a Anomalies) Has(name string) bool {
	for _, x := range a {
		if x.Name == name {
			return true
		}
	}
	return false
}

// Decode8 is the value of an 8-bit code: itself below 128, else a mantissa of
// four bits with the hidden one before it, shifted by exponent + 3 (RFC 3376
// sections 4.1.1 and 4.1.7, RFC 3810 section 5.1.9).
func Decode8(code uint8) uint32 {
	if code < 128 {
		return uint32(code)
	}
	return (uint32(code&0x0f) | 0x10) << (code>>4&7 + 3)
}

// Encode8 is the code of the largest value that is not above v.
func Encode8(v uint32) uint8 {
	if v < 128 {
		return uint8(v)
	}
	for exp := uint32(0); exp < 8; exp++ {
		if m := v >> (exp + 3); m < 0x20 {
			return uint8(0x80 | exp<<4 | m&0x0f)
		}
	}
	return 0xff
}

// Decode16 is the value of a 16-bit code: itself below 32768, else a mantissa
// of twelve bits with the hidden one, shifted by exponent + 3 (RFC 3810 section
// 5.1.3).
func Decode16(code uint16) uint32 {
	if code < 32768 {
		return uint32(code)
	}
	return (uint32(code&0x0fff) | 0x1000) << (code>>12&7 + 3)
}

// Encode16 is the code of the largest value that is not above v.
func Encode16(v uint32) uint16 {
	if v < 32768 {
		return uint16(v)
	}
	for exp := uint32(0); exp < 8; exp++ {
		if m := v >> (exp + 3); m < 0x2000 {
			return uint16(0x8000 | exp<<12 | m&0x0fff)
		}
	}
	return 0xffff
}

// Sum adds b to a ones' complement sum, as if it began on an even offset.
func Sum(sum uint32, b []byte) uint32 {
	for len(b) >= 2 {
		sum += uint32(b[0])<<8 | uint32(b[1])
		b = b[2:]
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	return sum
}

// Checksum is the Internet checksum of a sum (RFC 1071).
func Checksum(sum uint32) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
