package stage

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/interceptor"
)

// Form is what EncryptInterceptor puts into the cipher.
type Form uint8

const (
	// AutoForm takes both forms, told apart by the time stamp, which is that of
	// the message's head; it sends the timestamped one until it hears the other.
	AutoForm Form = iota
	// Timestamped is the form since 9.0.119, 10.1.56 and 11.0.23.
	Timestamped
	// Bare is the form before: the message alone.
	Bare
)

// EncryptConfig is what an Encrypt goes by.
type EncryptConfig struct {
	// Algorithm is the encryptionAlgorithm. Empty takes both of Tomcat's defaults, and
	// sends the one that it heard last, AES/GCM before that.
	Algorithm string
	Key       []byte
	Form      Form
	// Window and Count bound the replay window (replayWindowTime,
	// replayWindowMessageCount); 0 means Tomcat's 10 s and 8192.
	Window time.Duration
	Count  int
	Clock  func() time.Time // nil: the system's
	Logger *slog.Logger
}

// Encrypt is EncryptInterceptor.
type Encrypt struct {
	cfg    EncryptConfig
	cipher atomic.Pointer[interceptor.Encryption] // of what is sent, in the bare form
	any    bool                                   // whichever of the defaults is heard is taken
	others []*interceptor.Encryption
	bare   atomic.Bool // AutoForm heard the bare form last
	opened atomic.Uint64
	faults faults
	heard  sealings

	mu     sync.Mutex
	replay *interceptor.Replay
}

// The kinds of what Encrypt refuses.
const (
	wrongKey  = "wrong key"
	unsealed  = "not encrypted"
	wrongForm = "wrong form"
	skewed    = "clocks apart"
	replayed  = "replay"
)

// NewEncrypt refuses an algorithm that Tomcat refuses, and a key that does not
// fit.
func NewEncrypt(cfg EncryptConfig) (*Encrypt, error) {
	either := cfg.Algorithm == ""
	if either {
		cfg.Algorithm = interceptor.AlgorithmGCM
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	algorithm, err := interceptor.ParseAlgorithm(cfg.Algorithm)
	if err != nil {
		return nil, err
	}
	e := &Encrypt{cfg: cfg, any: either, replay: interceptor.NewReplay()}
	own, err := interceptor.NewEncryption(algorithm, cfg.Key, false)
	if err != nil {
		return nil, err
	}
	e.cipher.Store(own)
	if cfg.Window > 0 {
		e.replay.Window = cfg.Window
	}
	if cfg.Count > 0 {
		e.replay.Count = cfg.Count
	}
	// To read either, or to say what is wrong, the defaults of other Tomcats are tried too.
	for _, name := range []string{interceptor.AlgorithmGCM, interceptor.AlgorithmCBC} {
		if a, err := interceptor.ParseAlgorithm(name); err == nil && (e.any || a != algorithm) {
			if other, err := interceptor.NewEncryption(a, cfg.Key, false); err == nil {
				e.others = append(e.others, other)
			}
		}
	}
	return e, nil
}

// Send encrypts the message once for all destinations, under a fresh IV.
func (e *Encrypt) Send(ctx context.Context, m *channel.Outgoing, down channel.Next) {
	if e.cfg.Form == Timestamped || e.cfg.Form == AutoForm && !e.bare.Load() {
		p := make([]byte, 8, 8+len(m.Message))
		binary.BigEndian.PutUint64(p, uint64(m.Timestamp))
		m.Message = append(p, m.Message...)
	}
	m.Message = e.cipher.Load().Seal(m.Message, 0)
	down(ctx, m)
}

// Receive decrypts. What it refuses is dropped, counted, and told once for each
// sender and reason.
func (e *Encrypt) Receive(ctx context.Context, m *channel.Message, up channel.HandlerFunc) error {
	kind, why := e.open(m)
	if kind == "" {
		e.opened.Add(1)
		return up(ctx, m)
	}
	if who := sender(m); e.faults.add(kind, who, why) {
		e.cfg.Logger.Warn(fmt.Sprintf("dropped a message from %s: %s", who, why))
	}
	return nil
}

// open decrypts m in place, or tells the kind of fault and the reason.
func (e *Encrypt) open(m *channel.Message) (kind, why string) {
	by := e.cipher.Load()
	s, err := by.Open(m.Message)
	if err != nil || e.any && by.Algorithm.Mode != "GCM" { // only GCM proves that it opened
		other, opened := e.other(m)
		switch {
		case opened == nil && err != nil:
			return e.unopened(m, err)
		case opened == nil:
		case !e.any:
			return wrongKey, fmt.Sprintf("it is encrypted with %s, not %s", opened.Algorithm, by.Algorithm)
		default:
			s, by = other, opened
			e.cipher.Store(by)
		}
	}
	stamped := len(s.Message) >= 8 && int64(binary.BigEndian.Uint64(s.Message)) == m.Timestamp
	if !stamped && e.cfg.Form != Bare && likeStamp(s.Message) {
		return replayed, "its time stamp is not that of its head: a replay with another head"
	}
	switch {
	case stamped && e.cfg.Form == Bare:
		return wrongForm, "a time stamp stands before it: the sender is a Tomcat from 9.0.119, 10.1.56 or 11.0.23 on, this member stands for an older one"
	case !stamped && e.cfg.Form == Timestamped:
		return wrongForm, "no time stamp stands before it: the sender is a Tomcat before 9.0.119, 10.1.56 and 11.0.23, newer ones refuse what it sends"
	case !stamped:
		e.bare.Store(true)
		e.heard.note(sender(m), by.Algorithm, false)
		m.Message = s.Message
		return "", ""
	}
	e.bare.Store(false)
	e.heard.note(sender(m), by.Algorithm, true)
	s.Timestamp = m.Timestamp
	e.mu.Lock()
	err = e.replay.Check(s, e.cfg.Clock())
	e.mu.Unlock()
	var refused *interceptor.ReplayError
	switch {
	case errors.As(err, &refused) && e.apart(m) > e.replay.Window:
		return skewed, err.Error()
	case err != nil:
		return replayed, err.Error()
	}
	m.Message = s.Message[8:]
	return "", ""
}

// apart is how far the time in m is from our clock.
func (e *Encrypt) apart(m *channel.Message) time.Duration {
	return e.cfg.Clock().Sub(time.UnixMilli(m.Timestamp)).Abs()
}

// surePadding is from how many bytes of padding on, all as they must be, a message was
// not opened by chance.
const surePadding = 4

// padding is how many bytes stood behind the plaintext.
func padding(sealed []byte, s *interceptor.Sealed) int {
	return len(sealed) - len(s.IV) - len(s.Message)
}

// likeStamp reports whether p begins as a time stamp of these decades does: Unix
// ms from 2004 to 2039. No Java stream and no text begins so.
func likeStamp(p []byte) bool {
	return len(p) >= 8 && p[0] == 0 && p[1] == 0 && p[2] == 1
}

// unopened finds the reason for what does not decrypt.
func (e *Encrypt) unopened(m *channel.Message, err error) (kind, why string) {
	if readable(m.Message, m.Timestamp) {
		return unsealed, "it is not encrypted: its sender has no EncryptInterceptor"
	}
	if !errors.Is(err, interceptor.ErrDecrypt) {
		return wrongKey, err.Error()
	}
	return wrongKey, fmt.Sprintf("it does not open with this key and %s: another key or algorithm", e.cipher.Load().Algorithm)
}

// other opens m with the key and a default algorithm that is not ours; nil where none
// does.
func (e *Encrypt) other(m *channel.Message) (interceptor.Sealed, *interceptor.Encryption) {
	for _, other := range e.others {
		s, err := other.Open(m.Message)
		if err == nil && (other.Algorithm.Mode == "GCM" || readable(s.Message, m.Timestamp) || padding(m.Message, &s) >= surePadding) {
			return s, other
		}
	}
	return interceptor.Sealed{}, nil
}

// readable reports whether p begins as what Tomcats send: a Java stream, with or
// without the time stamp of the message before it.
func readable(p []byte, stamp int64) bool {
	if len(p) >= 8 && int64(binary.BigEndian.Uint64(p)) == stamp {
		return true
	}
	return bytes.HasPrefix(p, []byte("\xac\xed\x00\x05")) || string(p) == tribes.TCPPing ||
		string(p) == tribes.StaticStart || string(p) == tribes.StaticStop
}
