package cluster

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"muster/tribes"
	"muster/tribes/cluster/channel"
)

// SpeakerConfig is what a Speaker goes by.
type SpeakerConfig struct {
	// Domain is that of the sender's record: a DomainFilterInterceptor drops what
	// is of another.
	Domain []byte
	// Stages are the interceptors, the application's end first.
	Stages []channel.Stage
	// Timeout bounds the connect, the write and the wait for the ack; Retries and
	// PoolSize as those of channel.Sender.
	Timeout  time.Duration
	Retries  int
	PoolSize int
	Logger   *slog.Logger
}

// Speaker sends messages to receivers without being a member: no Tomcat checks
// who sends. Nobody learns a member from its record, which has no address.
type Speaker struct {
	record tribes.Member
	sender channel.Sender
	now    *channel.Stack // queues nothing
	queued *channel.Stack
}

// NewSpeaker returns a Speaker; Close ends it.
func NewSpeaker(cfg SpeakerConfig) *Speaker {
	s := &Speaker{record: tribes.Member{
		Host: netip.IPv4Unspecified().AsSlice(), SecurePort: -1, UDPPort: -1, ID: tribes.NewUniqueID(), Domain: cfg.Domain,
	}}
	s.sender.Timeout, s.sender.Retries, s.sender.PoolSize, s.sender.Logger = cfg.Timeout, cfg.Retries, cfg.PoolSize, cfg.Logger
	s.now = channel.NewStack(nil, s.sender.DeliverNow, cfg.Stages...)
	s.queued = channel.NewStack(nil, s.sender.Deliver, cfg.Stages...)
	return s
}

// as is the sender's record in a form.
func (s *Speaker) as(form tribes.Generation) tribes.Member {
	r := s.record
	r.Generation = form
	return r
}

// Send sends one message to receivers, to those of one form side by side, and
// returns what became of it at each, in their order. Asynchronous messages are not
// queued: the bits go out as they are.
func (s *Speaker) Send(ctx context.Context, to []Receiver, options tribes.Options, payload []byte) []*channel.Delivery {
	all := make([]*channel.Delivery, len(to))
	byForm := map[tribes.Generation][]*channel.Delivery{}
	for i, r := range to {
		all[i] = &channel.Delivery{Addr: r.Addr}
		if r.Form == tribes.V55 {
			all[i].Outcome, all[i].Err = channel.Failed, errTomcat55
			continue
		}
		byForm[r.Form] = append(byForm[r.Form], all[i])
	}
	for form, some := range byForm {
		s.now.Send(ctx, &channel.Outgoing{ChannelData: channel.NewMessage(s.as(form), options, payload), To: some})
	}
	return all
}

// Close closes the connections.
func (s *Speaker) Close() { s.sender.Close() }
