package channel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"muster/internal/hint"
	"muster/internal/portowner"
	"muster/tribes"
	"muster/tribes/tlspsk"
)

// Tomcat's defaults (T/transport/ReceiverBase).
const (
	DefaultPort     = 4000
	DefaultAutoBind = 100
)

// The limits of a Receiver.
const (
	defaultMemory   = 256 << 20
	defaultMaxConns = 2048
	// frameSilence is how long the rest of a frame may be silent, frameTimeout
	// how long all of it may take.
	frameSilence = 30 * time.Second
	frameTimeout = 5 * time.Minute
	ackTimeout   = 3 * time.Second
	// Peers that send nonsense are told of this often in a while, then only in
	// the verbose log and in the counters.
	tellMost  = 10
	tellWhile = 10 * time.Second
)

// ReceiverConfig is what a Receiver goes by. Zero values mean the defaults.
type ReceiverConfig struct {
	// Addr is the address to listen on; the zero Addr means all of this host.
	Addr netip.Addr
	// Port is the first port tried, AutoBind how many are (Tomcat's autoBind);
	// less than 1 is 1. Port 0 is one that the system chooses.
	Port     uint16
	AutoBind int
	// FrameLimit is the most data in one frame, MemoryLimit the most that the
	// large frames of all connections hold together, MaxConns how many
	// connections there may be.
	FrameLimit  int
	MemoryLimit int
	MaxConns    int
	// Handler takes the messages that are no probes and no pings. nil takes none.
	Handler Handler
	// Asked is told of each probe of a failure detector, with the other end of its
	// connection: whoever asks has heard our heartbeats and reaches our receiver.
	// named is the member that the question names: who asks, or up to 8.0 our own.
	Asked func(peer netip.AddrPort, named *tribes.Member)
	// Own tells our own record from that of others: a broadcast of ours comes
	// back to us. nil knows none.
	Own func(*tribes.Member) bool
	// PSK has every connection begin with a TLS handshake with this pre-shared key.
	PSK *tlspsk.Config
	// Guard is deferred in every goroutine, so that an owner can say goodbye
	// before a panic ends the process.
	Guard  func()
	Logger *slog.Logger
}

func (cfg ReceiverConfig) defaults() ReceiverConfig {
	if cfg.FrameLimit <= 0 {
		cfg.FrameLimit = tribes.DefaultFrameLimit
	}
	if cfg.MemoryLimit <= 0 {
		cfg.MemoryLimit = defaultMemory
	}
	if cfg.MaxConns <= 0 {
		cfg.MaxConns = defaultMaxConns
	}
	if cfg.Guard == nil {
		cfg.Guard = func() {}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return cfg
}

// ReceiverStats are what a Receiver counted.
type ReceiverStats struct {
	Accepted uint64 // connections
	Open     uint64 // of them now
	Evicted  uint64 // closed because there were too many
	Broken   uint64 // closed because of what came, and broadcasts dropped for it
	Messages uint64 // handed to the Handler
	Failed   uint64 // of them, those that it failed
	Probes   uint64 // of failure detectors
	Pings    uint64 // of TcpPingInterceptor
	Acks     uint64 // sent
	FailAcks uint64 // sent
	Stray    uint64 // acks that came where none belong
}

// Receiver is the TCP side that takes messages.
type Receiver struct {
	cfg  ReceiverConfig
	at   netip.AddrPort
	gate gate
	log  *slog.Logger
	// verbose: the logger takes what is told of each message.
	verbose bool
	memory  budget
	conns   connSet
	n       counters
	closed  atomic.Bool
	tell    limiter
}

type counters struct {
	accepted, evicted, broken, messages, failed, probes, pings, acks, failAcks, stray atomic.Uint64
}

// Listen opens the port, or the next one that is free, as ReceiverBase.bind
// does. Connections are accepted from then on and served when Serve runs.
func Listen(cfg ReceiverConfig) (*Receiver, error) {
	ln, err := bind(cfg)
	if err != nil {
		return nil, err
	}
	r := newReceiver(cfg)
	r.at, r.gate.ln = addrPort(ln.Addr()), ln
	return r, nil
}

// newReceiver is a Receiver without a port.
func newReceiver(cfg ReceiverConfig) *Receiver {
	r := &Receiver{cfg: cfg.defaults()}
	r.log = r.cfg.Logger
	r.verbose = r.log.Enabled(context.Background(), slog.LevelDebug)
	r.memory.init(r.cfg.MemoryLimit)
	r.conns.init(r.cfg.MaxConns)
	return r
}

func bind(cfg ReceiverConfig) (*net.TCPListener, error) {
	last := min(int(cfg.Port)+max(cfg.AutoBind, 1)-1, math.MaxUint16)
	if cfg.Port == 0 {
		last = 0
	}
	var err error
	for port := int(cfg.Port); port <= last; port++ {
		addr := netip.AddrPortFrom(cfg.Addr, uint16(port))
		var ln *net.TCPListener
		if ln, err = net.ListenTCP("tcp", net.TCPAddrFromAddrPort(addr)); err == nil {
			return ln, nil
		}
		if !errors.Is(err, errInUse) {
			return nil, fmt.Errorf("listen for the cluster's messages on %s: %w", addr, reason(err))
		}
	}
	return nil, inUse(cfg, last, reason(err))
}

// inUse tells who has the port, where this user may see it.
func inUse(cfg ReceiverConfig, last int, err error) error {
	where := fmt.Sprintf("port %d", cfg.Port)
	if last > int(cfg.Port) {
		where = fmt.Sprintf("ports %d to %d", cfg.Port, last)
	}
	err = fmt.Errorf("listen for the cluster's messages on %s, %s: %w", cfg.Addr, where, err)
	if owners := portowner.Of("tcp", cfg.Port); len(owners) > 0 {
		return hint.Wrap(fmt.Errorf("%w by %s", err, strings.Join(owners, " and ")), "--tcp-port takes another port")
	}
	return hint.Wrap(err, fmt.Sprintf("ss -ltnp 'sport = :%d' tells who has it; --tcp-port takes another port", cfg.Port))
}

// AddrPort is where the Receiver listens.
func (r *Receiver) AddrPort() netip.AddrPort {
	return r.at
}

func addrPort(a net.Addr) netip.AddrPort {
	ap := a.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// Serve takes connections until ctx ends, and returns when all of its
// goroutines have ended.
func (r *Receiver) Serve(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	stop := context.AfterFunc(ctx, r.Close)
	defer stop()
	defer r.Close()
	for pause := time.Duration(0); ; {
		ln, err := r.gate.wait(ctx)
		if err != nil {
			return nil // the end of ctx
		}
		nc, err := ln.AcceptTCP()
		switch {
		case err == nil:
			pause = 0
		case r.gate.moved(ln):
			continue // paused meanwhile
		case r.closed.Load() || errors.Is(err, net.ErrClosed):
			return nil
		default:
			// Out of descriptors, most often: it passes when connections end.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			r.log.Warn(fmt.Sprintf("cannot accept a connection: %v", reason(err)))
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
			continue
		}
		r.n.accepted.Add(1)
		c := newConn(r, r.secured(nc), addrPort(nc.RemoteAddr()))
		if out := r.conns.add(c); out != nil {
			r.n.evicted.Add(1)
			r.warn("more than %d connections: closed the one from %s that was idle for longest", r.cfg.MaxConns, out.peer)
			out.nc.Close()
		}
		wg.Go(func() {
			defer r.cfg.Guard()
			c.serve(ctx)
		})
	}
}

// secured is a connection as it is served: by TLS where there is a key.
func (r *Receiver) secured(nc net.Conn) net.Conn {
	if r.cfg.PSK == nil {
		return nc
	}
	return &securePeer{Conn: nc, psk: *r.cfg.PSK}
}

// Close stops listening and closes every connection.
func (r *Receiver) Close() {
	if r.closed.Swap(true) {
		return
	}
	r.gate.shut()
	r.conns.closeAll()
}

// Stats returns what was counted so far.
func (r *Receiver) Stats() ReceiverStats {
	n := &r.n
	return ReceiverStats{
		Accepted: n.accepted.Load(), Open: uint64(r.conns.len()), Evicted: n.evicted.Load(), Broken: n.broken.Load(),
		Messages: n.messages.Load(), Failed: n.failed.Load(), Probes: n.probes.Load(), Pings: n.pings.Load(),
		Acks: n.acks.Load(), FailAcks: n.failAcks.Load(), Stray: n.stray.Load(),
	}
}

// warn tells of a peer's fault.
func (r *Receiver) warn(format string, args ...any) {
	level := slog.LevelDebug
	if r.tell.allow(time.Now()) {
		level = slog.LevelWarn
	}
	r.log.Log(context.Background(), level, fmt.Sprintf(format, args...))
}

// limiter allows tellMost events in each tellWhile.
type limiter struct {
	mu    sync.Mutex
	start time.Time
	n     int
}

func (l *limiter) allow(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.start) > tellWhile {
		l.start, l.n = now, 0
	}
	l.n++
	return l.n <= tellMost
}

// reason is what the system said, without the operation and addresses that
// package net puts before it.
func reason(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err
	}
	return err
}
