package stream

import (
	"bytes"
	"hash/maphash"
	"slices"

	"muster/sniff/frame"
)

// payload takes the bytes of a segment: at once, or later when they come too
// early.
func (a *Assembler) payload(c *Conn, d Dir, f *frame.Frame, now int64) {
	h := &c.Half[d]
	h.Segments++
	if !h.started {
		h.started, h.expect = true, f.Seq // the capture began later than the stream
	}
	ahead := int32(f.Seq - h.expect)
	switch {
	case ahead > maxJump || ahead < -maxJump:
		h.Gaps++ // nothing can be said of how many bytes are missing
		a.drop(h)
		h.expect = f.Seq
		a.sink.Gap(c, d, 0, now)
	case ahead > 0:
		a.wait(c, d, f, now)
		return
	}
	a.deliver(c, d, f.Seq, f.Payload, now)
	if missing := f.PayloadLen - len(f.Payload); missing > 0 {
		a.gapTo(c, d, f.Seq+uint32(f.PayloadLen), now) // the snap length cut it
	}
	a.catchUp(c, d, now)
}

// deliver hands the part of data that is new to the sink. seq is not ahead of
// what is expected.
func (a *Assembler) deliver(c *Conn, d Dir, seq uint32, data []byte, now int64) {
	h := &c.Half[d]
	known := int(h.expect - seq)
	if known > 0 && len(data) > 0 {
		h.Retransmitted++
		if h.changed(seq, data) {
			h.Changed++
		}
	}
	if known >= len(data) {
		return
	}
	data = data[known:]
	h.remember(h.expect, data)
	h.Bytes += uint64(len(data))
	h.expect += uint32(len(data))
	a.sink.Data(c, d, data, now)
}

var seed = maphash.MakeSeed()

// sumOf is a number by which to tell data from other.
func sumOf(data []byte) uint32 { return uint32(maphash.Bytes(seed, data)) }

// remember keeps what tells a repetition of data with other content.
func (h *Half) remember(seq uint32, data []byte) {
	h.recent[h.slot] = digest{seq, uint32(len(data)), sumOf(data)}
	h.slot = (h.slot + 1) % recentSegments
}

func (h *Half) changed(seq uint32, data []byte) bool {
	for _, r := range h.recent {
		at := r.seq - seq // where the remembered one begins in data
		if r.size == 0 || at > uint32(len(data)) || uint32(len(data))-at < r.size {
			continue
		}
		if sumOf(data[at:at+r.size]) != r.sum {
			return true
		}
	}
	return false
}

// wait keeps a segment that came too early.
func (a *Assembler) wait(c *Conn, d Dir, f *frame.Frame, now int64) {
	h := &c.Half[d]
	if len(h.waiting) == 0 {
		h.holeAt = now
	}
	i, same := slices.BinarySearchFunc(h.waiting, f.Seq, func(s segment, seq uint32) int { return int(int32(s.seq - seq)) })
	if same && len(h.waiting[i].data) >= len(f.Payload) {
		h.Retransmitted++
		if !bytes.HasPrefix(h.waiting[i].data, f.Payload) {
			h.Changed++
		}
		return
	}
	data := bytes.Clone(f.Payload)
	if same {
		h.Retransmitted++
		if !bytes.HasPrefix(data, h.waiting[i].data) {
			h.Changed++
			copy(data, h.waiting[i].data)
		}
		h.held -= len(h.waiting[i].data)
		a.held -= len(h.waiting[i].data)
		h.waiting[i].data = data
	} else {
		h.waiting = slices.Insert(h.waiting, i, segment{f.Seq, data})
	}
	h.held += len(data)
	a.held += len(data)
	for h.held > maxHeld || len(h.waiting) > maxHeld/64 || a.held > maxTotal && len(h.waiting) > 0 {
		a.giveUpHole(c, d, now)
	}
}

// catchUp delivers what waited for the bytes that have come.
func (a *Assembler) catchUp(c *Conn, d Dir, now int64) {
	h := &c.Half[d]
	for len(h.waiting) > 0 {
		s := h.waiting[0]
		if int32(s.seq-h.expect) > 0 {
			return
		}
		a.takeFirst(h)
		if overlap := int(h.expect - s.seq); overlap > 0 {
			h.Retransmitted++
			if h.changed(s.seq, s.data) {
				h.Changed++
			}
			if overlap >= len(s.data) {
				continue
			}
			s.seq, s.data = h.expect, s.data[overlap:]
		}
		a.deliver(c, d, s.seq, s.data, now)
	}
}

func (a *Assembler) takeFirst(h *Half) {
	n := len(h.waiting[0].data)
	h.held -= n
	a.held -= n
	h.waiting[0].data = nil
	if h.waiting = h.waiting[1:]; len(h.waiting) == 0 {
		h.waiting = nil
	}
}

// giveUpHole goes on behind the first hole: its bytes will not come.
func (a *Assembler) giveUpHole(c *Conn, d Dir, now int64) {
	h := &c.Half[d]
	if len(h.waiting) == 0 {
		return
	}
	a.gapTo(c, d, h.waiting[0].seq, now)
	a.catchUp(c, d, now)
	h.holeAt = now
}

func (a *Assembler) gapTo(c *Conn, d Dir, seq uint32, now int64) {
	h := &c.Half[d]
	n := int64(int32(seq - h.expect))
	if n <= 0 {
		return
	}
	h.Gaps++
	h.Missing += uint64(n)
	h.expect = seq
	a.sink.Gap(c, d, n, now)
}

// drop forgets all that waits.
func (a *Assembler) drop(h *Half) {
	a.held -= h.held
	h.held, h.waiting = 0, nil
}

// acked looks at what f says of the other direction d: bytes that its receiver
// has and the capture has not were missed, since segments wait behind them.
func (a *Assembler) acked(c *Conn, d Dir, f *frame.Frame, now int64) {
	h := &c.Half[d]
	if len(h.waiting) == 0 || f.TCPFlags&frame.ACK == 0 {
		return
	}
	if int32(f.Ack-h.waiting[0].seq) >= 0 && now-h.holeAt > holeAfter {
		a.giveUpHole(c, d, now)
	}
}
