package mesh

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// DefaultPort is the UDP port of announcements: one above that of muster's echo,
// and not Tomcat's.
const DefaultPort = 46565

const (
	magic   = "MSTRMESH"
	version = 2
	// MaxPacket is the largest datagram of the mesh: it passes every Ethernet in
	// one piece, with IPv6 and a tunnel too.
	MaxPacket = 1400
	maxText   = 48 // bytes of a name or a version
)

// ID names a process that takes part; it is random and ends with the process.
// Its upper half, Short, stands for it in announcements.
type ID uint64

// Short is the first 32 bits of an ID.
type Short uint32

func (id ID) Short() Short   { return Short(id >> 32) }
func (id ID) String() string { return fmt.Sprintf("%016x", uint64(id)) }

type kind uint8

const (
	kindAnnounce kind = 1 + iota
	kindTimeRequest
	kindTimeReply
	kindWho
	kindHere
	kindNote
)

// Every datagram begins with
//
//	 0  "MSTRMESH"
//	 8  version, 2
//	 9  kind: 1 announcement, 2 time request, 3 time reply, 4 who is, 5 here is,
//	      6 note: any bytes, up to the end
//	10  flags (announcements)
//	11  0
//	12  sender's ID, 8 bytes
//	20  what the kind has
//
// All numbers are big-endian.
const headerLen = 20

func appendHeader(b []byte, k kind, flags byte, from ID) []byte {
	b = append(b, magic...)
	b = append(b, version, byte(k), flags, 0)
	return binary.BigEndian.AppendUint64(b, uint64(from))
}

// parseHeader returns the kind, flags and sender of a datagram and what follows.
func parseHeader(b []byte) (k kind, flags byte, from ID, rest []byte, err error) {
	switch {
	case len(b) < headerLen:
		err = fmt.Errorf("mesh: want %d bytes, have %d", headerLen, len(b))
	case len(b) > MaxPacket:
		err = fmt.Errorf("mesh: %d bytes are more than the %d of any datagram", len(b), MaxPacket)
	case string(b[:8]) != magic:
		err = fmt.Errorf("mesh: does not begin with %q", magic)
	case b[8] != version:
		err = fmt.Errorf("mesh: version %d at offset 8, want %d", b[8], version)
	case binary.BigEndian.Uint64(b[12:]) == 0:
		err = fmt.Errorf("mesh: no sender at offset 12")
	}
	if err != nil {
		return 0, 0, 0, nil, err
	}
	return kind(b[9]), b[10], ID(binary.BigEndian.Uint64(b[12:])), b[headerLen:], nil
}

// Loss and delay are told in a byte each.
const stoppedLoss = 255 // in place of a loss: the direction stopped

// lossCode is half percents, 0 to 200; a loss is never told as none.
func lossCode(share float64) uint8 {
	c := math.Round(min(max(share, 0), 1) * 200)
	if c == 0 && share > 0 {
		c = 1
	}
	return uint8(c)
}

func lossOf(code uint8) float64 { return float64(min(code, 200)) / 200 }

// delayCode is logarithmic: 32 steps for each power of ten from one microsecond
// on; 0 means unknown.
func delayCode(d time.Duration) uint8 {
	us := float64(d) / float64(time.Microsecond)
	if us < 1 {
		return 1
	}
	return uint8(min(math.Round(32*math.Log10(us))+1, 255))
}

func delayOf(code uint8) time.Duration {
	if code == 0 {
		return 0
	}
	return time.Duration(math.Pow(10, float64(code-1)/32) * float64(time.Microsecond))
}
