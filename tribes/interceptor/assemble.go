package interceptor

import (
	"bytes"
	"errors"
	"fmt"
	"time"
)

// Assembler puts fragments together again, in whatever order they come. It
// trusts neither their number nor their senders: the fields bound what it holds.
type Assembler struct {
	Expire      time.Duration // how long a message may lack fragments: 60 s in Tomcat
	MaxBytes    int           // of all fragments that wait
	MaxMessages int           // that wait for fragments
	pending     map[string]*pieces
	bytes       int
}

type pieces struct {
	parts   map[int][]byte
	count   int
	bytes   int
	started time.Time
}

// NewAssembler has Tomcat's time and bounds of our own: 64 MiB, 1024 messages.
func NewAssembler() *Assembler {
	return &Assembler{Expire: 60 * time.Second, MaxBytes: 64 << 20, MaxMessages: 1024}
}

// fragmentCost is what a fragment takes beside its bytes: without it, empty
// fragments without end would cost nothing.
const fragmentCost = 128

var errTooMuch = errors.New("fragment: more wait for their rest than may")

// Add takes a message as it was received, from the sender and of the message id
// that key names. It returns the whole message when its last fragment is there,
// nil as long as some lack. A fragment that came before is ignored: senders
// repeat themselves after an error.
func (a *Assembler) Add(key string, message []byte, now time.Time) ([]byte, error) {
	f, err := ParseFragment(message)
	if err != nil {
		return nil, err
	}
	if f.Whole {
		return f.Data, nil
	}
	a.Drop(now)
	p := a.pending[key]
	if p == nil {
		if len(a.pending) >= a.MaxMessages {
			return nil, errTooMuch
		}
		p = &pieces{parts: map[int][]byte{}, count: f.Count, started: now}
	}
	if f.Count != p.count {
		return nil, fmt.Errorf("fragment: number %d of %d, where others are of %d", f.Index, f.Count, p.count)
	}
	if _, known := p.parts[f.Index]; known {
		return nil, nil
	}
	cost := len(f.Data) + fragmentCost
	if a.bytes+cost > a.MaxBytes {
		return nil, errTooMuch
	}
	p.parts[f.Index] = bytes.Clone(f.Data)
	p.bytes += cost
	a.bytes += cost
	if a.pending == nil {
		a.pending = map[string]*pieces{}
	}
	a.pending[key] = p
	if len(p.parts) < p.count {
		return nil, nil
	}
	whole := make([]byte, 0, p.bytes-len(p.parts)*fragmentCost)
	for i := range p.count {
		whole = append(whole, p.parts[i]...)
	}
	a.forget(key)
	return whole, nil
}

// Drop forgets the messages that lacked fragments for too long, and returns how
// many they were.
func (a *Assembler) Drop(now time.Time) int {
	n := 0
	for key, p := range a.pending {
		if now.Sub(p.started) > a.Expire {
			a.forget(key)
			n++
		}
	}
	return n
}

// Pending is the number of messages that lack fragments.
func (a *Assembler) Pending() int { return len(a.pending) }

func (a *Assembler) forget(key string) {
	a.bytes -= a.pending[key].bytes
	delete(a.pending, key)
}
