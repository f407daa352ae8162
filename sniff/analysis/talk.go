package analysis

import (
	"math/bits"
	"net/netip"
	"time"

	"muster/tribes"
)

// Talk is what a member says over TCP.
type Talk struct {
	Messages    uint64
	Bytes       uint64
	First, Last int64
	Kinds       map[string]uint64 // by the names of tribes/decode
	// Offset is the least difference, in ms, between the time a message carries
	// and the one it was captured at: the skew of the two clocks and the shortest
	// way of a message.
	Offset int64
	// timed are the messages that Offset is of; lowFirst and lowLast the times of the first and the
	// last one that comes near it.
	timed             uint64
	lowFirst, lowLast int64
	// Undecrypted counts messages that the given key does not open.
	Undecrypted uint64
	// Sealed counts the messages that a key opened, by how they were encrypted.
	Sealed map[Sealing]uint64

	odd    uint64   // encrypted messages that are no whole blocks
	blocks set[int] // lengths of those that are
}

// Sealing is how a member encrypts.
type Sealing struct {
	Algorithm string
	Stamped   bool // the time of the message stands before it
}

func (s Sealing) String() string {
	if s.Stamped {
		return s.Algorithm + " with a time stamp (Tomcats since 9.0.119, 10.1.56 and 11.0.23)"
	}
	return s.Algorithm + " without a time stamp (Tomcats before 9.0.119, 10.1.56 and 11.0.23)"
}

// Opened notes how a message was encrypted that a key opened.
func (t *Talk) Opened(s Sealing) {
	if t.Sealed == nil {
		t.Sealed = map[Sealing]uint64{}
	}
	if _, known := t.Sealed[s]; known || len(t.Sealed) < maxPerRow {
		t.Sealed[s]++
	}
}

// Closed notes the length of an encrypted message that no key opened.
func (t *Talk) Closed(size int) {
	if size%cipherBlock != 0 {
		t.odd++
		return
	}
	t.blocks.add(size, maxPerRow)
}

// cipherBlock is the block of AES in bytes: CBC fills up to whole ones, GCM does not.
const cipherBlock = 16

// Receiver is the TCP side of a member: a port that takes messages.
type Receiver struct {
	Addr netip.AddrPort
	// Connections that were opened to it while the capture ran, and what became of
	// them. Silent ones got no answer at all.
	Opened, Answered, Refused, Silent uint64
	SilentSYNs                        uint64 // of the silent ones
	LastAnswered                      int64
	LastFailed                        int64
	Foreign                           uint64 // connections that spoke something else
	ForeignFrom                       netip.Addr
	// Speaks: a frame of Tribes was seen in one of its connections.
	Speaks bool

	From                     set[netip.Addr] // hosts that sent messages to it
	Messages, Acks, FailAcks uint64
	Bytes                    uint64
	AcksDue                  uint64
	AcksMissing              uint64
	AcksLate                 uint64 // later than the sender's timeout of 3 s
	Latency                  Latency
	Retransmitted, Changed   uint64
	Gaps, Missing            uint64
	Segments, SentAgain      uint64 // with payload that were sent to it, and those of them that were sent before
	Invalid                  uint64 // places from which a stream could not be read
	firstMessage             int64

	// Waits are what its process has left without an answer, although its host took it.
	Waits Waits

	ways map[netip.Addr]*way // by the hosts that send to it
}

// Latency is a histogram of times in powers of two of microseconds.
type Latency struct {
	Count   uint64
	Sum     time.Duration
	Longest time.Duration
	buckets [40]uint64
}

// Add counts one.
func (l *Latency) Add(d time.Duration) {
	d = max(d, 0)
	l.Count++
	l.Sum += d
	l.Longest = max(l.Longest, d)
	l.buckets[min(bits.Len64(uint64(d/time.Microsecond)), len(l.buckets)-1)]++
}

// Mean is the average.
func (l *Latency) Mean() time.Duration {
	if l.Count == 0 {
		return 0
	}
	return l.Sum / time.Duration(l.Count)
}

// Quantile is the upper end of the bucket that holds the q-th part of them.
func (l *Latency) Quantile(q float64) time.Duration {
	want := uint64(q * float64(l.Count))
	sum := uint64(0)
	for i, n := range l.buckets {
		if sum += n; sum > want {
			return min(time.Microsecond<<i, l.Longest)
		}
	}
	return l.Longest
}

// ackTimeout is how long a sender waits for an ack (the sender's timeout).
const ackTimeout = 3 * time.Second

// Receiver returns the row of a receiver, nil where the table is full.
func (a *Analysis) Receiver(addr netip.AddrPort) *Receiver {
	r := a.Receivers[addr]
	if r == nil {
		if len(a.Receivers) >= maxReceivers {
			a.Overflow++
			return nil
		}
		r = &Receiver{Addr: addr}
		a.Receivers[addr] = r
	}
	return r
}

// Sent notes who sends messages to the receiver.
func (r *Receiver) Sent(host netip.Addr) { r.From.add(host, maxPerRow) }

// Message counts a message to the receiver.
func (r *Receiver) Message(now int64) {
	if r.Messages++; r.firstMessage == 0 {
		r.firstMessage = now
	}
}

// Message counts a message that source sent, kind being what it is, and returns
// who it says sent it. Probes are no sign of membership: Tomcat 7 puts the one
// who is tested in their address.
func (a *Analysis) Message(source netip.Addr, c *tribes.ChannelData, kind string, size int, now int64) *Member {
	if addr, ok := c.Address.Addr(); kind == "failure_detector" && (!ok || addr != source) {
		return nil
	}
	m := a.member(&c.Address)
	if m == nil {
		return nil
	}
	t := &m.Talk
	offset := now/1e6 - c.Timestamp
	if t.Messages == 0 {
		t.First, t.Kinds = now, map[string]uint64{}
	}
	t.Messages++
	t.Bytes += uint64(size)
	t.Last = now
	t.Kinds[kind]++
	if a.asking == nil { // else the capture's clock may have been set just now
		t.clock(offset, now)
	}
	if !m.Heard() {
		m.Sources.add(source, maxAliases)
		m.Domains.add(string(c.Address.Domain), maxAliases)
	}
	return m
}

// sameClock is how far apart, in ms, offsets of one clock are that a message's way cannot explain.
const sameClock = 1000

// clock takes the offset of a message, in ms.
func (t *Talk) clock(offset, now int64) {
	switch {
	case t.timed == 0 || offset < t.Offset-sameClock:
		t.Offset, t.lowFirst, t.lowLast = offset, now, now
	case offset <= t.Offset+sameClock:
		t.Offset = min(t.Offset, offset)
		t.lowFirst, t.lowLast = min(t.lowFirst, now), max(t.lowLast, now)
	}
	t.timed++
}

// Ack counts an answer that came after d.
func (r *Receiver) Ack(d time.Duration, failed, asked bool) {
	if failed {
		r.FailAcks++
	} else {
		r.Acks++
	}
	if !asked {
		return
	}
	r.Latency.Add(d)
	if d > ackTimeout {
		r.AcksLate++
	}
}
