package cluster

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/cluster/stage"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

// inbox keeps what a node is sent.
type inbox struct {
	mu  sync.Mutex
	got []string
}

func (b *inbox) HandleMessage(_ context.Context, m *channel.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, string(m.Message))
	return nil
}

func (b *inbox) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.got)
}

// meeting is a group on the loopback that no other test uses.
func meeting() netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 255, byte(rand.IntN(256)), byte(rand.IntN(256))}), uint16(20000+rand.IntN(20000)))
}

// loopback is the configuration of a member on the loopback.
func loopback(t *testing.T, group netip.AddrPort) Config {
	t.Helper()
	cfg := Defaults()
	cfg.Group, cfg.Interface, cfg.TTL, cfg.TCPPort = group, "127.0.0.1", 0, 0
	cfg.Frequency, cfg.StateDir = 100*time.Millisecond, t.TempDir()
	return cfg
}

// join makes a member on the loopback.
func join(t *testing.T, group netip.AddrPort, change func(*Config)) *Node {
	t.Helper()
	cfg := loopback(t, group)
	if change != nil {
		change(&cfg)
	}
	n, err := Join(t.Context(), cfg)
	if err != nil {
		t.Fatalf("a member on the loopback: %v", err)
	}
	t.Cleanup(func() {
		if err := n.Leave(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// until polls; what is waited for comes in a fraction of the bound.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

func meet(t *testing.T, nodes ...*Node) {
	t.Helper()
	for _, n := range nodes {
		until(t, "the members do not meet", func() bool { return len(n.Peers()) == len(nodes)-1 })
	}
}

// sealed gives a node the key of this one byte.
func sealed(key byte, keep **stage.Encrypt) func(*Node) ([]channel.Stage, error) {
	return func(*Node) ([]channel.Stage, error) {
		e, err := stage.NewEncrypt(stage.EncryptConfig{Key: bytes.Repeat([]byte{key}, 16)})
		if keep != nil {
			*keep = e
		}
		return []channel.Stage{e}, err
	}
}

// Three members, one with another key: two talk, the third is told what is
// wrong and lives on.
func TestWrongKeyIsAVerdict(t *testing.T) {
	group := meeting()
	var boxes [3]inbox
	var nodes [3]*Node
	for i := range nodes {
		nodes[i] = join(t, group, func(c *Config) {
			c.Handler = func(*Node) channel.Handler { return &boxes[i] }
			c.Stages = sealed(byte(1+i/2), nil)
		})
	}
	meet(t, nodes[:]...)
	for _, d := range nodes[0].SendAll(t.Context(), nodes[0].Peers(), tribes.UseAck|tribes.SynchronizedAck, []byte("\xac\xed\x00\x05hello")) {
		if d.Err != nil || d.Outcome != channel.Acked {
			t.Errorf("to %s: %s, %v", d.Addr, d.Outcome, d.Err)
		}
	}
	if boxes[1].len() != 1 || boxes[2].len() != 0 {
		t.Errorf("handed on: %d with the key, %d without", boxes[1].len(), boxes[2].len())
	}
	if vs := nodes[1].Verdicts(); len(vs) != 0 {
		t.Errorf("the right key: %+v", vs)
	}
	if vs := nodes[2].Verdicts(); len(vs) != 1 || vs[0].ID != "tribes.key-mismatch" {
		t.Errorf("the wrong key: %+v", vs)
	}
	if len(nodes[2].Peers()) != 2 {
		t.Error("the one with the wrong key lost the others")
	}
}

// answering serves one RPC id, after a time.
type answering struct {
	node  *Node
	after time.Duration
	value javaser.Value // nil: nobody serves it
}

func (a *answering) HandleMessage(_ context.Context, m *channel.Message) error {
	v, err := session.Parse(bytes.Clone(m.Message), javaser.Limits{})
	if err != nil {
		return err
	}
	rpc, ok := v.(*session.RPC)
	if !ok || rpc.Reply {
		return nil
	}
	reply := session.NoRpcChannelReply(rpc)
	if a.value != nil {
		reply = session.AnswerRPC(rpc, a.value)
	}
	b, err := reply.Append(nil)
	if err != nil {
		return err
	}
	to := m.Address.Clone()
	a.node.background(func(ctx context.Context) {
		select {
		case <-time.After(a.after):
			_, _ = a.node.Send(ctx, &to, 0, b) // the caller sees whether it came
		case <-ctx.Done():
		}
	})
	return nil
}

func TestCall(t *testing.T) {
	group := meeting()
	asker := join(t, group, nil)
	nodes := []*Node{asker}
	for _, a := range []*answering{{value: javaser.NewString("at once")}, {}, {value: javaser.NewString("never"), after: time.Hour}} {
		nodes = append(nodes, join(t, group, func(c *Config) {
			c.Handler = func(n *Node) channel.Handler { a.node = n; return a }
		}))
	}
	meet(t, nodes...)
	for name, c := range map[string]struct {
		collect Collect
		timeout time.Duration
		err     error
	}{
		"first":    {FirstReply, time.Minute, nil},
		"majority": {MajorityReply, time.Minute, nil}, // of the two that serve it
		"all":      {AllReply, 500 * time.Millisecond, ErrNoReply},
		"none":     {NoReply, time.Minute, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := asker.Call(t.Context(), asker.Peers(), Request{ID: []byte("map"), Message: javaser.NewString("who?"), Collect: c.collect, Timeout: c.timeout})
			if !errors.Is(err, c.err) {
				t.Errorf("error %v", err)
			}
			answers := 0
			for _, r := range got {
				if !r.None {
					answers++
					if s, ok := r.Message.(*javaser.String); !ok || s.Text() != "at once" {
						t.Errorf("answer %v", r.Message)
					}
				}
			}
			if want := map[bool]int{true: 0, false: 1}[c.collect == NoReply]; answers != want {
				t.Errorf("%d answers: %+v", answers, got)
			}
		})
	}
	if n := len(asker.calls.open); n != 0 {
		t.Errorf("%d calls are still open", n)
	}
}

// Whoever serves nothing says so at once: a Guest.
func TestCallOfGuests(t *testing.T) {
	group := meeting()
	a, b := join(t, group, nil), join(t, group, nil)
	meet(t, a, b)
	got, err := a.Call(t.Context(), a.Peers(), Request{ID: []byte("map"), Collect: AllReply, Timeout: time.Minute})
	if err != nil || len(got) != 1 || !got[0].None {
		t.Errorf("%+v, %v", got, err)
	}
}
