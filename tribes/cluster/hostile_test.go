package cluster

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"muster/internal/vectors"
	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/cluster/replicatedmap"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

// words counts the records of a log.
type words struct {
	mu sync.Mutex
	n  int
}

func (w *words) Enabled(context.Context, slog.Level) bool { return true }
func (w *words) WithAttrs([]slog.Attr) slog.Handler       { return w }
func (w *words) WithGroup(string) slog.Handler            { return w }
func (w *words) Handle(_ context.Context, r slog.Record) error {
	if strings.HasPrefix(r.Message, "message from ") {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.n++
	}
	return nil
}

func (w *words) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.n
}

// spoiled are variants of a message that a hostile peer may send: cut anywhere,
// bytes changed, lengths and counts that claim as much as can be claimed, pieces
// of others inside.
func spoiled(b []byte, others []vectors.Vector, r *rand.Rand) (all [][]byte) {
	for n := 0; n < len(b); n += 1 + len(b)/24 {
		all = append(all, b[:n])
	}
	changed := func(f func(c []byte)) {
		c := bytes.Clone(b)
		f(c)
		all = append(all, c)
	}
	for range 24 {
		changed(func(c []byte) { c[r.IntN(len(c))] ^= byte(1 << r.IntN(8)) })
		changed(func(c []byte) { c[r.IntN(len(c))] = byte(r.IntN(256)) })
		changed(func(c []byte) {
			if at := r.IntN(len(c)); at+4 <= len(c) {
				binary.BigEndian.PutUint32(c[at:], []uint32{0x7fffffff, 0xffffffff, 0x80000000, 1 << 20}[r.IntN(4)])
			}
		})
	}
	for range 6 {
		other := others[r.IntN(len(others))].Bytes
		at := r.IntN(len(b))
		all = append(all, append(bytes.Clone(b[:at]), other...), append(bytes.Clone(b), other...))
	}
	return append(all, nil, bytes.Repeat([]byte{0}, 64), []byte{0xac, 0xed, 0, 5})
}

const hostileContext = "localhost#/app" // of the vectors

// What a peer can send about sessions, spoiled in every way, to a real node over
// TCP. Each message is answered, an ack where it could be taken and a fail ack
// where the replica could not; each fault is told; and in the end the node does
// what it did.
func TestHostileSessionMessages(t *testing.T) {
	store := func() *session.Store {
		return session.NewStore(session.StoreConfig{Context: hostileContext, Limit: 1000, LimitBytes: 8 << 20})
	}
	replica := &Replica{Store: store(), Options: tribes.Asynchronous}
	backup := NewBackupReplica(store(), replicatedmap.Config{})
	for _, c := range []struct {
		name    string
		handler func(*Node) channel.Handler
		fails   bool // whether what it cannot take fails the message
	}{
		{"guest", nil, false},
		{"tap", func(n *Node) channel.Handler { return NewTap(n) }, false},
		{"replica", func(n *Node) channel.Handler { return replica.Attach(n) }, true},
		{"backup", func(n *Node) channel.Handler { return backup.Attach(n) }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			said := &words{}
			node := join(t, meeting(), func(cfg *Config) {
				cfg.Handler, cfg.Logger, cfg.HoldsState = c.handler, slog.New(said), c.fails
			})
			sent, failed := bombard(t, node)
			t.Logf("%d messages, %d of them failed, %d words", sent, failed, said.count())
			if failed > 0 != c.fails || c.fails && said.count() < failed {
				t.Errorf("%d of %d messages failed, the log has %d words about that", failed, sent, said.count())
			}
			if st := node.Stats().Channel; st.Broken != 0 || st.Acks+st.FailAcks < uint64(sent) {
				t.Errorf("%+v", st)
			}
		})
	}
	for _, s := range []*session.Store{replica.Store, backup.Store} {
		if s.Len() > 1000 {
			t.Errorf("%d sessions", s.Len())
		}
	}
}

// bombard sends what is spoiled to node, as one that answers can be sent to, and
// then what is whole.
func bombard(t *testing.T, node *Node) (sent, failed int) {
	t.Helper()
	sink, err := channel.Listen(channel.ReceiverConfig{Addr: node.Receiver().Addr()})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = sink.Serve(t.Context())
	}()
	t.Cleanup(func() { sink.Close(); <-ended })
	at := sink.AddrPort()
	from := tribes.Member{Host: at.Addr().AsSlice(), Port: int32(at.Port()), SecurePort: -1, UDPPort: -1, ID: tribes.NewUniqueID()}
	var sender channel.Sender
	defer sender.Close()
	send := func(b []byte) channel.Outcome {
		t.Helper()
		m := channel.NewMessage(from, tribes.UseAck|tribes.SynchronizedAck, b)
		r, err := sender.Send(t.Context(), node.Receiver(), &m)
		if r.Outcome != channel.Acked && r.Outcome != channel.FailAcked {
			t.Fatalf("%x: %s, %v", b, r.Outcome, err)
		}
		sent++
		if r.Outcome == channel.FailAcked {
			failed++
		}
		return r.Outcome
	}

	r := rand.New(rand.NewPCG(20, 26))
	whole := vectors.Load(t, vectorFile, "ser-")
	for _, inner := range []struct {
		vector string
		event  session.Event
	}{{"delta-request", session.SessionDelta}, {"session-list-one", session.AllSessionData}, {"session-id-blob", session.ChangeSessionID}} {
		b := vectors.One(t, vectorFile, inner.vector).Bytes
		for _, data := range spoiled(b, whole, r) {
			m := session.NewDelta(session.Gen85, hostileContext, "5E55102A.node1", data, 1)
			m.Event = inner.event
			b, err := m.Append(nil)
			if err != nil {
				t.Fatal(err)
			}
			send(created(t, "5E55102A.node1")) // there is one that could be spoiled
			send(b)
		}
	}
	for _, v := range whole {
		for _, b := range spoiled(v.Bytes, whole, r) {
			send(b)
		}
	}
	for _, deep := range []string{
		strings.Repeat("\x73\x72\x00\x01A\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01L\x00\x01f\x74\x00\x01X\x78\x70", 20000),
		"\x75\x72\x00\x02[B\xac\xf3\x17\xf8\x06\x08\x54\xe0\x02\x00\x00\x78\x70\x7f\xff\xff\xff",
	} {
		send([]byte("\xac\xed\x00\x05" + deep))
	}
	if got := send(created(t, "S")); got != channel.Acked {
		t.Errorf("what is right is answered by %s", got)
	}
	return sent, failed
}

func created(t *testing.T, id string) []byte {
	t.Helper()
	b, err := session.NewCreated(session.Gen85, hostileContext, id, 1).Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A replica takes what is right between what is wrong: nothing of the wrong is
// kept, and a delta of wrong data changes nothing.
func TestReplicaKeepsNothingWrong(t *testing.T) {
	r := &Replica{Store: session.NewStore(session.StoreConfig{Context: hostileContext})}
	r.Attach(&Node{cfg: Config{Logger: slog.New(slog.DiscardHandler)}})
	take := func(b []byte) error {
		m := channel.Message{}
		m.Message = b
		return r.HandleMessage(t.Context(), &m)
	}
	delta := func(data []byte) []byte {
		b, err := session.NewDelta(session.Gen85, hostileContext, "S", data, 1).Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if err := take(created(t, "S")); err != nil {
		t.Fatal(err)
	}
	d := session.Delta{SessionID: "S", Actions: []session.Action{
		{Name: "a", Value: javaser.NewString("right")}, {Name: "b", Value: javaser.NewString("right")},
	}}
	data, err := d.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := take(delta(data)); err != nil {
		t.Fatal(err)
	}
	d.Actions[0].Value, d.Actions[1].Value = javaser.NewString("wrong"), javaser.NewString("wrong")
	wrong, err := d.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := range wrong {
		if err := take(delta(wrong[:n])); err == nil {
			t.Errorf("a delta cut after %d of %d bytes is taken", n, len(wrong))
		}
	}
	other := session.Delta{SessionID: "T", Actions: d.Actions}
	if b, err := other.Append(nil); err != nil || take(delta(b)) == nil {
		t.Errorf("the delta of another session is taken (%v)", err)
	}
	s, _ := r.Store.View("S")
	got := fmt.Sprint(javaser.View(s.Get("a"), javaser.ViewOptions{}), javaser.View(s.Get("b"), javaser.ViewOptions{}))
	if got != "right right" && got != "rightright" || r.Store.Len() != 1 {
		t.Errorf("%q, %d sessions", got, r.Store.Len())
	}
}
