package cluster

import (
	"context"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/mcast"
	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/cluster/stage"
)

// shout sends heartbeats of a made-up member until the test ends.
func shout(t *testing.T, group netip.AddrPort, m tribes.Member) {
	t.Helper()
	iface, err := mcast.FindInterface("127.0.0.1", group.Addr())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := mcast.Listen(mcast.Config{
		Interface: iface, Groups: []mcast.Group{{Addr: group.Addr(), Port: group.Port(), Count: 1}}, SendOnly: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	m.SecurePort, m.UDPPort, m.ID = -1, -1, tribes.NewUniqueID()
	ctx, done := t.Context(), make(chan struct{})
	go func() {
		defer close(done)
		defer conn.Close()
		for {
			m.Alive++
			b, err := m.AppendTo(nil)
			if err != nil || conn.Send(b, group) != nil {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	t.Cleanup(func() { <-done })
}

// webServer is a port where HTTP is spoken.
func webServer(t *testing.T) netip.AddrPort {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				io.ReadFull(nc, make([]byte, 7))
				io.WriteString(nc, "HTTP/1.1 400 \r\n\r\n")
				io.Copy(io.Discard, nc)
			}()
		}
	}()
	return ln.Addr().(*net.TCPAddr).AddrPort()
}

// Members that lie in their heartbeats: about where they are, about whose
// address it is, about their age. Each is told for what it is, none keeps the
// true ones from meeting, and messages say why they did not arrive.
func TestLyingMembers(t *testing.T) {
	group := meeting()
	a, b := join(t, group, nil), join(t, group, nil)
	here := func(port uint16) tribes.Member { return tribes.Member{Host: []byte{127, 0, 0, 1}, Port: int32(port)} }
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := dead.Addr().(*net.TCPAddr).AddrPort().Port()
	dead.Close()
	web := webServer(t).Port()
	shout(t, group, here(nobody))
	shout(t, group, here(a.Receiver().Port()))
	shout(t, group, tribes.Member{Host: []byte{1, 2, 3}, Port: 4000})
	old := here(web)
	old.Alive = 1 << 60
	shout(t, group, old)

	told := map[int32]string{}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for len(told) < 5 { // those four, and b
		ev, err := a.Next(ctx)
		if err != nil {
			t.Fatalf("told of %q only: %v", told, err)
		}
		text := ev.Kind.String()
		if ev.Err != nil {
			text += ": " + ev.Err.Error()
		}
		told[ev.Member.Port] = text
	}
	for port, want := range map[int32]string{
		int32(nobody):              "suspect: connect to",
		int32(a.Receiver().Port()): "suspect: it advertises the address of this member",
		4000:                       "suspect: host of 3 bytes",
		int32(web):                 "added",
		int32(b.Receiver().Port()): "added",
	} {
		if !strings.HasPrefix(told[port], want) {
			t.Errorf("port %d: told %q, want %q", port, told[port], want)
		}
	}
	peers := a.Peers()
	if len(peers) != 2 {
		t.Fatalf("%d peers: %+v", len(peers), peers)
	}
	for _, d := range a.SendAll(t.Context(), peers, tribes.UseAck|tribes.ByteMessage, []byte("hello")) {
		switch want := map[bool]channel.Outcome{true: channel.Foreign, false: channel.Acked}[d.Addr.Port() == web]; {
		case d.Outcome != want:
			t.Errorf("to port %d: %s, %v", d.Addr.Port(), d.Outcome, d.Err)
		case want == channel.Foreign && !strings.Contains(d.Err.Error(), "answers with HTTP"):
			t.Errorf("to port %d: %v", d.Addr.Port(), d.Err)
		}
	}
	local := a.Local()
	until(t, "the liar with our address keeps us out", func() bool {
		return slices.ContainsFunc(b.Peers(), func(m tribes.Member) bool { return m.Same(&local) })
	})
}

// Two members whose clocks are ten minutes apart: nothing that one encrypts is
// taken by the other, both say why, and both stay members.
func TestClocksApart(t *testing.T) {
	group := meeting()
	clocks := []func() time.Time{time.Now, func() time.Time { return time.Now().Add(10 * time.Minute) }}
	var boxes [2]inbox
	var nodes [2]*Node
	for i := range nodes {
		nodes[i] = join(t, group, func(c *Config) {
			c.Handler = func(*Node) channel.Handler { return &boxes[i] }
			c.Clock = clocks[i]
			c.Stages = func(*Node) ([]channel.Stage, error) {
				e, err := stage.NewEncrypt(stage.EncryptConfig{Key: make([]byte, 16), Clock: clocks[i]})
				return []channel.Stage{e}, err
			}
		})
	}
	meet(t, nodes[:]...)
	for i, want := range []string{"after our clock", "before our clock"} {
		from, to := nodes[1-i], nodes[i]
		d := from.SendAll(t.Context(), from.Peers(), tribes.UseAck|tribes.SynchronizedAck, []byte("\xac\xed\x00\x05hello"))[0]
		if d.Err != nil {
			t.Errorf("to %d: %v", i, d.Err)
		}
		vs := to.Verdicts()
		if boxes[i].len() != 0 || len(vs) != 1 || vs[0].ID != "tribes.clock-skew" || !strings.Contains(vs[0].Saw, want) {
			t.Errorf("at %d: %d taken, %+v", i, boxes[i].len(), vs)
		}
		if len(to.Peers()) != 1 {
			t.Errorf("%d lost the other", i)
		}
	}
}
