package view

import (
	"encoding/hex"
	"net/netip"

	"muster/internal/escape"
	"muster/tribes"
	"muster/tribes/decode"
)

// Message is a message on the channel in JSON, the same in every command.
type Message struct {
	Options     int32  `json:"options"`
	OptionsText string `json:"options_text"`
	TimestampMS int64  `json:"timestamp_ms"`
	UniqueID    string `json:"unique_id"`
	Sender      Member `json:"sender"`
	Bytes       int    `json:"bytes"` // of the message as it was sent
	Kind        string `json:"kind"`
	// MessageHex is the message itself; left out where there may be many.
	MessageHex *string `json:"message_hex,omitempty"`
	// Text is a message of kind "bytes", escaped.
	Text string `json:"text,omitempty"`
	// Gzip and Encryption tell what interceptors had done to it.
	Gzip       *GzipJSON       `json:"gzip,omitempty"`
	Encryption *EncryptionJSON `json:"encryption,omitempty"`
	Object
	Coordination *CoordinationJSON `json:"coordination,omitempty"`
	TwoPhase     *TwoPhaseJSON     `json:"two_phase,omitempty"`
	Fragment     *FragmentJSON     `json:"fragment,omitempty"`
	TrailingHex  string            `json:"trailing_hex,omitempty"` // behind a Java object
	Error        string            `json:"error,omitempty"`        // what is wrong inside
}

// GzipJSON is what GzipInterceptor had compressed.
type GzipJSON struct {
	Bytes int `json:"bytes"` // expanded
}

// EncryptionJSON is what EncryptInterceptor had sealed.
type EncryptionJSON struct {
	Algorithm   string `json:"algorithm"`
	Timestamped bool   `json:"timestamped"` // the form of Tomcat 9.0.119, 10.1.56, 11.0.23 and later
	TimestampMS int64  `json:"timestamp_ms,omitempty"`
	IVHex       string `json:"iv_hex"`
	Bytes       int    `json:"bytes"` // decrypted
}

// CoordinationJSON is a message of an election.
type CoordinationJSON struct {
	Type    string   `json:"type"`
	TypeHex string   `json:"type_hex,omitempty"`
	Leader  *Member  `json:"leader,omitempty"`
	Source  *Member  `json:"source,omitempty"`
	View    []Member `json:"view"`
	ViewID  string   `json:"view_id,omitempty"`
}

// TwoPhaseJSON confirms an earlier message.
type TwoPhaseJSON struct {
	Confirms string `json:"confirms"`
}

// FragmentJSON is a slice of a message.
type FragmentJSON struct {
	Index int `json:"index"`
	Count int `json:"count"`
	Bytes int `json:"bytes"`
}

// renderMessage is the view of a message whose content is decoded; it shares no memory with it. withHex
// adds the bytes of the message.
func renderMessage(c *tribes.ChannelData, content decode.Content, withHex bool) *Message {
	m := renderContent(content)
	m.Options = int32(c.Options)
	m.OptionsText = c.Options.String()
	m.TimestampMS = c.Timestamp
	m.UniqueID = hex.EncodeToString(c.ID)
	m.Sender = NewMember(&c.Address, netip.AddrPort{})
	m.Bytes = len(c.Message)
	if withHex {
		digits := hex.EncodeToString(c.Message)
		m.MessageHex = &digits
	}
	return m
}

// renderContent renders what a message says, without who sent it.
func renderContent(content decode.Content) *Message {
	m := &Message{Kind: string(content.Kind), TrailingHex: hex.EncodeToString(content.Trailing)}
	if content.Kind == decode.Bytes {
		m.Text = escape.Bytes(content.Message)
	}
	if content.Gzip {
		m.Gzip = &GzipJSON{Bytes: len(content.Message)}
	}
	if s := content.Sealed; s != nil {
		m.Encryption = &EncryptionJSON{content.Opened.Algorithm.String(), s.Timestamp != 0, s.Timestamp, hex.EncodeToString(s.IV), len(s.Message)}
	}
	switch {
	case content.CoordinationOld:
		m.Coordination = &CoordinationJSON{Type: "alive", View: []Member{}}
	case content.Coordination != nil:
		m.Coordination = newCoordination(content)
	case content.Confirms != nil:
		m.TwoPhase = &TwoPhaseJSON{hex.EncodeToString(content.Confirms)}
	case content.Fragment != nil:
		m.Fragment = &FragmentJSON{content.Fragment.Index, content.Fragment.Count, len(content.Fragment.Data)}
	case content.Kind == decode.JavaObject || content.Object.Kind != "":
		m.Object = newObject(&content.Object)
	}
	if content.Err != nil {
		m.Error = content.Err.Error()
	}
	return m
}

func newCoordination(content decode.Content) *CoordinationJSON {
	c := content.Coordination
	member := func(m *tribes.Member) *Member { v := NewMember(m, netip.AddrPort{}); return &v }
	out := &CoordinationJSON{
		Type: electionType(c.Type), TypeHex: c.Type.String(), Leader: member(&c.Leader), Source: member(&c.Source),
		View: []Member{}, ViewID: c.ID.String(),
	}
	for i := range c.View {
		out.View = append(out.View, *member(&c.View[i]))
	}
	return out
}
