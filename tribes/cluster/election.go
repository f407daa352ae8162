package cluster

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"muster/internal/hint"
	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/interceptor"
)

// elections takes part in the elections of NonBlockingCoordinators as far as the others
// need it: whoever began one waits until its request has been with every member, one
// after the other, so a member that keeps a request keeps the old coordinator in office,
// also a dead one (T/group/interceptors/NonBlockingCoordinator.handleOtherToken).
//
// It is never elected. Which member is elected follows from the addresses alone; where
// that would be this one, it leaves, and the others hold an election without it.
type elections struct {
	node *Node

	mu     sync.Mutex
	passed map[tribes.UniqueID]int // how often a request came by
}

const (
	// mostPasses bounds how often one request is passed on. With Tomcats it comes by
	// once or twice; a request whose sender is gone would go round for ever.
	mostPasses = 8
	// mostElections is how many requests are remembered.
	mostElections = 64
)

// HandleMessage takes an election's message.
func (e *elections) HandleMessage(_ context.Context, m *channel.Message) error {
	token, err := interceptor.ParseCoordination(bytes.Clone(m.Message))
	if err != nil {
		e.node.cfg.Logger.Debug(fmt.Sprintf("message from %s: %v", m.Peer, err))
		return nil
	}
	if interceptor.CoordinationType(token.Type) != "request" || !e.due(token.ID) {
		return nil
	}
	next := turn(&token, e.node.Local())
	if own := e.node.Local(); token.Leader.Same(&own) {
		e.node.standDown(&CoordinatorError{Member: own})
		return nil
	}
	// The ack goes out before the request does, as a Tomcat has it.
	e.node.background(func(ctx context.Context) { e.pass(ctx, &token, next) })
	return nil
}

// due reports whether a request may be passed on once more.
func (e *elections) due(id tribes.UniqueID) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.passed == nil || len(e.passed) >= mostElections && e.passed[id] == 0 {
		e.passed = map[tribes.UniqueID]int{}
	}
	e.passed[id]++
	return e.passed[id] <= mostPasses
}

// pass offers a request to the members behind us until one takes it. Nobody is sent
// anything who is not heard here as a member.
func (e *elections) pass(ctx context.Context, token *interceptor.Coordination, next []tribes.Member) {
	payload, err := token.Append(nil)
	if err != nil {
		e.node.cfg.Logger.Debug("an election is not passed on", "err", err)
		return
	}
	peers := e.node.Peers()
	for i := range next {
		if !slices.ContainsFunc(peers, func(p tribes.Member) bool { return p.Same(&next[i]) }) {
			continue
		}
		_, err := e.node.Send(ctx, &next[i], tribes.UseAck, payload)
		if err == nil {
			to, _ := next[i].AddrPort()
			e.node.cfg.Logger.Debug(fmt.Sprintf("passed an election on to %s", to))
			return
		}
		e.node.cfg.Logger.Debug("a member does not take an election", "err", err)
	}
}

// turn puts own into the view of a request, in the order of elections, makes the first
// one the leader, and returns to whom it goes: those behind own, then from the first on.
func turn(token *interceptor.Coordination, own tribes.Member) []tribes.Member {
	token.View = slices.DeleteFunc(token.View, func(m tribes.Member) bool { return m.Same(&own) })
	token.View = append(token.View, own)
	slices.SortFunc(token.View, electionOrder)
	token.Leader = token.View[0]
	at := slices.IndexFunc(token.View, func(m tribes.Member) bool { return m.Same(&own) })
	return slices.Concat(token.View[at+1:], token.View[:at])
}

// electionOrder is T/group/AbsoluteOrder's: the shorter address first, then by its bytes,
// the port and the id.
func electionOrder(a, b tribes.Member) int {
	return cmp.Or(cmp.Compare(len(a.Host), len(b.Host)), bytes.Compare(a.Host, b.Host), cmp.Compare(a.Port, b.Port), bytes.Compare(a.ID[:], b.ID[:]))
}

// CoordinatorError tells why a member left: it would have become the coordinator of a
// cluster in which it does no work.
type CoordinatorError struct {
	Member tribes.Member // we
}

func (e *CoordinatorError) Error() string {
	at, _ := e.Member.AddrPort()
	return fmt.Sprintf("the members here elect a coordinator (NonBlockingCoordinator); by its address %s this member would become it, and it can do no coordinator's work: it has left", at)
}

// standDown ends this node for a reason of its own, with a goodbye.
func (n *Node) standDown(why error) {
	n.left.Do(func() {
		n.leftFor = hint.Wrap(why, "'muster tribes members' and 'muster sniff' only listen; from a host with a higher address a guest is not elected")
		n.stop()
	})
}
