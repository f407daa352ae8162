package decode

import (
	"muster/tribes"
	"muster/tribes/interceptor"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

// Kind is what a message is.
type Kind string

const (
	Bytes           Kind = "bytes" // raw bytes of the application
	JavaObject      Kind = "java"  // an object of a class that is not Tomcat's
	RPC             Kind = "rpc"
	Session         Kind = "session"
	Map             Kind = "map"
	StaticMember    Kind = "static_member" // of StaticMembershipService
	File            Kind = "file"          // of FarmWarDeployer
	Undeploy        Kind = "undeploy"
	FailureDetector Kind = "failure_detector"
	TCPPing         Kind = "tcp_ping"
	StaticStart     Kind = "static_start" // of StaticMembershipInterceptor
	StaticStop      Kind = "static_stop"
	Coordination    Kind = "coordination"
	TwoPhase        Kind = "two_phase" // the confirmation of a message
	Fragment        Kind = "fragment"
	Encrypted       Kind = "encrypted"
)

// Content is what a message says: its kind, and for each kind that holds more a
// field of its own. It shares memory with the message.
type Content struct {
	Kind Kind
	// Message is what was left when interceptors had been undone; Gzip and Sealed
	// tell which were.
	Message []byte
	Gzip    bool
	Sealed  *interceptor.Sealed
	Opened  *interceptor.Encryption // that opened it
	// Trailing is what follows a Java object: FragmentationInterceptor's zero byte,
	// OrderInterceptor's counter.
	Trailing []byte

	Object          // of java, rpc, session, map, static_member, file, undeploy
	Coordination    *interceptor.Coordination
	CoordinationOld bool   // the "alive" that nobody sends
	Confirms        []byte // of two_phase: a message id
	Fragment        *interceptor.Fragment
	// Err is what is wrong inside a message that its kind promised.
	Err error
}

// Object is a Java object, read as far as its class is known.
type Object struct {
	Java    javaser.Value // as plain data; nil is null
	Session *SessionContent
	RPC     *session.RPC
	Inner   *Object // of RPC: its message
	Map     *MapContent
	Static  *session.StaticMember
	File    *session.File
	Gone    *session.Undeploy
	Member  *session.Member
	Bytes   session.ByteMessage
	// Sessions is a whole session that stands alone.
	Sessions []session.Session
	Kind     Kind
}

// SessionContent is a session message and what its data says.
type SessionContent struct {
	*session.Message
	Delta    *session.Delta    // of event 13
	Sessions []session.Session // of event 12
	NewID    string            // of event 15
}

// MapContent is a message of a replicated map and what its key and value say.
type MapContent struct {
	*session.MapMessage
	KeyValue, ValueValue javaser.Value
	Session              *session.Session // where the value is one
	Delta                *session.Delta   // of a diff
}

// Decoder knows what the bytes alone do not say.
type Decoder struct {
	// Encryption opens what EncryptInterceptor sealed: the first that can. The form
	// of the plaintext is found out. With none it stays sealed.
	Encryption []*interceptor.Encryption
	// Limit is how large a message may become when it is expanded, DefaultLimit
	// if 0; Java bounds its objects.
	Limit int
	Java  javaser.Limits
}

// Message tells what c's message is, without any key.
func Message(c *tribes.ChannelData) Content { return (&Decoder{}).Message(c) }
