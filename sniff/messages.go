package sniff

import (
	"bytes"
	"fmt"
	"net/netip"
	"time"

	"muster/sniff/analysis"
	"muster/tribes"
	"muster/tribes/decode"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

// messages reads what frames hold: messages, and the acks that answer them. It counts them, gives
// them to the analysis and tells of them.
type messages struct {
	decoder  decode.Decoder
	analysis *analysis.Analysis
	totals   *Totals
	tell     func(*Event) // nil where nobody looks at events
	// event is of the packet that is read; what is told of is written into it.
	event   Event
	data    tribes.ChannelData // the latest message
	content decode.Content
}

// packet says by which packet the next messages come.
func (m *messages) packet(e *Event) {
	if m.tell != nil {
		m.event = Event{Packet: e.Packet, Frame: e.Frame}
	}
}

// frameData decodes the data of a frame and tells of the message.
func (m *messages) frameData(src, dst netip.AddrPort, data []byte, size int, now int64) *tribes.ChannelData {
	var err error
	c := &m.data
	if *c, err = tribes.ParseChannelData(data); err != nil {
		m.broken(src, dst, fmt.Errorf("message: %w", err))
		return nil
	}
	m.spoken(src, dst, size, now)
	return c
}

// frame55 is frameData for a frame of Tomcat 5.5.
func (m *messages) frame55(src, dst netip.AddrPort, data []byte, size int, now int64) *tribes.ChannelData {
	c, err := decode.Message55(data, m.decoder.Limit)
	if err != nil {
		m.broken(src, dst, fmt.Errorf("message of Tomcat 5.5: %w", err))
		return nil
	}
	m.data = c
	m.spoken(src, dst, size, now)
	return &m.data
}

// spoken tells of the message that was just read.
func (m *messages) spoken(src, dst netip.AddrPort, size int, now int64) {
	c, content := &m.data, &m.content
	*content = m.read(c)
	m.totals.Messages++
	sender := m.analysis.Message(src.Addr(), c, kindName(content), size, now)
	if sender != nil && !dst.Addr().IsMulticast() {
		switch asked, answered := stateWords(c.Message); {
		case asked:
			m.analysis.Asked(sender, dst, now)
		case answered:
			m.analysis.AskAnswered(sender, dst)
		}
	}
	if sender != nil {
		seal(&sender.Talk, content)
	}
	if m.tell != nil {
		e := &m.event
		e.Kind, e.Source, e.Destination = Message, src, dst
		e.Data, e.Content, e.Bytes, e.Err = c, content, size, nil
		m.tell(e)
	}
}

// stateWords looks for the texts by which DeltaManager and ClusterSessionListener mark a question for the
// sessions of a context, and its answers (SessionMessageImpl, uniqueId). They stand behind the sessions
// themselves, at the end of the message.
func stateWords(b []byte) (asked, answered bool) {
	const get = "GET-ALL-"
	if !javaser.IsStream(b) {
		return false, false
	}
	if b = b[max(0, len(b)-maxWords):]; endsWithTime(b) {
		return false, false // as most do
	}
	if i := bytes.Index(b, []byte(get)); i >= 2 && int(b[i-2])<<8|int(b[i-1]) > len(get) { // behind its length; who asks for every context names none
		return true, false
	}
	return false, bytes.Contains(b, []byte("SESSION-STATE")) || bytes.Contains(b, []byte("NO-CONTEXT-MANAGER"))
}

// endsWithTime reports whether the last text of a message is that of one about a single session: its id, a dash, and
// a time in ms.
func endsWithTime(b []byte) bool {
	const digits = len("1795294308060")
	at := len(b) - digits
	if at < 1 || b[at-1] != '-' {
		return false
	}
	for _, c := range b[at:] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// maxWords is how much of a message's end is searched.
const maxWords = 384

// seal notes how the message was encrypted. What a key opens into nothing that can be
// read, it may have opened by chance.
func seal(t *analysis.Talk, content *decode.Content) {
	switch {
	case content.Kind == decode.Encrypted && content.Err != nil:
		t.Undecrypted++
		t.Closed(len(content.Message))
	case content.Kind == decode.Encrypted:
		t.Closed(len(content.Message))
	case content.Sealed != nil && content.Err == nil && content.Kind != decode.Bytes:
		t.Opened(analysis.Sealing{Algorithm: content.Opened.Algorithm.String(), Stamped: content.Sealed.Timestamp != 0})
	}
}

// staticMember names the class by which StaticMembershipService talks.
const staticMember = "StaticMembershipProvider$MemberMessage"

// read decodes the message. Where nobody looks at events, a Java object is
// not taken apart: that it is one is all that the analysis asks.
func (m *messages) read(c *tribes.ChannelData) decode.Content {
	if m.tell != nil || !javaser.IsStream(c.Message) {
		return m.decoder.Message(c)
	}
	if len(c.Message) < 4096 && !session.IsMessage(c.Message[:min(len(c.Message), 128)]) && bytes.Contains(c.Message, []byte(staticMember)) {
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
func (m *messages) pend(k *conn, c *tribes.ChannelData, size int, now int64) {
	if k.receiver == nil {
		return
	}
	k.receiver.Message(now)
	k.receiver.Bytes += uint64(size)
	if c == nil || c.Options&tribes.UseAck == 0 {
		return
	}
	k.receiver.AcksDue++
	k.debt.Asked(now)
	if len(k.pending) < maxPending {
		p := pending{at: now}
		copy(p.id[:], c.ID)
		k.pending = append(k.pending, p)
	}
}

// ack tells of an answer: it belongs to the oldest message that waits.
func (m *messages) ack(k *conn, src, dst netip.AddrPort, p tribes.Piece, now int64) {
	failed := p.Kind == tribes.PieceFailAck
	if failed {
		m.totals.FailAcks++
	} else {
		m.totals.Acks++
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
	if m.tell != nil {
		e := &m.event
		e.Kind, e.Source, e.Destination = Ack, src, dst
		if failed {
			e.Kind = FailAck
		}
		e.Data, e.Bytes, e.Latency, e.Asked, e.AckOf, e.Err = nil, p.Size, latency, asked, of, nil
		m.tell(e)
	}
}

// broken counts a place that cannot be read, and tells of it.
func (m *messages) broken(src, dst netip.AddrPort, err error) {
	m.totals.Invalid++
	if m.tell != nil {
		e := &m.event
		e.Kind, e.Source, e.Destination, e.Err, e.Data = Broken, src, dst, err, nil
		m.tell(e)
	}
}
