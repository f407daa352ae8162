package cluster

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/cluster/membership"
	"muster/tribes/cluster/replicatedmap"
	"muster/tribes/session"
)

// BackupReplica makes a node a full member of the replicated map of one context:
// what SimpleTcpCluster and a BackupManager are together. Such a node holds other
// nodes' only copies, so it must say goodbye by Stop, and hand Event every event
// of the membership. Everything that is not about its map is left to a Guest.
type BackupReplica struct {
	*replicatedmap.Sessions

	node  *Node
	guest *Guest
}

// NewBackupReplica returns the replica of the context that the store is for.
// Attach gives it its node, Start brings it into the map.
func NewBackupReplica(store *session.Store, cfg replicatedmap.Config) *BackupReplica {
	b := &BackupReplica{}
	b.Sessions = replicatedmap.NewSessions((*mapChannel)(b), store, cfg)
	return b
}

// Attach gives the replica its node. It belongs into Config.Handler.
func (b *BackupReplica) Attach(n *Node) channel.Handler {
	b.node, b.guest = n, NewGuest(n)
	return b
}

// HandleMessage takes a message of the channel.
func (b *BackupReplica) HandleMessage(ctx context.Context, m *channel.Message) error {
	begin := m.Message[:min(head, len(m.Message))]
	switch {
	case m.Options&tribes.ByteMessage != 0:
	case bytes.Contains(begin, []byte("RpcMessage")):
		if done, err := b.answer(ctx, m); done || err != nil {
			return err
		}
	case bytes.Contains(begin, []byte("AbstractReplicatedMap$MapMessage")):
		mm, err := session.ParseMapMessage(m.Message)
		if err != nil {
			return err
		}
		if mm.Is(b.ID()) && b.Serves() {
			return b.Sessions.HandleMessage(mm)
		}
	}
	return b.guest.HandleMessage(ctx, m)
}

// answer replies to a request to the map, and reports whether m was one. Only who
// is heard as a member is answered: a reply goes to the address that a request
// names, and holds sessions.
func (b *BackupReplica) answer(ctx context.Context, m *channel.Message) (bool, error) {
	rpc, err := session.ParseRPC(m.Message)
	if err != nil || rpc.Reply || !bytes.Equal(rpc.ID, b.ID()) || !b.Serves() || !b.heard(&m.Address) {
		return false, err
	}
	req, err := session.MapMessageOf(rpc.Message)
	if err != nil {
		return false, err
	}
	answer, err := b.Answer(req, &m.Address)
	if err != nil {
		return false, err
	}
	reply := session.AnswerRPC(rpc, nil)
	if answer != nil {
		if reply.Message, err = answer.Object(); err != nil {
			return false, err
		}
	}
	payload, err := reply.Append(nil)
	if err != nil {
		return false, err
	}
	if _, err := b.node.Send(ctx, &m.Address, 0, payload); err != nil && ctx.Err() == nil {
		b.node.cfg.Logger.Warn("a member that asked for something of the map could not be answered", "asked", req.Type.String(), "err", err)
	}
	return true, nil
}

func (b *BackupReplica) heard(r *tribes.Member) bool {
	for _, m := range b.node.Members() {
		if m.Member.Same(r) {
			return true
		}
	}
	return false
}

// View returns a copy of what this node holds of a session, without touching it;
// a proxy holds nothing.
func (b *BackupReplica) View(id string) (session.Session, bool) { return b.Store.View(id) }

// IDs are those of all sessions of the map, wherever they are, in no order.
func (b *BackupReplica) IDs() []string { return b.Keys() }

// Event takes an event of the node's membership.
func (b *BackupReplica) Event(e membership.Event) {
	if e.Kind == membership.Disappeared {
		b.MemberGone(&e.Member)
	}
}

// mapChannel is the node as the map sees it.
type mapChannel BackupReplica

func (c *mapChannel) Local() tribes.Member     { return c.node.Local() }
func (c *mapChannel) Members() []tribes.Member { return c.node.Peers() }

func (c *mapChannel) Send(ctx context.Context, to *tribes.Member, o tribes.Options, b []byte) error {
	_, err := c.node.Send(ctx, to, o, b)
	return err
}

func (c *mapChannel) Ask(ctx context.Context, to []tribes.Member, o tribes.Options, timeout time.Duration, id []byte, m *session.MapMessage) ([]replicatedmap.Reply, error) {
	message, err := m.Object()
	if err != nil {
		return nil, err
	}
	answers, err := c.node.Call(ctx, to, Request{ID: id, Message: message, Options: o, Collect: AllReply, Timeout: timeout})
	var replies []replicatedmap.Reply
	for _, a := range answers {
		if a.None {
			continue
		}
		r := replicatedmap.Reply{From: a.Member}
		if a.Message != nil {
			var e error
			if r.Message, e = session.MapMessageOf(a.Message); e != nil {
				err = fmt.Errorf("the reply of %s: %w", a.Member.Name(a.Member.TextForm()), e)
				continue
			}
		}
		replies = append(replies, r)
	}
	return replies, err
}
