package mcast

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Probe is the header of the datagrams that muster sends to measure: it lets a
// receiver find loss, duplicates and reordering. Whatever follows the header is
// filler or belongs to the kind.
//
// The format, version 1, all integers big-endian:
//
//	offset size
//	 0     8   magic "MUSTER-P"
//	 8     1   version, 1
//	 9     1   kind
//	10     1   flags: bit 0 set in the last datagram of a stream
//	11     1   header length, 40; a reader skips what it does not know
//	12     4   length of the whole payload, so that a cut one is found
//	16     8   stream: random, one for each run of a sender
//	24     8   sequence, from 0, counted for each group of a stream by itself
//	32     8   send time, nanoseconds since 1970-01-01 UTC by the sender's clock
//
// It cannot be taken for a heartbeat of Tomcat, which begins with "TRIBES-B",
// nor for a Java stream (ac ed 00 05).
type Probe struct {
	Kind     ProbeKind
	Last     bool
	Size     int // length of the whole payload
	Stream   uint64
	Sequence uint64
	Sent     time.Time
}

// ProbeKind says what a probe is for.
type ProbeKind uint8

const (
	ProbeData    ProbeKind = 1 // one of a stream, no answer wanted
	ProbeRequest ProbeKind = 2 // a responder answers by unicast
	ProbeReply   ProbeKind = 3 // the answer, with the request's stream, sequence and time
	ProbeBeacon  ProbeKind = 4 // a node of a mesh tells whom it hears
)

// ProbeSize is the length of the header of version 1.
const ProbeSize = 40

const probeMagic = "MUSTER-P"

// ErrNotProbe means that a payload does not begin as a probe does.
var ErrNotProbe = errors.New("not a muster probe")

// ParseProbe reads the header at the start of a payload and returns what
// follows it. The error is ErrNotProbe when the payload is none, and another
// when it begins as one but cannot be read.
func ParseProbe(p []byte) (Probe, []byte, error) {
	if !bytes.HasPrefix(p, []byte(probeMagic)) {
		return Probe{}, nil, ErrNotProbe
	}
	if len(p) < ProbeSize {
		return Probe{}, nil, fmt.Errorf("probe header at offset 0: want %d bytes, have %d", ProbeSize, len(p))
	}
	if p[8] != 1 {
		return Probe{}, nil, fmt.Errorf("probe at offset 8: version %d, only 1 is known", p[8])
	}
	header, size := int(p[11]), binary.BigEndian.Uint32(p[12:])
	if header < ProbeSize || header > len(p) {
		return Probe{}, nil, fmt.Errorf("probe at offset 11: header length %d is not from %d to %d", header, ProbeSize, len(p))
	}
	if uint64(size) != uint64(len(p)) {
		return Probe{}, nil, fmt.Errorf("probe at offset 12: payload length %d, have %d bytes", size, len(p))
	}
	return Probe{
		Kind:     ProbeKind(p[9]),
		Last:     p[10]&1 != 0,
		Size:     len(p),
		Stream:   binary.BigEndian.Uint64(p[16:]),
		Sequence: binary.BigEndian.Uint64(p[24:]),
		Sent:     time.Unix(0, int64(binary.BigEndian.Uint64(p[32:]))),
	}, p[header:], nil
}

// AppendTo appends the header. Size must be the length that the whole payload
// will have; a smaller one than the header's counts as the header alone.
func (p Probe) AppendTo(b []byte) []byte {
	flags := byte(0)
	if p.Last {
		flags = 1
	}
	b = append(b, probeMagic...)
	b = append(b, 1, byte(p.Kind), flags, ProbeSize)
	b = binary.BigEndian.AppendUint32(b, uint32(max(p.Size, ProbeSize)))
	b = binary.BigEndian.AppendUint64(b, p.Stream)
	b = binary.BigEndian.AppendUint64(b, p.Sequence)
	return binary.BigEndian.AppendUint64(b, uint64(p.Sent.UnixNano()))
}
