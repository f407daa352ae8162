package sniff

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"muster/sniff/analysis"
	"muster/sniff/capture"
	"muster/sniff/frame"
	"muster/tribes"
)

// beatCache remembers the latest heartbeats. A member sends the same record
// again and again with another alive time; such a one needs not be parsed nor its
// sender looked up, which makes up most of a long capture.
type beatCache struct {
	slots [1024]knownBeat
	// found is the slot of the heartbeat at hand, nil where it was parsed.
	found *knownBeat
}

// knownBeat is a heartbeat that was parsed, with its sender's row.
type knownBeat struct {
	raw    []byte
	member tribes.Member // shares memory with raw
	row    *analysis.Member
}

const (
	// aliveAt and aliveEnd are where a v1 record has its alive time.
	aliveAt, aliveEnd = 14, 22
	minBeat           = 77
	maxBeat           = 512 // what is kept of one
)

// slot is where a heartbeat of b's sender would stand: the host, and what is the
// unique id in records without a payload, tell senders apart.
func (c *beatCache) slot(b []byte) *knownBeat {
	h := binary.BigEndian.Uint32(b[35:]) ^ binary.BigEndian.Uint32(b[len(b)-30:])
	return &c.slots[h*2654435761>>22]
}

// find returns the known heartbeat that b repeats with another alive time.
func (c *beatCache) find(b []byte) *knownBeat {
	if len(b) < minBeat || len(b) > maxBeat {
		return nil
	}
	k := c.slot(b)
	if len(k.raw) != len(b) || !bytes.Equal(k.raw[aliveEnd:], b[aliveEnd:]) || !bytes.Equal(k.raw[:aliveAt], b[:aliveAt]) {
		return nil
	}
	return k
}

// keep remembers a parsed v1 heartbeat.
func (c *beatCache) keep(b []byte, row *analysis.Member) {
	if len(b) < minBeat || len(b) > maxBeat || row == nil || row.Record.Generation != tribes.V1 {
		return
	}
	k := c.slot(b)
	k.raw = append(k.raw[:0], b...)
	m, n, err := tribes.ParseMember(k.raw)
	if err != nil || n != len(b) {
		k.raw = k.raw[:0]
		return
	}
	k.member, k.row = m, row
}

// heartbeat reads the member record of a datagram.
func (s *Sniffer) heartbeat(e *Event) {
	b := e.Frame.Payload
	if k := s.beats.find(b); k != nil {
		k.member.Alive = int64(binary.BigEndian.Uint64(b[aliveAt:]))
		s.beats.found = k
		e.Member = &k.member
		return
	}
	s.beats.found = nil
	m, _, err := tribes.ParseMember(b)
	if err == nil {
		s.member = m
		e.Member = &s.member
		return
	}
	if !e.Frame.Cut {
		e.Err = fmt.Errorf("heartbeat: %w", err)
	}
}

// heardBeat counts the heartbeat that was just read.
func (s *Sniffer) heardBeat(p *capture.Packet, f *frame.Frame) analysis.Beat {
	if k := s.beats.found; k != nil {
		return s.Analysis.Heartbeat(p, f, &k.member, k.row)
	}
	beat := s.Analysis.Heartbeat(p, f, &s.member, nil)
	s.streams.receiver(&s.member, f.Src)
	s.beats.keep(f.Payload, beat.Row)
	beat.Same = false
	return beat
}
