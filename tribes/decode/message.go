package decode

import (
	"strings"

	"muster/tribes"
)

// Kind is what a message is.
type Kind string

const (
	Bytes           Kind = "bytes" // raw bytes of the application
	JavaObject      Kind = "java"
	FailureDetector Kind = "failure_detector"
	TCPPing         Kind = "tcp_ping"
	StaticStart     Kind = "static_start"
	StaticStop      Kind = "static_stop"
	Coordination    Kind = "coordination"
	Encrypted       Kind = "encrypted"
)

// Content is what the message of a ChannelData says.
type Content struct {
	Kind Kind
}

// Message tells what c's message is. It goes by the bytes first: what
// interceptors send often lacks the option that would name it.
func Message(c *tribes.ChannelData) Content {
	return Content{Kind: kindOf(c)}
}

func kindOf(c *tribes.ChannelData) Kind {
	switch m := string(c.Message); {
	case m == tribes.FailureDetectorTest:
		return FailureDetector
	case m == tribes.TCPPing:
		return TCPPing
	case m == tribes.StaticStart:
		return StaticStart
	case m == tribes.StaticStop:
		return StaticStop
	case strings.HasPrefix(m, tribes.CoordinationHeader), m == tribes.CoordinationAlive:
		return Coordination
	case c.Options&tribes.ByteMessage != 0:
		return Bytes
	case m == "" || strings.HasPrefix(m, javaBegin):
		return JavaObject
	}
	// No bytes by its options, and no Java object: only EncryptInterceptor makes
	// such a message of one that is well-formed.
	return Encrypted
}
