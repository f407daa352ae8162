package smoke

import "muster/tribes/membership"

// The words between driver and node. A node whose standard input ends leaves in
// order, so that no process outlives a driver that died.

// request is one line to a node. Do names the deed; the other fields are its
// parameters.
type request struct {
	Seq int    `json:"seq"`
	Do  string `json:"do"`

	To   string `json:"to,omitempty"`   // a member's unique id, hex
	Text string `json:"text,omitempty"` // of a message
}

const (
	doSend  = "send"  // a message to one member; the reply waits for its ack
	doLeave = "leave" // goodbye; the process ends after the reply
)

// line is one line from a node: the answer to a request, or an event.
type line struct {
	// Seq is that of the request answered; 0 for an event.
	Seq   int    `json:"seq,omitempty"`
	Error string `json:"error,omitempty"`

	// Event is "ready" or a membership event's type.
	Event    string            `json:"event,omitempty"`
	Reason   membership.Reason `json:"reason,omitempty"`
	SilentMS int64             `json:"silent_ms,omitempty"`
	Name     string            `json:"name,omitempty"`
	Address  string            `json:"address,omitempty"`
	UniqueID string            `json:"unique_id,omitempty"`

	// Text is a message that came (Event "message").
	Text string `json:"text,omitempty"`
	// TookUS is what a deed took on the node, in microseconds.
	TookUS int64 `json:"took_us,omitempty"`
}

const (
	eventReady   = "ready"
	eventMessage = "message"
)
