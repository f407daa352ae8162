package products

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"muster/internal/verdict"
	"muster/sniff/capture"
	"muster/sniff/frame"
	"muster/sniff/proto"
)

type streamKey struct {
	source netip.Addr
	to     netip.AddrPort
	ssrc   uint32
	vlan   uint16
}

// Stream is packets of one sender to one group and port that have numbers.
type Stream struct {
	Product string
	Source  netip.Addr
	To      netip.AddrPort
	SSRC    uint32
	Payload uint8
	// Packets that came, each number once, and how many numbers there are from the first
	// to the last.
	Packets, Expected uint64
	Again             uint64 // came before
	First, Last       int64

	begun   uint64 // the number of the first packet, unwrapped
	highest uint64
	runs    int // packets whose number follows the one before
	seen    [1 << 10]uint64
}

// enoughRuns packets in a row make a stream of what only looked like one.
const enoughRuns = 4

// Missing is how many never came.
func (s *Stream) Missing() uint64 { return s.Expected - min(s.Packets, s.Expected) }

// sure reports whether it is a stream.
func (s *Stream) sure() bool {
	return s.Product != "RTP" || s.runs >= enoughRuns && uint64(s.runs)*2 >= s.Packets
}

// stream looks at a datagram to a group that nobody else claims.
func (t *Table) stream(p *capture.Packet, f *frame.Frame) {
	if f.Proto != frame.ProtoUDP || !f.HasPorts || !f.Multicast() || f.Cut {
		return
	}
	h, ok := proto.ReadRTP(f.Payload)
	if !ok || h.SSRC == 0 {
		return
	}
	if s := t.streamOf(p, f, "RTP", h.SSRC, h.Sequence); s != nil {
		s.Payload = h.Payload
		s.take(h.Sequence, p.Nanos)
	}
}

// numbered counts a datagram of another tool that numbers what it sends.
func (t *Table) numbered(p *capture.Packet, f *frame.Frame, product string, number uint16) {
	if s := t.streamOf(p, f, product, 0, number); s != nil {
		s.take(number, p.Nanos)
	}
}

func (t *Table) streamOf(p *capture.Packet, f *frame.Frame, product string, ssrc uint32, number uint16) *Stream {
	k := streamKey{f.Src, f.Destination(), ssrc, f.VLAN()}
	if t.latest != nil && t.latestKey == k {
		t.latest.Last = max(t.latest.Last, p.Nanos)
		return t.latest
	}
	s := t.streams[k]
	if s == nil {
		if len(t.streams) >= maxStreams && !t.forget(p.Nanos) {
			t.Overflow++
			return nil
		}
		s = &Stream{Product: product, Source: f.Src, To: k.to, SSRC: ssrc, First: p.Nanos}
		s.begun = uint64(number) + 1<<32 // room for what comes late
		s.highest = s.begun - 1
		t.streams[k] = s
	}
	s.Last = max(s.Last, p.Nanos)
	t.latest, t.latestKey = s, k
	return s
}

// forget drops rows that turned out to be no stream.
func (t *Table) forget(now int64) (any bool) {
	t.latest = nil
	for k, s := range t.streams {
		if !s.sure() && now-s.Last > int64(time.Second) {
			delete(t.streams, k)
			any = true
		}
	}
	return any
}

// take counts a number of 16 bits, which begins again after 65535.
func (s *Stream) take(number uint16, now int64) {
	step := int16(number - uint16(s.highest))
	n := s.highest + uint64(int64(step))
	switch {
	case n > s.highest:
		if step == 1 {
			s.runs++
		}
		for x := s.highest + 1; x < n; x++ {
			s.mark(x, false)
		}
		s.highest = n
	case n < s.begun || s.marked(n):
		s.Again++
		return
	}
	s.mark(n, true)
	s.Packets++
	s.Expected = s.highest - s.begun + 1
}

func (s *Stream) mark(n uint64, on bool) {
	i, bit := n/64%uint64(len(s.seen)), uint64(1)<<(n%64)
	if s.seen[i] &^= bit; on {
		s.seen[i] |= bit
	}
}

func (s *Stream) marked(n uint64) bool { return s.seen[n/64%uint64(len(s.seen))]>>(n%64)&1 == 1 }

// Streams lists the streams, by group and source.
func (t *Table) Streams() (list []*Stream) {
	for _, k := range sortedKeys(t.streams, func(x, y streamKey) int {
		if c := x.to.Compare(y.to); c != 0 {
			return c
		}
		if c := x.source.Compare(y.source); c != 0 {
			return c
		}
		return compareUint32(x.ssrc, y.ssrc)
	}) {
		if s := t.streams[k]; s.sure() {
			list = append(list, s)
		}
	}
	return list
}

// loss says which streams lack packets.
func (j *judge) loss() {
	for _, s := range j.t.Streams() {
		if s.Missing() == 0 || s.Expected < 10 {
			continue
		}
		share := 100 * float64(s.Missing()) / float64(s.Expected)
		j.add("stream.loss", verdict.Warn, verdict.Hint, s.To.String(),
			fmt.Sprintf("%d of %d packets (%.1f %%) of the %s stream from %s to %s did not come here: their numbers are missing", s.Missing(), s.Expected, share, s.Product, s.Source, s.To),
			verdict.Next("a capture at the sender: what is whole there was lost on the way, or by this capture"))
	}
}

// senders says where two streams go to one group and port at the same time.
func (j *judge) senders() {
	byPlace := map[netip.AddrPort][]*Stream{}
	for _, s := range j.t.Streams() {
		if s.Product == "RTP" && !sourceSpecific(s.To.Addr()) {
			byPlace[s.To] = append(byPlace[s.To], s)
		}
	}
	for _, place := range sortedKeys(byPlace, netip.AddrPort.Compare) {
		list := byPlace[place]
		for i, a := range list {
			k := slices.IndexFunc(list[i+1:], func(b *Stream) bool {
				return b.Source != a.Source && b.SSRC != a.SSRC && a.Packets >= 10 && b.Packets >= 10 &&
					time.Duration(min(a.Last, b.Last)-max(a.First, b.First)) >= time.Second
			})
			if k < 0 {
				continue
			}
			b := list[i+1+k]
			j.add("stream.two-senders", verdict.Warn, verdict.Likely, place.String(),
				fmt.Sprintf("%s (SSRC 0x%08x) and %s (SSRC 0x%08x) send RTP to %s at the same time: who joins it from any source gets both, mixed", a.Source, a.SSRC, b.Source, b.SSRC, place),
				verdict.Fix("a group or port of its own for each sender, or joins with a source in 232.0.0.0/8"))
			break
		}
	}
}

// sourceSpecific: members of the group name the source that they want.
func sourceSpecific(a netip.Addr) bool {
	if a.Is4() {
		return a.As4()[0] == 232
	}
	b := a.As16()
	return b[0] == 0xff && b[1]>>4 == 3
}
