package ui

import (
	"errors"
	"fmt"
	"net/netip"

	"muster/tribes"
	"muster/tribes/decode"
)

// Decoded renders what 'tribes decode' finds, and counts it.
type Decoded struct {
	out    *Stream
	lines  *Lines
	text   bool
	inputs int
	last   int
	counts map[decode.Type]int
}

// NewDecoded writes JSON lines to out, or text for people.
func NewDecoded(out *Stream, text bool) *Decoded {
	return &Decoded{out: out, lines: NewLines(out), text: text, counts: map[decode.Type]int{}}
}

// Invalid is the number of things that were not valid.
func (d *Decoded) Invalid() int { return d.counts[decode.Invalid] }

// decodedLine is one JSON line; which fields it has depends on its type.
type decodedLine struct {
	Type      string `json:"type"`
	Input     int    `json:"input,omitempty"`
	Offset    int64  `json:"offset"`
	Bytes     int64  `json:"bytes,omitempty"`
	DataBytes *int   `json:"data_bytes,omitempty"` // of a frame, its overhead left out
	// Member and Text (the words of Tomcat's log) are a heartbeat's; Trailing
	// counts the bytes after it in its datagram.
	Member   *Member  `json:"member,omitempty"`
	Text     string   `json:"text,omitempty"`
	Trailing int64    `json:"trailing_bytes,omitempty"`
	Message  *Message `json:"message,omitempty"`
	Error    string   `json:"error,omitempty"`
}

// Item renders one thing of the given input, 0 where there is only one.
func (d *Decoded) Item(input int, i decode.Item) error {
	d.count(input, i.Type)
	line := decodedLine{Type: string(i.Type), Input: input, Offset: i.Offset, Bytes: i.Bytes}
	switch {
	case i.Type == decode.Heartbeat:
		m := NewMember(&i.Member, netip.AddrPort{})
		line.Member, line.Text, line.Trailing = &m, i.Member.Text(i.Member.TextForm()), i.Trailing
	case i.Type == decode.Frame:
		line.DataBytes = &i.DataBytes
	}
	switch {
	case i.Data != nil:
		line.Message = NewMessage(i.Data)
	case i.Err != nil:
		line.Error = i.Err.Error()
		var p *tribes.ParseError
		if errors.As(i.Err, &p) {
			line.Offset += int64(p.Offset)
			line.Error = p.Field + ": " + p.Reason
		}
	}
	if d.text {
		return d.print(line)
	}
	return d.lines.Write(line)
}

// BadHex renders a line of input that is not hex.
func (d *Decoded) BadHex(input int, err *decode.HexError) error {
	d.count(input, decode.Invalid)
	line := decodedLine{Type: string(decode.Invalid), Input: input, Error: err.Error()}
	if d.text {
		return d.print(line)
	}
	return d.lines.Write(line)
}

func (d *Decoded) count(input int, t decode.Type) {
	if input != d.last || d.inputs == 0 {
		d.inputs++
		d.last = input
	}
	d.counts[t]++
}

type decodedSummary struct {
	Type       string `json:"type"`
	Inputs     int    `json:"inputs"`
	Heartbeats int    `json:"heartbeats"`
	Frames     int    `json:"frames"`
	Messages   int    `json:"messages"`
	Acks       int    `json:"acks"`
	FailAcks   int    `json:"fail_acks"`
	Java       int    `json:"java"`
	Incomplete int    `json:"incomplete"`
	Invalid    int    `json:"invalid"`
}

// Summary closes the output.
func (d *Decoded) Summary() error {
	n := d.counts
	s := decodedSummary{
		Type: "summary", Inputs: d.inputs, Heartbeats: n[decode.Heartbeat], Frames: n[decode.Frame],
		Messages: n[decode.BareMessage], Acks: n[decode.Ack], FailAcks: n[decode.FailAck],
		Java: n[decode.JavaStream], Incomplete: n[decode.Incomplete], Invalid: n[decode.Invalid],
	}
	if !d.text {
		return d.lines.Write(s)
	}
	_, err := fmt.Fprintf(d.out, "%d heartbeats, %d frames, %d acks, %d failure acks, %d Java streams, %d incomplete, %d invalid\n",
		s.Heartbeats, s.Frames+s.Messages, s.Acks, s.FailAcks, s.Java, s.Incomplete, s.Invalid)
	return err
}
