package decode

import (
	"encoding/binary"
	"errors"
	"strings"

	"muster/tribes"
	"muster/tribes/interceptor"
	"muster/tribes/javaser"
)

// Message tells what c's message is. It goes by the bytes first: what
// interceptors send often lacks the option that would name it.
func (d *Decoder) Message(c *tribes.ChannelData) Content {
	out := Content{Message: c.Message}
	d.undo(c, &out)
	if out.Kind != "" {
		return out
	}
	switch m := out.Message; { // compared as a string in place, without a copy
	case string(m) == tribes.FailureDetectorTest:
		out.Kind = FailureDetector
	case string(m) == tribes.TCPPing:
		out.Kind = TCPPing
	case string(m) == tribes.StaticStart:
		out.Kind = StaticStart
	case string(m) == tribes.StaticStop:
		out.Kind = StaticStop
	case string(m) == tribes.CoordinationAlive:
		out.Kind, out.CoordinationOld = Coordination, true
	case interceptor.IsCoordination(out.Message):
		out.Kind = Coordination
		election, err := interceptor.ParseCoordination(out.Message)
		if err != nil {
			out.Err = err
			break
		}
		out.Coordination = &election
	default:
		d.application(c.Options, &out)
	}
	return out
}

// undo takes off what interceptors put around the message: each at most once,
// in whichever order it was done.
func (d *Decoder) undo(c *tribes.ChannelData, out *Content) {
	limit := d.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	for range 2 {
		switch {
		case !out.Gzip && interceptor.IsGzip(out.Message) && (c.Options&tribes.Gzip != 0 || c.Options&tribes.ByteMessage == 0):
			plain, err := interceptor.Gunzip(out.Message, limit)
			if err != nil {
				out.Kind, out.Err = plainKind(c.Options), err
				return
			}
			out.Message, out.Gzip = plain, true
		case out.Sealed == nil && len(d.Encryption) > 0 && !isPlain(out.Message):
			var s interceptor.Sealed
			var err error
			for _, e := range d.Encryption {
				if s, err = open(e, c, out.Message); err == nil {
					out.Message, out.Sealed, out.Opened = s.Message, &s, e
					break
				}
			}
			if err != nil {
				out.Kind, out.Err = Encrypted, err
				return
			}
		default:
			return
		}
	}
}

func plainKind(o tribes.Options) Kind {
	if o&tribes.ByteMessage != 0 {
		return Bytes
	}
	return JavaObject
}

// isPlain reports whether a message is one that no EncryptInterceptor seals:
// the probes from below it, and what is a Java object already.
func isPlain(m []byte) bool {
	return string(m) == tribes.FailureDetectorTest || string(m) == tribes.TCPPing || javaser.IsStream(m)
}

// open decrypts in whichever form the sender used: in the newer one the
// plaintext begins with the message's own timestamp.
func open(e *interceptor.Encryption, c *tribes.ChannelData, m []byte) (interceptor.Sealed, error) {
	bare := *e
	bare.Timestamped = false
	s, err := bare.Open(m)
	if err == nil && len(s.Message) >= 8 {
		if at := int64(binary.BigEndian.Uint64(s.Message)); at == c.Timestamp {
			s.Timestamp, s.Message = at, s.Message[8:]
		}
	}
	return s, err
}

// application is for what no interceptor sent.
func (d *Decoder) application(o tribes.Options, out *Content) {
	if id, ok := interceptor.ParseConfirmation(out.Message); ok {
		out.Kind, out.Confirms = TwoPhase, id
		return
	}
	if f, ok := fragment(out.Message); ok {
		out.Kind, out.Fragment = Fragment, &f
		return
	}
	switch {
	case o&tribes.ByteMessage != 0:
		out.Kind = Bytes
	case len(out.Message) == 0:
		out.Kind = JavaObject // null
	case javaser.IsStream(out.Message):
		d.object(out)
	case strings.HasPrefix(javaBegin, string(out.Message)):
		out.Kind, out.Err = JavaObject, javaser.ErrIncomplete
	case out.Sealed != nil:
		out.Kind, out.Err = JavaObject, errors.New("decrypted, but no Java object as its options say")
	default:
		// No bytes by its options, and no Java object: only EncryptInterceptor makes
		// such a message of a good one.
		out.Kind = Encrypted
	}
}

// maxFragments is how many slices a message is believed to have been cut into.
const maxFragments = 1 << 16

// fragment tells a slice of a message from one that only happens to end in a
// byte 1: six of its nine last bytes are zeros, as a rule.
func fragment(m []byte) (interceptor.Fragment, bool) {
	if len(m) == 0 || m[len(m)-1] != 1 {
		return interceptor.Fragment{}, false
	}
	f, err := interceptor.ParseFragment(m)
	return f, err == nil && !f.Whole && f.Count > 1 && f.Count <= maxFragments
}
