package replicatedmap

import (
	"context"
	"errors"
	"testing"
	"time"

	"muster/internal/vectors"
	"muster/tribes"
	"muster/tribes/session"
)

// deaf is a channel on which nobody is.
type deaf struct{ local tribes.Member }

func (d deaf) Local() tribes.Member   { return d.local }
func (deaf) Members() []tribes.Member { return nil }
func (deaf) Send(context.Context, *tribes.Member, tribes.Options, []byte) error {
	return errors.New("nobody is there")
}
func (deaf) Ask(context.Context, []tribes.Member, tribes.Options, time.Duration, []byte, *session.MapMessage) ([]Reply, error) {
	return nil, nil
}

// FuzzMessage hands any bytes that are a map message to a map, as a message and as
// a request: it takes them or not, and whatever it answers can be written and read.
func FuzzMessage(f *testing.F) {
	for _, v := range vectors.Load(f, "../../testdata/tribes-vectors.json", "ser-map-") {
		f.Add(v.Bytes)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		msg, err := session.ParseMapMessage(b)
		if err != nil {
			return
		}
		s := NewSessions(deaf{tribes.Member{Host: []byte{10, 0, 0, 1}, Port: 4000}}, session.NewStore(session.StoreConfig{Context: "c"}), Config{Limit: 8})
		from := tribes.Member{Host: []byte{10, 0, 0, 2}, Port: 4000}
		for range 2 {
			_ = s.HandleMessage(msg) // it may be refused
		}
		answer, err := s.Answer(msg, &from)
		if err != nil || answer == nil {
			return
		}
		written, err := answer.Append(nil)
		if err != nil {
			t.Fatalf("the answer %+v cannot be written: %v", answer, err)
		}
		if _, err := session.ParseMapMessage(written); err != nil {
			t.Fatalf("the answer %x cannot be read: %v", written, err)
		}
	})
}
