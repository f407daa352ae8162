package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"muster/cmd/internal/term"
	"muster/internal/escape"
)

// maxShownText is how much of a text or value one line for people has.
const maxShownText = 100

// describeMember is a member in one line.
func describeMember(m *Member) string {
	host := m.Host
	switch {
	case host == "":
		host = "{" + m.HostHex + "}"
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	s := fmt.Sprintf("%s:%d, id %s, alive %d ms", host, m.Port, m.UniqueID, m.AliveMS)
	if m.Generation != "v1" {
		s += ", " + m.Tomcat
	}
	if m.DomainHex != "" {
		s += ", domain " + m.Domain
	}
	switch {
	case m.Shutdown:
		s += ", leaving"
	case m.CommandHex != "":
		s += ", command " + m.Command
	}
	if n := len(m.PayloadHex) / 2; n > 0 {
		s += fmt.Sprintf(", payload of %d bytes", n)
	}
	return s
}

// describeMessage is what a message says, a line for each part of it.
func describeMessage(m *Message) []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if m.Gzip != nil {
		add("compressed, %d bytes expanded", m.Gzip.Bytes)
	}
	if e := m.Encryption; e != nil {
		add("encrypted with %s, %d bytes decrypted", e.Algorithm, e.Bytes)
	}
	switch {
	case m.Kind == "bytes" && m.Text != "":
		add("text %s", cut(m.Text, maxShownText))
	case m.Kind == "failure_detector":
		add("the question of a TcpFailureDetector whether the receiver is there")
	case m.Kind == "encrypted" && m.Error != "":
		add("with the key given it %s", m.Error)
	case m.Kind == "encrypted":
		add("no key: what is inside stays unknown")
	case m.TwoPhase != nil:
		add("confirms message %s", m.TwoPhase.Confirms)
	case m.Fragment != nil:
		add("slice %d of %d, %d bytes", m.Fragment.Index+1, m.Fragment.Count, m.Fragment.Bytes)
	case m.Coordination != nil:
		add("election %s, view %s of %d members", m.Coordination.Type, m.Coordination.ViewID, len(m.Coordination.View))
		if m.Coordination.Leader != nil {
			add("  leader %s", describeMember(m.Coordination.Leader))
		}
	}
	return append(lines, describeObject(&m.Object)...)
}

func describeObject(o *Object) []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	indent := func(more []string) {
		for _, l := range more {
			lines = append(lines, "  "+l)
		}
	}
	switch {
	case o.Java != nil:
		lines = append(lines, o.Java.text())
	case o.Session != nil:
		lines = describeSession(o.Session)
	case o.RPC != nil:
		what := "request"
		switch {
		case o.RPC.NoChannel:
			what = "reply that nobody serves it"
		case o.RPC.Reply:
			what = "reply"
		}
		add("RPC %s, %s %s", o.RPC.ID, what, o.RPC.UUID)
		if o.RPC.Message != nil {
			indent(describeObject(o.RPC.Message))
		}
	case o.Map != nil:
		add("map %s, message %d %s", o.Map.Map, o.Map.Type, o.Map.TypeName)
		if o.Map.Key != nil {
			add("  key %s", valueText(o.Map.Key.Value))
		}
		if o.Map.Value != nil {
			add("  value %s", o.Map.Value.text())
		}
		if o.Map.Session != nil {
			indent(describeState(o.Map.Session))
		}
		if o.Map.Changes != nil {
			indent(describeDelta(o.Map.Changes))
		}
		if o.Map.Primary != nil {
			add("  primary %s", describeMember(o.Map.Primary))
		}
		for i := range o.Map.Nodes {
			add("  backup %s", describeMember(&o.Map.Nodes[i]))
		}
	case o.StaticMember != nil:
		add("static membership %s, %s", o.StaticMember.Membership, o.StaticMember.TypeName)
	case o.File != nil:
		add("file %s for %s, piece %d of %d, %d bytes", escape.Text(o.File.FileName), escape.Text(o.File.Context), o.File.Number, o.File.Total, o.File.Bytes)
	case o.Undeploy != nil:
		add("undeploys %s", escape.Text(o.Undeploy.Context))
	case o.Member != nil:
		add("member %s", describeMember(o.Member))
	}
	for i := range o.Sessions {
		lines = append(lines, describeState(&o.Sessions[i])...)
	}
	return lines
}

func describeSession(s *Session) []string {
	var lines []string
	if s.Event != 0 {
		at := "without a time"
		if s.TimestampMS != nil {
			at = "at " + jsonTime(*s.TimestampMS).Format(time.RFC3339Nano)
		}
		lines = append(lines, fmt.Sprintf("event %d %s, context %s, session %s, %s, class version %d", s.Event, s.EventName,
			escape.Text(s.Context), escape.Text(s.SessionID), at, s.ClassVersion))
	} else if s.SessionID != "" {
		lines = append(lines, "changes of session "+escape.Text(s.SessionID))
	}
	if s.NewSessionID != "" {
		lines = append(lines, strings.Repeat("  ", min(1, len(lines)))+"new id "+escape.Text(s.NewSessionID))
	}
	for _, l := range describeDelta(&s.SessionDelta) {
		lines = append(lines, "  "+l)
	}
	for i := range s.Sessions {
		for _, l := range describeState(&s.Sessions[i]) {
			lines = append(lines, "  "+l)
		}
	}
	return lines
}

func describeDelta(d *SessionDelta) []string {
	var lines []string
	for _, a := range append(append([]Attribute(nil), d.Attributes...), d.Changes...) {
		name := a.Name
		if a.Type != "" && a.Type != "note" {
			name = strings.ReplaceAll(a.Type, "_", " ")
		}
		line := a.Action + " " + escape.Text(name)
		if a.Action != "remove" {
			line += valueOf(&a)
		}
		lines = append(lines, line)
	}
	return lines
}

func describeState(s *SessionState) []string {
	lines := []string{fmt.Sprintf("session %s, created %s, last accessed %s, expires after %d s idle, valid %v", escape.Text(s.ID),
		s.Created.Format(time.RFC3339Nano), s.LastAccessed.Format(time.RFC3339Nano), s.MaxInactiveInterval, s.IsValid)}
	for _, a := range s.Attributes {
		lines = append(lines, "  "+escape.Text(a.Name)+valueOf(&a))
	}
	return lines
}

// text is the class and, unless it is hidden, the value.
func (j *Java) text() string {
	if j.hidden {
		return escape.Text(j.Class)
	}
	return escape.Text(j.Class) + " " + valueText(j.Value)
}

// valueOf is an attribute's value with its class; where the value is hidden, its
// size.
func valueOf(a *Attribute) string {
	if a.hidden {
		return fmt.Sprintf(" (%s, %d bytes)", escape.Text(a.Class), a.Bytes)
	}
	return " = " + valueText(a.Value) + " (" + escape.Text(a.Class) + ")"
}

// valueText is a value in one short line: its JSON, safe for a terminal.
func valueText(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return escape.Text(err.Error())
	}
	return cut(strings.TrimSpace(string(term.Printable(b.Bytes()))), maxShownText)
}

// cut shortens s to about n bytes, at a rune's border.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n] + "..."
}
