package ping

import (
	"encoding/binary"
	"fmt"
	"time"
)

// DefaultPort is the UDP port of muster's own echo: no product that uses
// multicast is known for it, and it is not Tomcat's 45564.
const DefaultPort = 46564

// EchoLen is the length of an echo without padding, and the smallest.
const EchoLen = 48

// MaxSpread is the longest that a responder waits, whatever the request says.
const MaxSpread = 5 * time.Second

const (
	echoMagic   = "MSTRECHO"
	echoVersion = 1
	flagUnicast = 0x01
)

// EchoKind tells requests from replies.
type EchoKind uint8

const (
	EchoRequest EchoKind = 1
	EchoReply   EchoKind = 2
)

// Echo is one message of muster's own echo. All numbers are big-endian:
//
//	 0  "MSTRECHO"
//	 8  version, 1
//	 9  kind: 1 request, 2 reply
//	10  flags: 1 = sent to the host, not to the group
//	11  TTL: of the request as sent; in a reply as it arrived, 0 unknown
//	12  request: longest wait in ms; reply: size of the request as it arrived
//	14  reply: TTL of the request as sent; else 0
//	15  0
//	16  session, 8 bytes: which run of which pinger asks
//	24  sequence number, 4 bytes
//	28  reply: how many requests the responder had got by then, 4 bytes; else 0
//	32  reply: responder, 8 bytes; else 0
//	40  reply: held, 8 bytes: ns from the kernel's receiving to the sending
//	48  padding up to the size asked for; a reply has none
//
// A reply is never longer than its request: a responder amplifies nothing.
type Echo struct {
	Kind      EchoKind
	Unicast   bool
	TTL       uint8
	SentTTL   uint8
	Spread    time.Duration // request: whole milliseconds
	Size      int           // reply: UDP payload of the request
	Session   uint64
	Seq       uint32
	Order     uint32 // reply: tells which of two probes arrived first
	Responder uint64
	Held      time.Duration
}

// ParseEcho reads one message; bytes after the first 48 are padding.
func ParseEcho(b []byte) (Echo, error) {
	var e Echo
	if len(b) < EchoLen {
		return e, fmt.Errorf("echo: want %d bytes, have %d", EchoLen, len(b))
	}
	if string(b[:8]) != echoMagic {
		return e, fmt.Errorf("echo: does not begin with %q", echoMagic)
	}
	if b[8] != echoVersion {
		return e, fmt.Errorf("echo: version %d at offset 8, want %d", b[8], echoVersion)
	}
	e.Kind = EchoKind(b[9])
	if e.Kind != EchoRequest && e.Kind != EchoReply {
		return e, fmt.Errorf("echo: kind %d at offset 9 is neither request nor reply", b[9])
	}
	e.Unicast = b[10]&flagUnicast != 0
	e.TTL = b[11]
	e.Session = binary.BigEndian.Uint64(b[16:])
	e.Seq = binary.BigEndian.Uint32(b[24:])
	short := binary.BigEndian.Uint16(b[12:])
	if e.Kind == EchoRequest {
		e.Spread = time.Duration(short) * time.Millisecond
		return e, nil
	}
	e.Size = int(short)
	e.SentTTL = b[14]
	e.Order = binary.BigEndian.Uint32(b[28:])
	e.Responder = binary.BigEndian.Uint64(b[32:])
	held := binary.BigEndian.Uint64(b[40:])
	if held > uint64(2*MaxSpread) {
		return e, fmt.Errorf("echo: held %d ns at offset 40 is longer than any responder waits", held)
	}
	e.Held = time.Duration(held)
	return e, nil
}

// AppendTo appends the message without padding.
func (e Echo) AppendTo(b []byte) []byte {
	var flags byte
	if e.Unicast {
		flags = flagUnicast
	}
	short := uint16(min(max(e.Spread, 0), MaxSpread) / time.Millisecond)
	if e.Kind == EchoReply {
		short = uint16(min(e.Size, 0xffff))
	}
	b = append(b, echoMagic...)
	b = append(b, echoVersion, byte(e.Kind), flags, e.TTL)
	b = binary.BigEndian.AppendUint16(b, short)
	b = append(b, e.SentTTL, 0)
	b = binary.BigEndian.AppendUint64(b, e.Session)
	b = binary.BigEndian.AppendUint32(b, e.Seq)
	b = binary.BigEndian.AppendUint32(b, e.Order)
	b = binary.BigEndian.AppendUint64(b, e.Responder)
	return binary.BigEndian.AppendUint64(b, uint64(e.Held))
}
