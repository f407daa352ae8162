package cluster

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"muster/internal/verdict"
	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/cluster/membership"
	"muster/tribes/cluster/stage"
)

// Message is a new message from this node, stamped by its clock.
func (n *Node) Message(options tribes.Options, payload []byte) tribes.ChannelData {
	m := channel.NewMessage(n.Local(), options, payload)
	if n.cfg.Clock != nil {
		m.Timestamp = n.cfg.Clock().UnixMilli()
	}
	return m
}

// Peers are the other members that messages go to: those that are announced,
// and admitted by every stage. The one with the largest alive time is first, as
// Tomcat lists them.
func (n *Node) Peers() []tribes.Member {
	all := slices.DeleteFunc(n.Members(), func(m membership.Info) bool { return m.State == "unconfirmed" })
	slices.SortStableFunc(all, func(a, b membership.Info) int { return cmp.Compare(b.Member.Alive, a.Member.Alive) })
	var out []tribes.Member
	for i := range all {
		out = append(out, all[i].Member)
	}
	for _, s := range n.stages {
		if f, ok := s.(interface{ Admits(*tribes.Member) bool }); ok {
			out = slices.DeleteFunc(out, func(m tribes.Member) bool { return !f.Admits(&m) })
		}
		if f, ok := s.(interface{ Members() []tribes.Member }); ok {
			for _, m := range f.Members() {
				if !slices.ContainsFunc(out, func(o tribes.Member) bool { return o.Same(&m) }) {
					out = append(out, m)
				}
			}
		}
	}
	return out
}

// Deliveries are the destinations of a message to members.
func (n *Node) Deliveries(to []tribes.Member) []*channel.Delivery {
	out := make([]*channel.Delivery, len(to))
	for i := range to {
		d := &channel.Delivery{Member: &to[i]}
		if ap, ok := to[i].AddrPort(); ok {
			d.Addr = dialable(ap, n.Interface)
		} else {
			d.Err = fmt.Errorf("host of %d bytes and port %d are no address to send to", len(to[i].Host), to[i].Port)
		}
		out[i] = d
	}
	return out
}

// Send delivers a message to a member, through the stages. A failure that speaks
// against the member, which a FAIL_ACK does not, has it checked at once.
func (n *Node) Send(ctx context.Context, to *tribes.Member, options tribes.Options, payload []byte) (channel.Receipt, error) {
	d := n.SendAll(ctx, []tribes.Member{*to}, options, payload)[0]
	return d.Receipt, d.Err
}

// SendAll delivers one message to members, side by side, and returns when each
// has it or has failed: one Delivery for each, in their order. Asynchronous
// messages are queued: a failure is told by the log and Stats, not here.
func (n *Node) SendAll(ctx context.Context, to []tribes.Member, options tribes.Options, payload []byte) []*channel.Delivery {
	m := channel.Outgoing{ChannelData: n.Message(options, payload), To: n.Deliveries(to)}
	n.stack.Send(ctx, &m)
	return m.To
}

// deliver is the lower end of the stack, where TcpFailureDetector is.
func (n *Node) deliver(ctx context.Context, m *channel.Outgoing) {
	n.sender.Deliver(ctx, m)
	for _, d := range m.To {
		if d.Err != nil && d.Attempts > 0 && d.Outcome != channel.FailAcked && d.Member != nil && ctx.Err() == nil {
			n.service.SendFailed(d.Member)
		}
	}
}

// dropped is told of asynchronous messages that are lost: their receiver is
// checked as for any other that fails.
func (n *Node) dropped(to netip.AddrPort, _ error) {
	for _, m := range n.Members() {
		if ap, ok := m.Member.AddrPort(); ok && dialable(ap, n.Interface) == to {
			n.service.SendFailed(&m.Member)
		}
	}
}

// Flush waits until the asynchronous messages have left or are lost.
func (n *Node) Flush(ctx context.Context) error { return n.sender.Flush(ctx) }

// tick lets the stages work until ctx ends, and say goodbye then.
func (n *Node) tick(ctx context.Context) {
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for now := time.Now(); ; {
		n.stack.Tick(ctx, now)
		select {
		case <-ctx.Done():
			bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			n.stack.Stop(bye)
			return
		case now = <-every.C:
		}
	}
}

// Verdicts are what the stages saw wrong with the cluster, and what is wrong with who
// announces itself; none where all is well.
func (n *Node) Verdicts() []verdict.Verdict {
	crowd, refused := n.service.Crowd()
	return slices.Concat(stage.Verdicts(n.stages), n.reach.verdicts(), crowdVerdicts(n.Group.String(), crowd, refused), n.unheardVerdicts(time.Now()))
}
