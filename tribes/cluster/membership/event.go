package membership

import (
	"net/netip"
	"time"

	"muster/tribes"
)

// Kind is what happened to a member.
type Kind uint8

const (
	// Added: a member that was not there is heard, and its receiver answers.
	Added Kind = iota
	// Alive: a suspected member is heard again.
	Alive
	// Suspect: something speaks against a member, something else for it. It is
	// told once. With reason Expired its heartbeats stopped and its receiver
	// still answers: it stays a member. With reason TCPFailed its heartbeats come
	// and its receiver does not answer: it is not made a member.
	Suspect
	// Disappeared: a member is one no longer.
	Disappeared
)

func (k Kind) String() string {
	switch k {
	case Added:
		return "added"
	case Alive:
		return "alive"
	case Suspect:
		return "suspect"
	}
	return "disappeared"
}

// Reason is why.
type Reason string

const (
	// Heartbeat: it was heard.
	Heartbeat Reason = "heartbeat"
	// Shutdown: it said goodbye.
	Shutdown Reason = "shutdown"
	// Expired: it was silent for longer than the drop time.
	Expired Reason = "expired"
	// TCPFailed: its receiver does not answer. A member that disappears for it
	// was a suspect before, or a message to it failed.
	TCPFailed Reason = "tcp_failed"
	// OtherForm: its heartbeats have a form that is not ours: neither of us takes
	// the other for a member.
	OtherForm Reason = "other_form"
	// Restarted: another id is alive at its address, and it is silent.
	Restarted Reason = "restarted"
)

// Event is one change of the membership.
type Event struct {
	Kind   Kind
	Reason Reason
	Time   time.Time
	Member tribes.Member // as last heard; shared, not to be written to
	Source netip.AddrPort
	// Silent is the time since its last heartbeat.
	Silent time.Duration
	// Err is what the TCP check said, where it decided.
	Err error
}
