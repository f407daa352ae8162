package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/session"
)

// Replica makes a node a full member of session replication for one context:
// what SimpleTcpCluster and a DeltaManager are together. It sends what its Store
// reports to every member, applies what they send, answers whoever asks for the
// state, and expires idle sessions. Everything that is not about its context is
// left to a Guest.
type Replica struct {
	Store *session.Store
	// Options of the messages to the members: Tomcat's channelSendOptions.
	Options tribes.Options
	// Block is how many sessions a message of a state transfer carries; 0 means
	// all of them (sendAllSessions).
	Block int

	node   *Node
	guest  *Guest
	states chan struct{} // a place for each state that is being sent
}

// The times of a DeltaManager.
const (
	// DefaultTransferTimeout is stateTransferTimeout: how long a starting node
	// waits for the state.
	DefaultTransferTimeout = 60 * time.Second
	// expireEvery is how often idle sessions are looked for
	// (backgroundProcessorDelay times processExpiresFrequency, as quick as it can
	// be configured).
	expireEvery = time.Second
	// stateOptions are those of the blocks of a state transfer since 9.0.9.
	stateOptions = tribes.UseAck | tribes.SynchronizedAck
)

// Attach gives the replica its node. It belongs into Config.Handler:
//
//	cfg.Handler = func(n *cluster.Node) channel.Handler { return replica.Attach(n) }
func (r *Replica) Attach(n *Node) channel.Handler {
	r.node, r.guest, r.states = n, NewGuest(n), make(chan struct{}, mostAnswers)
	return r
}

// HandleMessage takes a message of the channel.
func (r *Replica) HandleMessage(ctx context.Context, m *channel.Message) error {
	if m.Options&tribes.ByteMessage != 0 || !session.IsMessage(m.Message[:min(head, len(m.Message))]) {
		return r.guest.HandleMessage(ctx, m)
	}
	sm, err := session.ParseMessage(m.Message)
	if err != nil {
		return err
	}
	if !r.concerns(sm) {
		return r.guest.HandleMessage(ctx, m)
	}
	if sm.Event == session.GetAllSessions {
		// The answer must not hold up the connection that asked.
		select {
		case r.states <- struct{}{}:
		default:
			return fmt.Errorf("%s: the state is being sent %d times already", sm, mostAnswers)
		}
		to := m.Address.Clone()
		r.node.background(func(ctx context.Context) {
			defer func() { <-r.states }()
			r.sendState(ctx, &to)
		})
		return nil
	}
	if err := r.Store.Apply(sm); err != nil {
		r.node.cfg.Logger.Debug(fmt.Sprintf("%s from %s: %v", sm, m.Peer, err))
		if !errors.Is(err, session.ErrNoSession) {
			return err
		}
	}
	return nil
}

// concerns reports whether a message is about our context. One that renames a
// session of a Tomcat 6.0 names host and path, and a Host's cluster the path alone.
func (r *Replica) concerns(m *session.Message) bool {
	name := r.Store.Context()
	return m.Context == name || m.AllContexts() || m.Event == session.ChangeSessionID && strings.HasSuffix(m.Context, "#"+name)
}

// sendState answers a member that asked for all sessions.
func (r *Replica) sendState(ctx context.Context, to *tribes.Member) {
	for m, err := range r.Store.State(r.Block) {
		var b []byte
		if err == nil {
			b, err = m.Append(nil)
		}
		if err == nil {
			options := r.Options
			if m.Event == session.AllSessionData {
				options = stateOptions
			}
			_, err = r.node.Send(ctx, to, options, b)
		}
		if err != nil {
			if ctx.Err() == nil {
				r.node.cfg.Logger.Warn("a member that asked for the sessions did not get them all", "member", to.Name(to.TextForm()), "err", err)
			}
			return
		}
	}
}

// Replicate sends m to every member, side by side, and returns when all have it
// (or have failed). A nil m is nothing to tell.
func (r *Replica) Replicate(ctx context.Context, m *session.Message) error {
	if m == nil {
		return nil
	}
	b, err := m.Append(nil)
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range r.node.SendAll(ctx, r.node.Peers(), r.Options, b) {
		if d.Err != nil {
			errs = append(errs, fmt.Errorf("%s to %s: %w", m, d.Member.Name(d.Member.TextForm()), d.Err))
		}
	}
	return errors.Join(errs...)
}

// Transfer is the outcome of Fetch.
type Transfer struct {
	// From is who was asked; nil where there is no other member.
	From *tribes.Member
	// Received: the asked member told the end of its state.
	Received bool
	Sessions int // in the store afterwards
	Took     time.Duration
}

// Fetch asks the member with the largest alive time for the state of the
// context, and waits for it as a starting DeltaManager does.
func (r *Replica) Fetch(ctx context.Context, timeout time.Duration) (Transfer, error) {
	members := r.node.Peers()
	if len(members) == 0 {
		return Transfer{Sessions: r.Store.Len()}, nil
	}
	began := time.Now()
	t := Transfer{From: &members[0]}
	request, ended := r.Store.BeginTransfer()
	b, err := request.Append(nil)
	if err == nil {
		_, err = r.node.Send(ctx, t.From, tribes.Asynchronous, b)
	}
	if err == nil {
		select {
		case <-ended:
		case <-time.After(timeout):
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	t.Received = r.Store.EndTransfer()
	t.Took, t.Sessions = time.Since(began), r.Store.Len()
	return t, err
}

// Run expires idle sessions until ctx ends, and tells the members.
func (r *Replica) Run(ctx context.Context) {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for _, m := range r.Store.ExpireIdle() {
				if err := r.Replicate(ctx, m); err != nil && ctx.Err() == nil {
					r.node.cfg.Logger.Warn("a session expired and not every member was told", "err", err)
				}
			}
		}
	}
}
