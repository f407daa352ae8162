package view

import (
	"encoding/hex"
	"strconv"
	"strings"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/sniff"
	"muster/tribes/decode"
)

// message appends what was read inside a stream or a broadcast.
func (l *SniffLines) message(b []byte, e *sniff.Event) []byte {
	b = append(b, ' ')
	b = appendAddr(b, e.Source)
	b = append(b, " > "...)
	b = appendAddr(b, e.Destination)
	switch e.Kind {
	case sniff.Ack:
		b = l.mark(b, l.marks.dim, "  ack")
		return appendLatency(b, e)
	case sniff.FailAck:
		b = l.mark(b, l.marks.bad, "  fail ack")
		return appendLatency(b, e)
	case sniff.Broken:
		return l.mark(b, l.marks.bad, "  invalid: "+escape.Text(e.Err.Error()))
	}
	m := renderContent(*e.Content)
	if !l.values {
		m.HideValues()
	}
	b = append(append(b, "  message "...), l.marks.good...)
	b = append(append(b, messageName(e.Content)...), l.marks.off...)
	b = strconv.AppendInt(append(b, ", "...), int64(len(e.Data.Message)), 10)
	b = append(append(b, " bytes, options "...), e.Data.Options.String()...)
	b = hex.AppendEncode(append(b, ", id "...), e.Data.ID[:min(4, len(e.Data.ID))])
	lines := describeMessage(m)
	for i, line := range lines {
		if i == maxDescribed {
			return append(strconv.AppendInt(append(b, "; "...), int64(len(lines)-i), 10), " more"...)
		}
		b = append(append(b, "; "...), strings.TrimSpace(line)...)
	}
	return b
}

// maxDescribed is how many parts of a message one line has: a state transfer may
// hold thousands of sessions.
const maxDescribed = 16

func appendLatency(b []byte, e *sniff.Event) []byte {
	if !e.Asked {
		return append(b, " that nothing asked for here"...)
	}
	return append(append(b, " after "...), term.Seconds(e.Latency)...)
}

// messageName says what a message is in a word or two.
func messageName(c *decode.Content) string {
	switch {
	case c.Session != nil && c.Session.Message != nil:
		return escape.Text(c.Session.Event.String())
	case c.Map != nil:
		return "map " + escape.Text(c.Map.Type.String())
	}
	return string(c.Kind)
}

// HideValues leaves out what applications keep in their sessions and messages:
// classes and sizes stay.
func (m *Message) HideValues() {
	m.Text = ""
	m.MessageHex = nil
	m.TrailingHex = ""
	m.Object.hideValues()
}

func (o *Object) hideValues() {
	if o.Java != nil {
		o.Java.hide()
	}
	if o.Session != nil {
		hideAttributes(o.Session.Attributes)
		hideAttributes(o.Session.Changes)
		hideSessions(o.Session.Sessions)
	}
	if o.RPC != nil && o.RPC.Message != nil {
		o.RPC.Message.hideValues()
	}
	if m := o.Map; m != nil {
		if m.Value != nil {
			m.Value.hide()
		}
		if m.Changes != nil {
			hideAttributes(m.Changes.Attributes)
			hideAttributes(m.Changes.Changes)
		}
		if m.Session != nil {
			hideAttributes(m.Session.Attributes)
		}
	}
	hideSessions(o.Sessions)
}

func (j *Java) hide() { j.Value, j.hidden = nil, true }

func hideSessions(list []SessionState) {
	for i := range list {
		hideAttributes(list[i].Attributes)
	}
}

func hideAttributes(list []Attribute) {
	for i := range list {
		list[i].Value = nil
		list[i].hidden = true
	}
}
