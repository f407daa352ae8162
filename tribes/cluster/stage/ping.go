package stage

import (
	"context"
	"sync"
	"time"

	"muster/tribes"
	"muster/tribes/cluster/channel"
)

// Member is what a stage that sends by itself knows of the member it belongs to.
type Member interface {
	// Message is a new message from it.
	Message(options tribes.Options, payload []byte) tribes.ChannelData
	// Peers are the other members.
	Peers() []tribes.Member
	// Deliveries are destinations for members.
	Deliveries(to []tribes.Member) []*channel.Delivery
}

// Ping is TcpPingInterceptor with a thread of its own: a message without an ack
// to every member each interval, so that a connection that is broken is found
// before it is needed.
type Ping struct {
	plain
	Interval time.Duration // 1 s in Tomcat
	Flag     tribes.Options
	Of       Member

	mu   sync.Mutex
	last time.Time
}

// Tick pings when the interval is over.
func (p *Ping) Tick(ctx context.Context, now time.Time, _ channel.HandlerFunc, down channel.Next) {
	p.mu.Lock()
	due := now.Sub(p.last) >= p.Interval
	if due {
		p.last = now
	}
	p.mu.Unlock()
	if due {
		tell(ctx, p.Of, p.Of.Peers(), p.Flag, tribes.TCPPing, down)
	}
}

func tell(ctx context.Context, of Member, to []tribes.Member, options tribes.Options, text string, down channel.Next) {
	if len(to) == 0 {
		return
	}
	m := channel.Outgoing{ChannelData: of.Message(options, []byte(text)), To: of.Deliveries(to)}
	down(ctx, &m)
}
