package stage

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"muster/internal/verdict"
	"muster/tribes"
	"muster/tribes/cluster/channel"
)

// plain is a stage that changes nothing; those that change one direction embed
// it.
type plain struct{}

func (plain) Send(ctx context.Context, m *channel.Outgoing, down channel.Next) { down(ctx, m) }

func (plain) Receive(ctx context.Context, m *channel.Message, up channel.HandlerFunc) error {
	return up(ctx, m)
}

// Judge is a stage that can tell what is wrong with the cluster.
type Judge interface {
	// Verdicts are about what the stage saw up to now, none where all is well.
	Verdicts() []verdict.Verdict
}

// Verdicts are those of all stages.
func Verdicts(stages []channel.Stage) []verdict.Verdict {
	var out []verdict.Verdict
	for _, s := range stages {
		if j, ok := s.(Judge); ok {
			out = append(out, j.Verdicts()...)
		}
	}
	return out
}

// acts reports whether an interceptor with the optionFlag acts on a message
// (ChannelInterceptorBase.okToProcess).
func acts(flag, options tribes.Options) bool { return options&flag == flag }

// sender names who sent m for people: the receiver of its record, and the other
// end of the connection where that is another host.
func sender(m *channel.Message) string {
	if at, ok := m.Address.AddrPort(); ok {
		if at.Addr() == m.Peer.Addr() {
			return at.String()
		}
		return at.String() + " (from " + m.Peer.String() + ")"
	}
	return m.Peer.String()
}

// faults counts refused messages by sender and kind.
type faults struct {
	mu    sync.Mutex
	n     map[string]uint64 // by kind
	by    map[[2]string]*fault
	order []*fault
}

// fault is what one sender did wrong.
type fault struct {
	kind, who string
	why       string // of the last one
	n         uint64
}

// mostFaulty is how many senders are told apart; the others are only counted.
const mostFaulty = 64

// add reports whether it is the first of its kind from that sender.
func (f *faults) add(kind, who, why string) (first bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.by == nil {
		f.n, f.by = map[string]uint64{}, map[[2]string]*fault{}
	}
	f.n[kind]++
	e := f.by[[2]string{kind, who}]
	if e == nil {
		if len(f.by) >= mostFaulty {
			return false
		}
		e = &fault{kind: kind, who: who}
		f.by[[2]string{kind, who}] = e
		f.order = append(f.order, e)
		first = true
	}
	e.n++
	e.why = why
	return first
}

func (f *faults) count(kind string) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n[kind]
}

// list returns those of the kinds, the first one first.
func (f *faults) list(kinds ...string) []fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []fault
	for _, e := range f.order {
		if slices.Contains(kinds, e.kind) {
			out = append(out, *e)
		}
	}
	return out
}

// verdict tells of it; did is what became of the messages.
func (f fault) verdict(id verdict.ID, s verdict.Status, c verdict.Confidence, did string, fix ...string) verdict.Verdict {
	v := verdict.New(id, s, c, f.who, fmt.Sprintf("%s %d of its messages: %s", did, f.n, f.why),
		verdict.Evidence{What: "messages concerned", Value: fmt.Sprint(f.n), ReadFrom: "the channel"})
	v.Fix = append(v.Fix, fix...)
	return v
}

// key tells members apart as Tomcat does.
type key struct {
	addr netip.AddrPort
	id   tribes.UniqueID
}

func keyOf(m *tribes.Member) key {
	at, _ := m.AddrPort()
	return key{at, m.ID}
}
