package sniff

import (
	"bytes"
	"fmt"
	"net/netip"
	"time"

	"muster/tribes"
	"muster/tribes/decode"
	"muster/tribes/javaser"
)

// frameData decodes the data of a frame and tells of the message.
func (s *Sniffer) frameData(src, dst netip.AddrPort, data []byte, size int, now int64) *tribes.ChannelData {
	var err error
	c := &s.streams.data
	if *c, err = tribes.ParseChannelData(data); err != nil {
		s.broken(src, dst, fmt.Errorf("message: %w", err))
		return nil
	}
	s.spoken(src, dst, size, now)
	return c
}

// frame55 is frameData for a frame of Tomcat 5.5.
func (s *Sniffer) frame55(src, dst netip.AddrPort, data []byte, size int, now int64) *tribes.ChannelData {
	c, err := decode.Message55(data, s.decoder.Limit)
	if err != nil {
		s.broken(src, dst, fmt.Errorf("message of Tomcat 5.5: %w", err))
		return nil
	}
	s.streams.data = c
	s.spoken(src, dst, size, now)
	return &s.streams.data
}

// spoken tells of the message that was just read.
func (s *Sniffer) spoken(src, dst netip.AddrPort, size int, now int64) {
	c, content := &s.streams.data, &s.streams.content
	*content = s.read(c)
	s.Totals.Messages++
	m := s.Analysis.Message(src.Addr(), c, kindName(content), size, now)
	if m != nil && content.Kind == decode.Encrypted && content.Err != nil {
		m.Talk.Undecrypted++
	}
	if s.o.Event != nil {
		e := &s.streams.event
		e.Kind, e.Source, e.Destination = Message, src, dst
		e.Data, e.Content, e.Bytes, e.Err = c, content, size, nil
		s.o.Event(e)
	}
}

// staticMember names the class by which StaticMembershipService talks.
const staticMember = "StaticMembershipProvider$MemberMessage"

// read decodes the message. Where nobody looks at events, a Java object is
// not taken apart: that it is one is all that the analysis asks.
func (s *Sniffer) read(c *tribes.ChannelData) decode.Content {
	if s.o.Event != nil || !javaser.IsStream(c.Message) {
		return s.decoder.Message(c)
	}
	if len(c.Message) < 4096 && bytes.Contains(c.Message, []byte(staticMember)) {
		return decode.Content{Kind: decode.StaticMember}
	}
	return decode.Content{Kind: decode.JavaObject}
}

// kindName is the kind of a message; an RPC about static membership counts as
// that.
func kindName(content *decode.Content) string {
	if content.Kind == decode.RPC && content.Object.Inner != nil && content.Object.Inner.Kind == decode.StaticMember {
		return string(decode.StaticMember)
	}
	return string(content.Kind)
}

// pend notes a message that may ask for an ack.
func (s *Sniffer) pend(k *conn, c *tribes.ChannelData, size int, now int64) {
	if k.receiver == nil {
		return
	}
	k.receiver.Messages++
	k.receiver.Bytes += uint64(size)
	if c == nil || c.Options&tribes.UseAck == 0 {
		return
	}
	k.receiver.AcksDue++
	if len(k.pending) < maxPending {
		p := pending{at: now}
		copy(p.id[:], c.ID)
		k.pending = append(k.pending, p)
	}
}

// ack tells of an answer: it belongs to the oldest message that waits.
func (s *Sniffer) ack(k *conn, src, dst netip.AddrPort, p tribes.Piece, now int64) {
	failed := p.Kind == tribes.PieceFailAck
	if failed {
		s.Totals.FailAcks++
	} else {
		s.Totals.Acks++
	}
	latency, asked := time.Duration(0), len(k.pending) > 0
	var of tribes.UniqueID
	if asked {
		latency, of = time.Duration(now-k.pending[0].at), k.pending[0].id
		k.pending = k.pending[1:]
	}
	if k.receiver != nil {
		k.receiver.Ack(latency, failed, asked)
	}
	if s.o.Event != nil {
		e := &s.streams.event
		e.Kind, e.Source, e.Destination = Ack, src, dst
		if failed {
			e.Kind = FailAck
		}
		e.Data, e.Bytes, e.Latency, e.Asked, e.AckOf, e.Err = nil, p.Size, latency, asked, of, nil
		s.o.Event(e)
	}
}
