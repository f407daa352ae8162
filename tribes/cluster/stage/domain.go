package stage

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"

	"muster/internal/escape"
	"muster/internal/verdict"
	"muster/tribes"
	"muster/tribes/cluster/channel"
)

// Domain is DomainFilterInterceptor: members of other domains are not there, and
// what they send is dropped.
type Domain struct {
	plain
	domain []byte
	log    *slog.Logger
	faults faults
}

const otherDomain = "other domain"

// NewDomain lets the members of the domain pass; log may be nil.
func NewDomain(domain []byte, log *slog.Logger) *Domain {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Domain{domain: domain, log: log}
}

// Receive drops what members of other domains send.
func (d *Domain) Receive(ctx context.Context, m *channel.Message, up channel.HandlerFunc) error {
	if d.Admits(&m.Address) {
		return up(ctx, m)
	}
	why := fmt.Sprintf("it is of the domain %q, this member of %q", escape.Text(string(m.Address.Domain)), escape.Text(string(d.domain)))
	if who := sender(m); d.faults.add(otherDomain, who, why) {
		d.log.Warn(fmt.Sprintf("dropped a message from %s: %s", who, why))
	}
	return nil
}

// Admits reports whether m is a member for those above.
func (d *Domain) Admits(m *tribes.Member) bool { return bytes.Equal(m.Domain, d.domain) }

// Dropped is how many messages of other domains came.
func (d *Domain) Dropped() uint64 { return d.faults.count(otherDomain) }

// Verdicts tell of those whose messages were dropped (tribes.domain-filter).
func (d *Domain) Verdicts() []verdict.Verdict {
	var out []verdict.Verdict
	for _, f := range d.faults.list(otherDomain) {
		out = append(out, f.verdict("tribes.domain-filter", verdict.Warn, verdict.Definite, "dropped",
			"give the members that belong together the same domain, others another group"))
	}
	return out
}
