package ui

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
	Bytes       int    `json:"bytes"` // of the message itself
	Kind        string `json:"kind"`
	MessageHex  string `json:"message_hex"`
	// Text is a message of kind "bytes", escaped.
	Text string `json:"text,omitempty"`
}

// NewMessage shares no memory with c.
func NewMessage(c *tribes.ChannelData) *Message {
	content := decode.Message(c)
	m := &Message{
		Options:     int32(c.Options),
		OptionsText: c.Options.String(),
		TimestampMS: c.Timestamp,
		UniqueID:    hex.EncodeToString(c.ID),
		Sender:      NewMember(&c.Address, netip.AddrPort{}),
		Bytes:       len(c.Message),
		Kind:        string(content.Kind),
		MessageHex:  hex.EncodeToString(c.Message),
	}
	if content.Kind == decode.Bytes {
		m.Text = escape.Bytes(c.Message)
	}
	return m
}
