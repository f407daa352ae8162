package stage

import (
	"context"
	"fmt"
	"log/slog"

	"muster/internal/verdict"
	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/interceptor"
)

// Readable changes nothing: it tells of messages that should be Java objects and
// are none, as those of a cluster that encrypts are for a member without the key.
// A Tomcat that waits for an answer to one waits in vain.
type Readable struct {
	plain
	log    *slog.Logger
	faults faults
}

const unreadable = "unreadable"

// NewReadable stands at the top; log may be nil.
func NewReadable(log *slog.Logger) *Readable {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Readable{log: log}
}

// leastSealed is what an encrypted message has at least: IV and tag.
const leastSealed = 12 + 16

// Receive hands everything up.
func (r *Readable) Receive(ctx context.Context, m *channel.Message, up channel.HandlerFunc) error {
	if m.Options&tribes.ByteMessage == 0 && len(m.Message) >= leastSealed && !readable(m.Message, 0) &&
		!interceptor.IsCoordination(m.Message) && !interceptor.IsGzip(m.Message) {
		why := "it is no Java object: encrypted, or changed by another interceptor that this member has not"
		if who := sender(m); r.faults.add(unreadable, who, why) {
			r.log.Warn(fmt.Sprintf("cannot read a message from %s: %s", who, why))
		}
	}
	return up(ctx, m)
}

// Verdicts name the members whose messages cannot be read (tribes.key-mismatch).
func (r *Readable) Verdicts() []verdict.Verdict {
	var out []verdict.Verdict
	for _, f := range r.faults.list(unreadable) {
		out = append(out, f.verdict("tribes.key-mismatch", verdict.Fail, verdict.Likely, "cannot read",
			"--encryption-key-file names the cluster's key, --server-xml all of its interceptors"))
	}
	return out
}
