package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/interceptor"
)

// tokens is a stage that keeps the messages of elections.
type tokens struct {
	mu  sync.Mutex
	got []interceptor.Coordination
}

func (*tokens) Send(ctx context.Context, m *channel.Outgoing, down channel.Next) { down(ctx, m) }

func (k *tokens) Receive(ctx context.Context, m *channel.Message, up channel.HandlerFunc) error {
	if !interceptor.IsCoordination(m.Message) {
		return up(ctx, m)
	}
	token, err := interceptor.ParseCoordination(append([]byte{}, m.Message...))
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.got = append(k.got, token)
	return nil
}

// taken is the only message since the last call.
func (k *tokens) taken(t *testing.T) (token interceptor.Coordination) {
	t.Helper()
	until(t, "no message of an election came", func() bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		if len(k.got) != 1 {
			return false
		}
		token, k.got = k.got[0], nil
		return true
	})
	return token
}

// elect has one member send another a request with this view.
func elect(t *testing.T, from, to *Node, view ...tribes.Member) interceptor.Coordination {
	t.Helper()
	c := interceptor.Coordination{Leader: view[0], Source: from.Local(), View: view, ID: tribes.NewUniqueID()}
	copy(c.Type[:], tribes.CoordinationRequest)
	b, err := c.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	own := to.Local()
	if _, err := from.Send(t.Context(), &own, tribes.UseAck, b); err != nil {
		t.Fatal(err)
	}
	return c
}

// Verify that a guest passes a request on to the next one in the order of the ring, over
// one that is gone, and that it leaves where it would be elected.
func TestGuestPassesElectionsOn(t *testing.T) {
	group, low, high := meeting(), &tokens{}, &tokens{}
	port := uint16(20000 + rand.IntN(20000))
	member := func(k *tokens) *Node {
		n := join(t, group, func(c *Config) {
			c.TCPPort, c.AutoBind = port, 1000
			if k != nil {
				c.Stages = func(*Node) ([]channel.Stage, error) { return []channel.Stage{k}, nil }
			}
		})
		port = n.Receiver().Port() + 1
		return n
	}
	first := member(low)
	guest := joinGuest(t, group, port)
	port = guest.Receiver().Port() + 1
	last := member(high)
	meet(t, first, guest, last)

	sent := elect(t, first, guest, first.Local(), last.Local())
	got := high.taken(t)
	if own := first.Local(); got.ID != sent.ID || got.Type != sent.Type || !got.Source.Same(&own) || !got.Leader.Same(&own) || ring(got) != ring(sent, guest) {
		t.Errorf("the guest passed on %+v of %+v", got, sent)
	}

	gone := last.Local()
	gone.ID = tribes.NewUniqueID()
	gone.Port++
	sent = elect(t, last, guest, first.Local(), guest.Local(), last.Local(), gone)
	high.taken(t) // from the guest to last, which is behind it
	sent = elect(t, first, guest, first.Local(), guest.Local(), gone)
	if got := low.taken(t); got.ID != sent.ID || ring(got) != ring(sent) {
		t.Errorf("the guest passed on %+v of %+v", got, sent)
	}

	elect(t, last, guest, last.Local())
	<-guest.done
	var would *CoordinatorError
	if err := guest.Leave(); !errors.As(err, &would) || !strings.Contains(err.Error(), guest.Receiver().String()) {
		t.Errorf("the guest that would be elected says %v", err)
	}
	until(t, "a guest that left is still a member", func() bool { return len(first.Peers()) == 1 && len(last.Peers()) == 1 })
}

// joinGuest makes a member that ends itself.
func joinGuest(t *testing.T, group netip.AddrPort, port uint16) *Node {
	t.Helper()
	cfg := loopback(t, group)
	cfg.TCPPort, cfg.AutoBind = port, 1000
	n, err := Join(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// ring is a view by its ports, with those of more members in their order.
func ring(c interceptor.Coordination, more ...*Node) string {
	view := append([]tribes.Member{}, c.View...)
	for _, n := range more {
		token := interceptor.Coordination{View: view}
		turn(&token, n.Local())
		view = token.View
	}
	var ports []string
	for i := range view {
		ports = append(ports, fmt.Sprint(view[i].Port))
	}
	return strings.Join(ports, " ")
}

// Verify the order of AbsoluteOrder: the shorter address, its bytes as numbers above 0,
// the port, the id; and that a request goes round from there.
func TestElectionOrder(t *testing.T) {
	member := func(port int32, id byte, host ...byte) tribes.Member {
		return tribes.Member{Host: host, Port: port, ID: tribes.UniqueID{id}}
	}
	want := []tribes.Member{
		member(4000, 1, 10, 0, 0, 1), member(4000, 200, 10, 0, 0, 1), member(4001, 1, 10, 0, 0, 1),
		member(4000, 1, 10, 0, 0, 2), member(4000, 1, 200, 0, 0, 1), member(4000, 1, make([]byte, 16)...),
	}
	for i := range want {
		for j := range want {
			if got := electionOrder(want[i], want[j]); got < 0 != (i < j) || got == 0 != (i == j) {
				t.Errorf("member %d against %d: %d", i, j, got)
			}
		}
		token := interceptor.Coordination{}
		for _, m := range rand.Perm(len(want)) {
			if m != i {
				token.View = append(token.View, want[m])
			}
		}
		next := turn(&token, want[i])
		if len(next) != len(want)-1 || len(token.View) != len(want) || !token.Leader.Same(&want[0]) || !next[0].Same(&want[(i+1)%len(want)]) {
			t.Errorf("from member %d a request goes to %+v", i, next)
		}
	}
}

// Verify that a request whose sender is gone does not go round for ever, and that those
// of many elections are not remembered for ever.
func TestElectionsEnd(t *testing.T) {
	e := &elections{}
	id := tribes.NewUniqueID()
	for i := range mostPasses + 1 {
		if got := e.due(id); got != (i < mostPasses) {
			t.Errorf("time %d: %v", i+1, got)
		}
	}
	for range 3 * mostElections {
		e.due(tribes.NewUniqueID())
	}
	if len(e.passed) > mostElections {
		t.Errorf("%d elections are remembered", len(e.passed))
	}
}
