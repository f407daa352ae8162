package analysis

import (
	"net/netip"

	"muster/sniff/frame"
	"muster/sniff/stream"
)

// Segment notes a TCP segment of a cluster's stream: who is alive, and who is
// asked in vain.
func (a *Analysis) Segment(f *frame.Frame, now int64) {
	a.sent(f, now, true)
	if f.TCPFlags&frame.SYN != 0 && f.TCPFlags&frame.ACK == 0 || f.PayloadLen > 0 {
		a.tried(f.Dst, now)
	}
}

// Answered notes that a receiver took a connection.
func (a *Analysis) Answered(server netip.AddrPort, now int64) {
	if r := a.Receiver(server); r != nil {
		r.LastAnswered = now
	}
}

// Closed counts a connection that ended, or that the capture ended in, with the
// acks that never came.
func (a *Analysis) Closed(r *Receiver, c *stream.Conn, acksMissing uint64, now int64) {
	if r == nil {
		return
	}
	r.AcksMissing += acksMissing
	r.Segments += c.Half[stream.ToServer].Segments
	r.SentAgain += c.Half[stream.ToServer].Retransmitted
	for i := range c.Half {
		h := &c.Half[i]
		r.Retransmitted += h.Retransmitted
		r.Changed += h.Changed
		r.Gaps += h.Gaps
		r.Missing += h.Missing
	}
	if !c.Opened {
		return
	}
	r.Opened++
	switch {
	case c.Answered:
		r.Answered++
		r.LastAnswered = max(r.LastAnswered, c.First)
	case c.Refused:
		r.Refused++
		r.LastFailed = max(r.LastFailed, c.Last)
	case now-c.First > second && !a.deaf(c.Last): // less is no time to answer
		r.Silent++
		r.SilentSYNs += uint64(c.SYNs)
		r.LastFailed = max(r.LastFailed, c.Last)
	}
}
