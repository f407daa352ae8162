package mesh

import (
	"encoding/binary"
	"fmt"
	"time"
)

// TCP is what became of a TCP connection to a node.
type TCP uint8

const (
	TCPUnknown     TCP = iota // not tried
	TCPOpen                   // accepted
	TCPRefused                // the host answers, nobody listens (or a firewall rejects)
	TCPTimeout                // no answer at all: a firewall drops
	TCPUnreachable            // no route, or another error
	TCPSlow                   // accepted, but later than TcpFailureDetector waits (1 s)
	tcpEnd
)

func (t TCP) String() string {
	if t >= tcpEnd {
		return "unknown"
	}
	return [...]string{"unknown", "open", "refused", "timeout", "unreachable", "slow"}[t]
}

// Bad: the connection did not come about, or too late for a Tomcat.
func (t TCP) Bad() bool { return t > TCPOpen }

// Reason says why a direction stopped, as the node at its end believes.
type Reason uint8

const (
	ReasonUnknown   Reason = iota
	ReasonLeft             // the sender said goodbye
	ReasonGone             // the sender does not answer by unicast either
	ReasonNoQuerier        // snooping forgot this host's membership: no query was seen
	ReasonIGMPDrop         // queries came, this host answered none
	ReasonGroup            // unicast goes on, the group alone does not
	ReasonInputDrop        // it does come in at this host's interface, and the host drops it
	reasonEnd
)

func (r Reason) String() string {
	if r >= reasonEnd {
		return "unknown"
	}
	return [...]string{"unknown", "left", "gone", "igmp.no-querier", "fw.igmp-drop", "group", "fw.input-drop"}[r]
}

// Hears is one entry of an announcement: how the sender hears another node.
type Hears struct {
	Short   Short
	Stopped bool
	Loss    uint8         // code; of all announcements since the first one heard
	Delay   uint8         // code
	TCP     TCP           // its port, tried from here
	Age     time.Duration // stopped: since when; tenths of a second, 1h49m at most
	Reason  Reason        // stopped
}

// Announcement is what a node says of itself and of whom it hears:
//
//	20  sequence number, 4 bytes
//	24  when it was sent, by the sender's clock: Unix ns, 8 bytes
//	32  a random number, 4 bytes: who returns it has heard this announcement
//	36  time to the next one, ms, 2 bytes
//	38  MTU of the interface, 2 bytes (65535: that or more)
//	40  the TCP port that others may try, 2 bytes; 0 for none
//	42  the UDP port for unicast, 2 bytes
//	44  age of the process in seconds, 4 bytes
//	48  round of the list, 1 byte
//	49  number of entries in the whole list, 2 bytes
//	51  queries of IGMP or MLD about the group that its interface saw, 2 bytes;
//	    65535: it cannot see them
//	53  what it knows of its own hearing, 1 byte, see Hearing
//	54  the TTL that the announcement is sent with, 1 byte; 0: not told
//	55  length of the name, 1 byte, name; length of the version, 1 byte, version
//	    sections up to the end: loss, delay, TCP state, number of entries (4 bytes),
//	    then the entries' shorts, 4 bytes each. A loss of 255 means stopped: delay
//	    is the reason then, and each short is followed by 2 bytes, the age in
//	    tenths of a second
//
// Flags: 1 = a copy sent by unicast, 2 = goodbye, 4 = first of its round, 8 = last.
type Announcement struct {
	Unicast, Goodbye, First, Last bool

	Seq      uint32
	Sent     int64
	Nonce    uint32
	Interval time.Duration
	MTU      uint16
	TCPPort  uint16
	Port     uint16
	Age      uint32
	Round    uint8
	Total    uint16
	Queries  uint16
	Hearing  Hearing
	TTL      uint8
	Name     string
	Version  string
	Hears    []Hears
}

const (
	flagUnicast = 1 << iota
	flagGoodbye
	flagFirst
	flagLast
)

const announceLen = 55 // up to the texts

// queriesUnseen is in place of a number of queries: the node cannot see them.
const queriesUnseen = 0xffff

// Hearing is what a node knows of its own hearing, as bits.
type Hearing uint8

const (
	// EchoKnown: it has sent enough to know whether its own announcements come back
	// to it, as the kernel gives them to every member of a host; Echo: they do.
	EchoKnown Hearing = 1 << iota
	Echo
	// Sees: it sees what comes in at its interface; Arrives: announcements of others
	// did so of late.
	Sees
	Arrives
	// Overloaded: it lost datagrams because it did not read them in time, or stood
	// still: whom it does not hear is not known.
	Overloaded
	// PortClosed: its own firewall drops the mesh's port, and not the cluster's.
	PortClosed
)

// NoEcho: its own announcements do not come back to it, so that something on that
// host drops them.
func (h Hearing) NoEcho() bool { return h&EchoKnown != 0 && h&Echo == 0 }

func (a *Announcement) flags() (f byte) {
	for i, on := range []bool{a.Unicast, a.Goodbye, a.First, a.Last} {
		if on {
			f |= 1 << i
		}
	}
	return f
}

// appendTo appends the announcement of node from. Entries with the same figures
// share a section when they are beside each other.
func (a *Announcement) appendTo(b []byte, from ID) []byte {
	b = appendHeader(b, kindAnnounce, a.flags(), from)
	b = binary.BigEndian.AppendUint32(b, a.Seq)
	b = binary.BigEndian.AppendUint64(b, uint64(a.Sent))
	b = binary.BigEndian.AppendUint32(b, a.Nonce)
	b = binary.BigEndian.AppendUint16(b, uint16(min(a.Interval/time.Millisecond, 0xffff)))
	b = binary.BigEndian.AppendUint16(b, a.MTU)
	b = binary.BigEndian.AppendUint16(b, a.TCPPort)
	b = binary.BigEndian.AppendUint16(b, a.Port)
	b = binary.BigEndian.AppendUint32(b, a.Age)
	b = append(b, a.Round)
	b = binary.BigEndian.AppendUint16(b, a.Total)
	b = binary.BigEndian.AppendUint16(b, a.Queries)
	b = append(b, byte(a.Hearing), a.TTL)
	b = appendText(b, a.Name)
	b = appendText(b, a.Version)
	count := 0 // where the current section's is
	for i, h := range a.Hears {
		if i == 0 || h.section() != a.Hears[i-1].section() || b[count] == 255 {
			s := h.section()
			b = append(b, s[0], s[1], s[2], 0)
			count = len(b) - 1
		}
		b[count]++
		b = binary.BigEndian.AppendUint32(b, uint32(h.Short))
		if h.Stopped {
			b = binary.BigEndian.AppendUint16(b, uint16(min(h.Age/(100*time.Millisecond), 0xffff)))
		}
	}
	return b
}

// section is what entries share.
func (h Hears) section() [3]byte {
	if h.Stopped {
		return [3]byte{stoppedLoss, byte(h.Reason), byte(h.TCP)}
	}
	return [3]byte{h.Loss, h.Delay, byte(h.TCP)}
}

// size is what an entry takes at most.
func (h Hears) size(sameSection bool) int {
	n := 4
	if h.Stopped {
		n += 2
	}
	if !sameSection {
		n += 4
	}
	return n
}

func appendText(b []byte, s string) []byte {
	s = s[:min(len(s), maxText)]
	return append(append(b, byte(len(s))), s...)
}

// parseAnnouncement reads what follows the header. Its list is put into the room
// of hears, which may be nil.
func parseAnnouncement(flags byte, b []byte, hears []Hears) (a Announcement, err error) {
	a.Hears = hears[:0]
	if len(b) < announceLen-headerLen {
		return a, fmt.Errorf("mesh: announcement of %d bytes, want %d", len(b)+headerLen, announceLen)
	}
	a.Unicast, a.Goodbye = flags&flagUnicast != 0, flags&flagGoodbye != 0
	a.First, a.Last = flags&flagFirst != 0, flags&flagLast != 0
	a.Seq = binary.BigEndian.Uint32(b)
	a.Sent = int64(binary.BigEndian.Uint64(b[4:]))
	a.Nonce = binary.BigEndian.Uint32(b[12:])
	a.Interval = time.Duration(binary.BigEndian.Uint16(b[16:])) * time.Millisecond
	a.MTU = binary.BigEndian.Uint16(b[18:])
	a.TCPPort = binary.BigEndian.Uint16(b[20:])
	a.Port = binary.BigEndian.Uint16(b[22:])
	a.Age = binary.BigEndian.Uint32(b[24:])
	a.Round = b[28]
	a.Total = binary.BigEndian.Uint16(b[29:])
	a.Queries = binary.BigEndian.Uint16(b[31:])
	a.Hearing, a.TTL = Hearing(b[33]), b[34]
	b = b[announceLen-headerLen:]
	if a.Name, b, err = parseText(b); err != nil {
		return a, err
	}
	if a.Version, b, err = parseText(b); err != nil {
		return a, err
	}
	for len(b) > 0 {
		if b, err = a.parseSection(b); err != nil {
			return a, err
		}
	}
	if len(a.Hears) > int(a.Total) {
		return a, fmt.Errorf("mesh: %d entries of a list of %d", len(a.Hears), a.Total)
	}
	return a, nil
}

// nonceOf is the random number of an announcement, of what follows the header.
func nonceOf(b []byte) (nonce uint32, ok bool) {
	if len(b) < announceLen-headerLen {
		return 0, false
	}
	return binary.BigEndian.Uint32(b[12:]), true
}

func parseText(b []byte) (string, []byte, error) {
	if len(b) < 1 || int(b[0]) > maxText || len(b) < 1+int(b[0]) {
		return "", nil, fmt.Errorf("mesh: a text is cut, or longer than %d bytes", maxText)
	}
	return string(b[1 : 1+b[0]]), b[1+b[0]:], nil
}

func (a *Announcement) parseSection(b []byte) (rest []byte, err error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("mesh: a section of %d bytes", len(b))
	}
	h := Hears{TCP: TCP(b[2]), Loss: b[0], Delay: b[1]}
	n, size := int(b[3]), 4
	if h.Loss == stoppedLoss {
		h = Hears{TCP: h.TCP, Stopped: true, Reason: Reason(b[1])}
		size = 6
	}
	switch {
	case h.TCP >= tcpEnd || h.Reason >= reasonEnd || h.Loss > 200:
		return nil, fmt.Errorf("mesh: a section % x that nobody writes", b[:4])
	case len(b)-4 < n*size:
		return nil, fmt.Errorf("mesh: %d entries want %d bytes, have %d", n, n*size, len(b)-4)
	}
	b = b[4:]
	for range n {
		h.Short = Short(binary.BigEndian.Uint32(b))
		if h.Stopped {
			h.Age = time.Duration(binary.BigEndian.Uint16(b[4:])) * 100 * time.Millisecond
		}
		a.Hears = append(a.Hears, h)
		b = b[size:]
	}
	return b, nil
}
