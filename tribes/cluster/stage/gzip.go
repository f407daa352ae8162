package stage

import (
	"context"
	"sync/atomic"

	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/interceptor"
)

// Gzip is GzipInterceptor, of either generation: without Always it also reads what the
// older one sends, and answers so.
type Gzip struct {
	interceptor.Gzip
	// Limit is the most bytes that a message may expand to; 0 means
	// tribes.DefaultFrameLimit.
	Limit int

	older                        atomic.Bool // a message of 6.0 to 8.5 was heard
	compressed, expanded, failed atomic.Uint64
}

// Send compresses; of the newer generation only what is longer than MinSize.
func (g *Gzip) Send(ctx context.Context, m *channel.Outgoing, down channel.Next) {
	form := g.form()
	options, message, err := form.Compress(m.Options, m.Message)
	if err != nil {
		m.Fail(err)
		return
	}
	if form.Always || options != m.Options {
		g.compressed.Add(1)
	}
	m.Options, m.Message = options, message
	down(ctx, m)
}

// Receive expands. What does not is the message's failure, as in Tomcat.
func (g *Gzip) Receive(ctx context.Context, m *channel.Message, up channel.HandlerFunc) error {
	limit := g.Limit
	if limit <= 0 {
		limit = tribes.DefaultFrameLimit
	}
	if m.Options&(tribes.Gzip|tribes.ByteMessage) == 0 && interceptor.IsGzip(m.Message) {
		g.older.Store(true) // no Java object begins so
	}
	form := g.form()
	form.Always = g.Always || form.Always && interceptor.IsGzip(m.Message)
	message, err := form.Expand(m.Options, m.Message, limit)
	if err != nil {
		g.failed.Add(1)
		return err
	}
	if form.Always || m.Options&tribes.Gzip != 0 {
		g.expanded.Add(1)
	}
	m.Message = message
	return up(ctx, m)
}

// form is that of the members: the one that was given, or the older one where it was heard.
func (g *Gzip) form() interceptor.Gzip {
	f := g.Gzip
	f.Always = f.Always || g.older.Load()
	return f
}

// Counts are the messages compressed, expanded, and those that did not expand.
func (g *Gzip) Counts() (compressed, expanded, failed uint64) {
	return g.compressed.Load(), g.expanded.Load(), g.failed.Load()
}
