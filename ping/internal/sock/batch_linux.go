package sock

import (
	"encoding/binary"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/batch"
)

// received is what was read and is not handed on yet.
type received struct {
	*batch.Reader
	room    int    // messages, for how many there was room
	got, at int    // messages
	off     int    // into message at
	whole   Packet // message at
	segment int    // bytes of each of its packets, the last may be shorter
}

// receive hands on what was read; when that is used up it reads, without waiting:
// unix.EAGAIN when there is nothing.
func (b *received) receive(fd int, ps []Packet, s *Socket) (int, error) {
	if b.at < b.got {
		return b.hand(ps, s), nil
	}
	got, err := b.Receive(fd, 0, len(ps))
	if err != nil {
		return 0, err
	}
	b.room, b.got, b.at, b.off = min(len(ps), batch.Size), got, 0, 0
	return b.hand(ps, s), nil
}

// hand fills ps from the messages read. Each holds one packet, or with UDP_GRO
// several of one sender.
func (b *received) hand(ps []Packet, s *Socket) (n int) {
	for n < len(ps) && b.at < b.got {
		if b.off == 0 {
			b.decode(b.at, s)
		}
		ps[n] = b.whole
		end := min(b.off+b.segment, len(b.whole.Data))
		ps[n].Data = b.whole.Data[b.off:end:end]
		n++
		if b.off = end; end == len(b.whole.Data) {
			b.at++
			b.off = 0
		}
	}
	return n
}

func (b *received) decode(i int, s *Socket) {
	p := &b.whole
	p.Data, p.From = b.Payload(i), b.from(i, s.on.Load().Name)
	p.TTL, p.At = -1, 0
	if s.cfg.Kind == RawICMP && !s.v6 && len(p.Data) >= 20 {
		p.TTL = int(p.Data[8]) // of the IP header (RFC 791 section 3.1)
	}
	b.segment = len(p.Data)
	b.Control(i, func(level, kind int, data []byte) {
		if ttl, ok := batch.TTL(level, kind, data); ok {
			p.TTL = ttl
		} else if at, ok := batch.Timestamp(level, kind, data); ok {
			p.At = at
		} else if level == unix.SOL_UDP && kind == unix.UDP_GRO && len(data) >= 4 {
			if n := int(int32(binary.NativeEndian.Uint32(data))); n > 0 {
				b.segment = n
			}
		}
	})
	if p.At == 0 {
		p.At = time.Now().UnixNano()
	}
}

// from is the sender of message i. A link-local one came by our interface.
func (b *received) from(i int, ifname string) netip.AddrPort {
	source, _ := b.Source(i)
	if source.Addr().IsLinkLocalUnicast() && source.Addr().Is6() {
		return netip.AddrPortFrom(source.Addr().WithZone(ifname), source.Port())
	}
	return source
}
