package membership

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"muster/mcast"
	"muster/tribes"
)

// Conn is what a Service needs of a multicast socket that has joined the group;
// *mcast.Conn is one. A ReadBatch that begins before its deadline must return
// what has arrived already.
type Conn interface {
	ReadBatch(ds []mcast.Datagram) (int, error)
	SetReadDeadline(t time.Time) error
	Send(p []byte, to netip.AddrPort) error
	Drops() uint64
	Close() error
}

// CheckFunc asks over TCP whether a member's receiver is there; nil means yes.
type CheckFunc func(ctx context.Context, addr netip.AddrPort) error

const (
	// defaultChecks is how many TCP checks run at once. checksBurst begin at once, as
	// many as a large cluster has members, and checksPerSecond from then on: a flood of
	// made-up members must not make us one of connections.
	defaultChecks   = 64
	checksBurst     = 256
	checksPerSecond = 100
	// eventsKept is how many events wait for a reader that does not come.
	eventsKept = 1 << 16
)

// ServiceConfig is what a Service goes by.
type ServiceConfig struct {
	Config
	// Group is where heartbeats are sent to and come from.
	Group netip.AddrPort
	// Local is the member that we are. nil only looks: nothing is sent.
	Local *tribes.Member
	// Listen is how long members are listened for before the first heartbeat, which
	// then has the form that they have. A Tomcat listens for two heartbeats.
	Listen time.Duration
	// KeepForm: our heartbeats have Local's form, whatever is heard.
	KeepForm bool
	// HoldsState: the local member holds what others ask the oldest for, so its
	// heartbeats carry the real time since it started, as a Tomcat's do. Without
	// it they carry the small one of a guest.
	HoldsState bool
	// Check is asked before a member is announced or given up for silence. nil
	// lets heartbeats alone decide. Checks is how many may run at once.
	Check  CheckFunc
	Checks int
	// Broadcast takes datagrams that hold frames instead of a heartbeat
	// (SEND_OPTIONS_MULTICAST). The payload is valid during the call only.
	Broadcast func(p []byte, source netip.AddrPort)
	// Refused is called once when nothing may be sent any more. It must not block.
	Refused func()
	// Guard is deferred in every goroutine, after the goodbye for a panic.
	Guard  func()
	Logger *slog.Logger
}

// Service runs a Table over a Conn: it receives heartbeats, sends those of the
// local member, and has members checked.
type Service struct {
	cfg  ServiceConfig
	conn Conn
	log  *slog.Logger

	mu        sync.Mutex
	table     *Table
	running   int // checks
	tokens    float64
	refill    time.Time
	queue     []Event
	stats     Stats
	looked    time.Time     // for drops
	deafUntil time.Time     // what came before may have been dropped
	local     tribes.Member // as last sent
	wake      chan struct{} // holds one token while the queue has events

	sending sync.Mutex // one heartbeat at a time, the goodbye last
	left    bool       // guarded by sending
	paused  bool       // guarded by sending

	begun   chan struct{} // closed with the first heartbeat, or when there will be none
	began   sync.Once
	refused *Tomcat55Error // guarded by mu

	ctx context.Context
	wg  sync.WaitGroup
	n   struct {
		own, sent, sendErrors, broadcasts atomic.Uint64
		goodbye                           atomic.Bool
	}
}

// New returns a Service on conn, which it owns from then on. It does nothing
// before Run.
func New(conn Conn, cfg ServiceConfig) *Service {
	if cfg.Checks <= 0 {
		cfg.Checks = defaultChecks
	}
	if cfg.Guard == nil {
		cfg.Guard = func() {}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{cfg: cfg, conn: conn, log: cfg.Logger, wake: make(chan struct{}, 1), begun: make(chan struct{}), tokens: checksBurst}
	s.stats.Malformed = map[string]uint64{}
	cfg.Checked = cfg.Check != nil
	cfg.Notify = s.notify
	cfg.Warn = func(text string) { s.log.Warn(text) }
	s.table = NewTable(cfg.Config)
	s.cfg.Config = s.table.cfg
	if cfg.Local != nil {
		s.local = cfg.Local.Clone()
		s.table.SetLocal(s.local)
		s.table.holding = cfg.Listen > 0
	}
	return s
}

// Run receives, sends and checks until ctx ends; then it says goodbye, leaves
// the group and returns when all of its goroutines have ended.
func (s *Service) Run(ctx context.Context) error {
	defer s.cfg.Guard()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.ctx = ctx
	var beating sync.WaitGroup
	s.wg.Go(func() {
		defer s.cfg.Guard()
		s.receive()
	})
	if s.cfg.Local != nil {
		beating.Go(func() {
			defer s.cfg.Guard()
			s.beat()
		})
	}
	<-ctx.Done()
	beating.Wait() // no heartbeat may follow the goodbye
	s.start()
	s.Goodbye()
	err := s.conn.Close()
	s.wg.Wait()
	return err
}

// notify is called by the table, under s.mu.
func (s *Service) notify(e Event) {
	if len(s.queue) >= eventsKept {
		s.stats.EventsLost++
		return
	}
	s.queue = append(s.queue, e)
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Next returns the next event. It waits for one until ctx ends.
func (s *Service) Next(ctx context.Context) (Event, error) {
	for {
		s.mu.Lock()
		if len(s.queue) > 0 {
			e := s.queue[0]
			if s.queue = s.queue[1:]; len(s.queue) == 0 {
				s.queue = nil
			}
			s.mu.Unlock()
			return e, nil
		}
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return Event{}, ctx.Err()
		case <-s.wake:
		}
	}
}

// Members returns the table as it stands.
func (s *Service) Members() []Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.table.Members()
}

// Crowd tells of members that look made up, and of how many heartbeats were of further
// ones than the table has room for.
func (s *Service) Crowd() (Crowd, uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.table.Crowd(), s.table.Counts().Refused
}

// Local is our own record as it was last sent.
func (s *Service) Local() tribes.Member {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.local
}

// SendFailed tells that a message to m could not be delivered; a TCP check then
// decides whether it stays a member.
func (s *Service) SendFailed(m *tribes.Member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cfg.Check != nil {
		s.table.SendFailed(m)
		s.startChecks()
	}
}

// startChecks begins the checks that the table wants, as many as may run. It
// is called under s.mu; what it cannot begin now waits for the next call, at
// the latest when the receiver wakes up.
func (s *Service) startChecks() {
	if s.ctx == nil || s.ctx.Err() != nil || s.cfg.Check == nil {
		return
	}
	now := time.Now()
	s.tokens = min(s.tokens+now.Sub(s.refill).Seconds()*checksPerSecond, checksBurst)
	s.refill = now
	for s.running < s.cfg.Checks && s.tokens >= 1 {
		c, ok := s.table.NextCheck()
		if !ok {
			return
		}
		s.running++
		s.tokens--
		s.wg.Go(func() {
			defer s.cfg.Guard()
			s.check(c)
		})
	}
}

func (s *Service) check(c Check) {
	err := s.cfg.Check(s.ctx, c.Addr)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	s.stats.Checks++
	if s.ctx.Err() != nil {
		return // the answer is that we are leaving
	}
	if err != nil {
		s.stats.ChecksFailed++
	}
	s.table.Checked(c, err, time.Now())
	s.startChecks()
}
