package view

import (
	"errors"
	"fmt"
	"net/netip"

	"muster/cmd/internal/term"
	"muster/tribes"
	"muster/tribes/decode"
	"muster/tribes/javaser"
)

// Decoded renders what 'tribes decode' finds, and counts it.
type Decoded struct {
	out     *term.Stream
	lines   *term.Lines
	text    bool
	decoder *decode.Decoder
	inputs  int
	last    int
	counts  map[decode.Type]int
	errors  int
}

// NewDecoded writes JSON lines to out, or text for people.
func NewDecoded(out *term.Stream, text bool, d *decode.Decoder) *Decoded {
	return &Decoded{out: out, lines: term.NewLines(out), text: text, decoder: d, counts: map[decode.Type]int{}}
}

// Faults is the number of things that were not valid or held what was not.
func (d *Decoded) Faults() int { return d.counts[decode.Invalid] + d.errors }

// DecodedLine is one JSON line; which fields it has depends on its type.
type DecodedLine struct {
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

// DecodedJava is the JSON line of a Java stream. What its class is known to say
// stands in a field of its own beside the plain view of it.
type DecodedJava struct {
	Type   string `json:"type"`
	Input  int    `json:"input,omitempty"`
	Offset int64  `json:"offset"`
	Bytes  int64  `json:"bytes"`
	Class  string `json:"class"` // empty for null, and where there is more than one value
	SUID   *int64 `json:"serial_version_uid,omitempty"`
	Value  any    `json:"value"`
	Object
	Error string `json:"error,omitempty"`
}

// Item renders one thing of the given input, 0 where there is only one.
func (d *Decoded) Item(input int, i decode.Item) error {
	d.count(input, i.Type)
	if i.Type == decode.JavaStream {
		return d.java(input, i)
	}
	line := DecodedLine{Type: string(i.Type), Input: input, Offset: i.Offset, Bytes: i.Bytes}
	switch {
	case i.Type == decode.Heartbeat:
		m := NewMember(&i.Member, netip.AddrPort{})
		line.Member, line.Text, line.Trailing = &m, i.Member.Text(i.Member.TextForm()), i.Trailing
	case i.Type == decode.Frame:
		line.DataBytes = &i.DataBytes
	}
	switch {
	case i.Data != nil:
		line.Message = renderMessage(i.Data, d.decoder.Message(i.Data), true)
		if line.Message.Error != "" {
			d.errors++
		}
	case i.Err != nil:
		line.Error = i.Err.Error()
		var p *tribes.ParseError
		var j *javaser.Error
		switch {
		case errors.As(i.Err, &p):
			line.Offset += int64(p.Offset)
			line.Error = p.Field + ": " + p.Reason
		case errors.As(i.Err, &j):
			line.Offset += int64(j.Offset)
			line.Error = "java stream: " + j.Reason
		}
	}
	if d.text {
		return d.print(line)
	}
	return d.lines.Write(line)
}

func (d *Decoded) java(input int, i decode.Item) error {
	line := DecodedJava{Type: string(i.Type), Input: input, Offset: i.Offset, Bytes: i.Bytes}
	known, err := d.decoder.Stream(i.Java, i.Raw)
	line.Object = newObject(&known)
	if len(i.Java) == 1 {
		j := newJava(i.Java[0])
		line.Class, line.Value = j.Class, j.Value
		if o, ok := i.Java[0].(*javaser.Object); ok && !o.Class.Proxy {
			suid := int64(o.Class.SUID)
			line.SUID = &suid
		}
	} else {
		all := make([]any, 0, len(i.Java))
		for _, v := range i.Java {
			all = append(all, newJava(v).Value)
		}
		line.Value = all
	}
	line.Java = nil // it is the value
	if err != nil {
		line.Error = err.Error()
		d.errors++
	}
	if d.text {
		return d.printJava(line)
	}
	return d.lines.Write(line)
}

// BadHex renders a line of input that is not hex.
func (d *Decoded) BadHex(input int, err *decode.HexError) error {
	d.count(input, decode.Invalid)
	line := DecodedLine{Type: string(decode.Invalid), Input: input, Error: err.Error()}
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

type DecodedSummary struct {
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
	// Errors counts messages and objects that are whole but hold what is not valid.
	Errors int `json:"errors"`
}

// Summary closes the output.
func (d *Decoded) Summary() error {
	n := d.counts
	s := DecodedSummary{
		Type: "summary", Inputs: d.inputs, Heartbeats: n[decode.Heartbeat], Frames: n[decode.Frame],
		Messages: n[decode.BareMessage], Acks: n[decode.Ack], FailAcks: n[decode.FailAck],
		Java: n[decode.JavaStream], Incomplete: n[decode.Incomplete], Invalid: n[decode.Invalid],
		Errors: d.errors,
	}
	if !d.text {
		return d.lines.Write(s)
	}
	_, err := fmt.Fprintf(d.out, "%d heartbeats, %d frames, %d acks, %d failure acks, %d Java streams, %d incomplete, %d invalid\n",
		s.Heartbeats, s.Frames+s.Messages, s.Acks, s.FailAcks, s.Java, s.Incomplete, s.Invalid+s.Errors)
	return err
}
