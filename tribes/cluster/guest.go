package cluster

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"

	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/javaser"
	"muster/tribes/session"
)

// Guest is the handler of a member that holds no sessions. It keeps nothing of
// what it is sent, and answers at once what a Tomcat waits for:
//
//   - a starting DeltaManager that asks for all sessions waits 60 s for each
//     context; it is told that the transfer is complete, with the time of its own
//     request, so that it drops none of the updates that came meanwhile;
//   - the RPC of a replicated map waits 15 s and more; it is told that nobody
//     serves it here. A real answer would make this member the map's backup, and
//     sessions would be lost.
type Guest struct {
	node    *Node
	slots   chan struct{} // of answers that are being sent
	answers atomic.Uint64
}

// mostAnswers is how many answers are sent at once. They go to the address that
// a request names, so a flood of requests must not make a flood of connections.
const mostAnswers = 16

// NewGuest returns the handler for n.
func NewGuest(n *Node) *Guest {
	return &Guest{node: n, slots: make(chan struct{}, mostAnswers)}
}

// Answers is how many answers were sent.
func (g *Guest) Answers() uint64 { return g.answers.Load() }

// HandleMessage answers m if its sender waits for that. It fails no message: a
// guest has no say in what is replicated.
func (g *Guest) HandleMessage(ctx context.Context, m *channel.Message) error {
	answer, what, err := respond(m)
	switch {
	case err != nil:
		g.node.cfg.Logger.Debug(fmt.Sprintf("message from %s: %v", m.Peer, err))
	case answer != nil:
		select {
		case g.slots <- struct{}{}:
			defer func() { <-g.slots }()
			g.send(ctx, &m.Address, answer, what)
		default:
			g.node.cfg.Logger.Debug(fmt.Sprintf("not answering %s: too many answers are under way", m.Peer))
		}
	}
	return nil
}

func (g *Guest) send(ctx context.Context, to *tribes.Member, answer []byte, what string) {
	_, err := g.node.Send(ctx, to, tribes.Asynchronous, answer)
	if err != nil {
		g.node.cfg.Logger.Warn("a member that asked could not be answered", "asked", what, "err", err)
		return
	}
	g.answers.Add(1)
	g.node.cfg.Logger.Debug(fmt.Sprintf("answered %s at %s", what, to.Name(to.TextForm())))
}

// The longest requests that are read; longer messages are replicated data. One
// for all sessions holds the context's name three times, an RPC of a map the
// records of its members, with their payloads.
const (
	longestGetAll = 64 << 10
	longestRPC    = 1 << 20
)

// head is where a stream names its class.
const head = 100

// respond returns the answer to m, and what was asked; nil where nobody waits
// for one.
func respond(m *channel.Message) (answer []byte, what string, err error) {
	begin := m.Message[:min(head, len(m.Message))]
	switch {
	case m.Options&tribes.ByteMessage != 0 || !javaser.IsStream(begin):
		return nil, "", nil
	case bytes.Contains(begin, []byte("SessionMessageImpl")) && len(m.Message) <= longestGetAll:
	case bytes.Contains(begin, []byte("RpcMessage")) && len(m.Message) <= longestRPC:
	default:
		return nil, "", nil
	}
	v, err := session.Parse(m.Message, javaser.Limits{})
	if err != nil {
		return nil, "", err
	}
	switch v := v.(type) {
	case *session.Message:
		if v.Event != session.GetAllSessions {
			return nil, "", nil
		}
		answer, err = session.AnswerTransferComplete(v).Append(nil)
		return answer, fmt.Sprintf("a request for the sessions of %q", v.Context), err
	case *session.RPC:
		if v.Reply {
			return nil, "", nil
		}
		answer, err = session.NoRpcChannelReply(v).Append(nil)
		return answer, fmt.Sprintf("an RPC request to %q", v.ID), err
	}
	return nil, "", nil
}
