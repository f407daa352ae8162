package smoke

import (
	"muster/tribes/cluster/membership"
	"muster/tribes/cluster/replicatedmap"
)

// The words between driver and node. A node whose standard input ends leaves in
// order, so that no process outlives a driver that died.

// request is one line to a node. Do names the deed; the other fields are its
// parameters.
type request struct {
	Seq int    `json:"seq"`
	Do  string `json:"do"`

	To   string `json:"to,omitempty"`   // a member's unique id, hex
	Text string `json:"text,omitempty"` // of a message

	// Set names sessions: SET-0 to SET-(COUNT-1), each with Size bytes of data
	// that may be idle for MaxInactive seconds.
	Set         string `json:"set,omitempty"`
	Count       int    `json:"count,omitempty"`
	Size        int    `json:"size,omitempty"`
	MaxInactive int32  `json:"max_inactive,omitempty"`

	// Alone: there need not be a member to fetch the state from.
	Alone bool `json:"alone,omitempty"`
}

const (
	doSend  = "send"  // a message to one member; the reply waits for its ack
	doLeave = "leave" // goodbye; the process ends after the reply
	doHeard = "heard" // what it hears of heartbeats

	doFetch      = "fetch"      // the state from the oldest member
	doCreate     = "create"     // the sessions of a set, counter 1
	doServe      = "serve"      // a request to each: the counter goes up
	doInvalidate = "invalidate" // end each
	doDigest     = "digest"     // what this node holds of each
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
	// Digests are those of the sessions that are here, by id; Sessions is how many
	// there are in all.
	Digests  map[string]string `json:"digests,omitempty"`
	Sessions int               `json:"sessions,omitempty"`
	// Places are where the sessions live, as this node knows it, by id: of a
	// BackupManager.
	Places map[string]place `json:"places,omitempty"`
	// Heard is what this node hears of heartbeats.
	Heard *heard `json:"heard,omitempty"`
	// TookUS is what a deed took on the node, in microseconds.
	TookUS int64 `json:"took_us,omitempty"`
}

// heard is what a node hears of heartbeats.
type heard struct {
	Own        uint64            `json:"own"` // its own that came back
	SendErrors uint64            `json:"send_errors"`
	Members    map[string]string `json:"members"` // by unique id: why it is no member, empty where it is
}

// place is where a session of a BackupManager lives.
type place struct {
	Role    replicatedmap.Role `json:"role"`    // of this node
	Primary string             `json:"primary"` // unique ids; empty where there is none
	Backups []string           `json:"backups"`
}

const (
	eventReady   = "ready"
	eventMessage = "message"
)
