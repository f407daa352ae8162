package stage

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"muster/tribes"
	"muster/tribes/cluster/channel"
)

// Static is StaticMembershipInterceptor: members that are configured, not heard.
// Each is asked over TCP, and tells when it starts and stops.
type Static struct {
	plain
	members []tribes.Member
	flag    tribes.Options
	of      Member
	// Probe asks whether a member is there.
	probe func(context.Context, netip.AddrPort) error
	// Changed, where set, is told of each member that comes (nil) and goes (why).
	// It is called by one goroutine at a time.
	Changed func(m tribes.Member, gone error)

	mu     sync.Mutex
	up     map[key]bool
	told   map[key]bool // of us, since it is up
	asking sync.Mutex
	asked  time.Time
}

// askEvery is the channel's heartbeat, in which Tomcat asks static members.
const askEvery = 5 * time.Second

// NewStatic is for the configured members, with host, port and id. Nobody is
// there before probe says so.
func NewStatic(of Member, members []tribes.Member, flag tribes.Options, probe func(context.Context, netip.AddrPort) error) *Static {
	return &Static{members: members, flag: flag, of: of, probe: probe, up: map[key]bool{}, told: map[key]bool{}}
}

// Receive takes the notifications of the configured members.
func (s *Static) Receive(ctx context.Context, m *channel.Message, up channel.HandlerFunc) error {
	switch string(m.Message) {
	case tribes.StaticStart:
		s.set(&m.Address, nil)
		return nil
	case tribes.StaticStop:
		s.set(&m.Address, errStopped)
		return nil
	}
	return up(ctx, m)
}

type stopped struct{}

func (stopped) Error() string { return "it says that it stops" }

var errStopped = stopped{}

// set notes what is known of a member, if it is one of the configured.
func (s *Static) set(m *tribes.Member, gone error) {
	for i := range s.members {
		if c := &s.members[i]; c.Same(m) {
			s.mu.Lock()
			changed := s.up[keyOf(c)] != (gone == nil)
			s.up[keyOf(c)] = gone == nil
			if gone != nil {
				delete(s.told, keyOf(c))
			}
			s.mu.Unlock()
			if changed && s.Changed != nil {
				s.Changed(*c, gone)
			}
			return
		}
	}
}

// Tick asks all members when it is time, and tells those that came of us.
func (s *Static) Tick(ctx context.Context, now time.Time, _ channel.HandlerFunc, down channel.Next) {
	if !s.asking.TryLock() {
		return
	}
	defer s.asking.Unlock()
	if now.Sub(s.asked) < askEvery {
		return
	}
	s.asked = now
	var wg sync.WaitGroup
	errs := make([]error, len(s.members))
	for i := range s.members {
		at, _ := s.members[i].AddrPort()
		wg.Go(func() { errs[i] = s.probe(ctx, at) })
	}
	wg.Wait()
	for i, err := range errs {
		s.set(&s.members[i], err)
	}
	tell(ctx, s.of, s.untold(), s.flag, tribes.StaticStart, down)
}

// untold are the members that are there and do not know that we are.
func (s *Static) untold() []tribes.Member {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []tribes.Member
	for i := range s.members {
		if k := keyOf(&s.members[i]); s.up[k] && !s.told[k] {
			s.told[k] = true
			out = append(out, s.members[i])
		}
	}
	return out
}

// Members are the configured ones that are there.
func (s *Static) Members() []tribes.Member {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []tribes.Member
	for i := range s.members {
		if s.up[keyOf(&s.members[i])] {
			out = append(out, s.members[i])
		}
	}
	return out
}

// Stop tells all members that we go.
func (s *Static) Stop(ctx context.Context, down channel.Next) {
	tell(ctx, s.of, s.of.Peers(), s.flag, tribes.StaticStop, down)
}
