package ping

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"muster/internal/hint"
	"muster/mcast"
	"muster/ping/internal/sock"
)

// LinkConfig says how a SocketLink asks.
type LinkConfig struct {
	Group     mcast.Group // with its port where UDP
	Interface mcast.Interface
	// UDP: ask with muster's own echo; else with ICMP.
	UDP bool
	TTL int // -1: the system's, 1
	// NoLoop keeps probes from this host's own members.
	NoLoop       bool
	DontFragment bool
	ReadBuffer   int // bytes, 0: 16 MiB asked for
	// Notify is told when the interface went away and came back; it may be nil.
	Notify func(string)
}

// SocketLink is the Link of real sockets.
type SocketLink struct {
	cfg     LinkConfig
	sock    *sock.Socket
	raw     bool // packets begin with an IP header
	session uint64
	id      uint16

	mu     sync.Mutex // what follows
	ttl    int
	buf    []byte
	healed time.Time
	keys   []key  // of the packets that the kernel stamps, by its count modulo their number
	count  uint32 // packets sent since stamping began
	stamp  bool

	packets []sock.Packet // the reader's
	calm    lull          // the reader's
}

type key struct {
	seq  uint32
	host netip.Addr
	at   int64
}

// stampable is how many packets may be sent before the kernel tells of the first.
const stampable = 4096

// Open makes the socket of a link. An error for want of a privilege says which,
// and how to do without.
func Open(cfg LinkConfig) (*SocketLink, error) {
	if cfg.ReadBuffer == 0 {
		cfg.ReadBuffer = 16 << 20
	}
	l := &SocketLink{cfg: cfg, session: rand.Uint64(), id: uint16(rand.Uint32()), ttl: cfg.TTL, packets: make([]sock.Packet, 256)}
	var err error
	if l.sock, err = l.open(); err != nil {
		return nil, err
	}
	l.restamp()
	return l, nil
}

func (l *SocketLink) open() (*sock.Socket, error) {
	cfg := sock.Config{
		Group: l.cfg.Group.Addr, Interface: l.cfg.Interface, TTL: l.cfg.TTL, NoLoop: l.cfg.NoLoop,
		DontFragment: l.cfg.DontFragment, ReadBuffer: l.cfg.ReadBuffer, OwnThread: true,
	}
	if l.cfg.UDP {
		s, err := sock.Open(cfg)
		if err != nil {
			return nil, fmt.Errorf("open a UDP socket: %w", err)
		}
		return s, nil
	}
	cfg.Kind = sock.ICMP
	s, err := sock.Open(cfg)
	if err == nil || !sock.Denied(err) {
		return s, err
	}
	cfg.Kind = sock.RawICMP
	if s, err = sock.Open(cfg); err == nil {
		l.raw = !cfg.Group.Is6() && !s.StripsHeader()
		return s, nil
	}
	if !sock.Denied(err) {
		return nil, fmt.Errorf("open an ICMP socket: %w", err)
	}
	return nil, hint.Wrap(fmt.Errorf("open an ICMP socket: %w: it needs the capability CAP_NET_RAW, or a group of yours in net.ipv4.ping_group_range", err),
		"ask without a privilege, with muster's own echo: muster ping --udp "+l.cfg.Group.Addr.String()+" (and muster ping --respond "+l.cfg.Group.Addr.String()+" on the others)",
		"or grant it: sudo setcap cap_net_raw+ep $(command -v muster)",
		`or let every user ping: sudo sysctl -w net.ipv4.ping_group_range="0 2147483647"`)
}

// Port is the UDP port that answers come to; 0 with ICMP.
func (l *SocketLink) Port() uint16 { return l.sock.LocalPort() }

// KernelStamps reports whether the kernel tells when probes leave; else their
// time is that of the call that sends them, some microseconds earlier.
func (l *SocketLink) KernelStamps() bool { return l.stamp }

// restamp begins counting packets anew.
func (l *SocketLink) restamp() {
	l.stamp = l.sock.StampSends()
	l.count = 0
	if l.stamp && l.keys == nil {
		l.keys = make([]key, stampable)
	}
	clear(l.keys)
}

// Send sends one probe.
func (l *SocketLink) Send(p Probe) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	to := netip.AddrPortFrom(l.cfg.Group.Addr, l.cfg.Group.Port)
	if p.Host.IsValid() {
		to = netip.AddrPortFrom(p.Host, l.cfg.Group.Port)
	} else if p.TTL >= 0 && p.TTL != l.ttl {
		if err := l.sock.SetTTL(p.TTL); err != nil {
			return err
		}
		l.ttl = p.TTL
	}
	l.buf = l.encode(l.buf[:0], p)
	err := l.transmit(p, to)
	if err != nil && l.heal(err) {
		err = l.transmit(p, to)
	}
	if err != nil {
		return sendError(err, to, p.Size)
	}
	return nil
}

// transmit sends what is encoded. A packet that could not be sent may or may not
// have a number: the count begins anew.
func (l *SocketLink) transmit(p Probe, to netip.AddrPort) error {
	if l.stamp {
		l.keys[l.count%stampable] = key{p.Seq, p.Host, time.Now().UnixNano()}
		l.count++
	}
	err := l.sock.Send(l.buf, to)
	if err != nil && l.stamp {
		l.restamp()
	}
	return err
}

// heal looks, once a second at most, whether the interface has another index
// than before: it was removed and made again. It reports whether sending may
// work now.
func (l *SocketLink) heal(err error) bool {
	if sock.TooBig(err) || sock.Denied(err) || errors.Is(err, net.ErrClosed) || time.Since(l.healed) < time.Second {
		return false
	}
	l.healed = time.Now()
	i, ferr := mcast.FindInterface(l.cfg.Interface.Name, l.cfg.Group.Addr)
	if ferr != nil {
		l.notify(fmt.Sprintf("interface %s is gone: %v", l.cfg.Interface.Name, ferr))
		return false
	}
	if i.Index == l.cfg.Interface.Index || l.sock.SetInterface(i) != nil {
		return false
	}
	l.cfg.Interface = i
	l.notify(fmt.Sprintf("interface %s was removed and is back, with index %d: the probes go on", i.Name, i.Index))
	return true
}

func (l *SocketLink) notify(s string) {
	if l.cfg.Notify != nil {
		l.cfg.Notify(s)
	}
}

func (l *SocketLink) encode(b []byte, p Probe) []byte {
	if !l.cfg.UDP {
		return appendICMP(b, l.cfg.Group.Addr.Is6(), l.id, l.session, p.Seq, p.Host.IsValid(), p.Size)
	}
	ttl := l.ttl
	if ttl < 0 {
		ttl = 1 // the system's for multicast
	}
	e := Echo{Kind: EchoRequest, Unicast: p.Host.IsValid(), TTL: uint8(ttl), Spread: p.Wait, Session: l.session, Seq: p.Seq}
	if e.Unicast {
		e.TTL = 0 // the system's for unicast, which need not be told
	}
	b = e.AppendTo(b)
	for i := len(b); i < p.Size; i++ {
		b = append(b, byte(i))
	}
	return b
}

// MinSize is the smallest probe: what it must hold.
func (l *SocketLink) MinSize() int {
	if l.cfg.UDP {
		return EchoLen
	}
	return minICMPSize
}

// sendError tells what could not be sent. A host's firewall shows as EPERM.
func sendError(err error, to netip.AddrPort, size int) error {
	switch {
	case errors.Is(err, net.ErrClosed):
		return err
	case sock.TooBig(err):
		return fmt.Errorf("send %d bytes to %s: %w", size, to.Addr(), err)
	case sock.Denied(err):
		return hint.Wrap(fmt.Errorf("send to %s: %w", to.Addr(), err), "a firewall of this host drops what leaves: look at its output rules (nft list ruleset)")
	}
	return fmt.Errorf("send to %s: %w", to.Addr(), err)
}

// SetInterface makes the link go on after its interface went away and came back.
func (l *SocketLink) SetInterface(i mcast.Interface) error { return l.sock.SetInterface(i) }

// Read waits for answers.
func (l *SocketLink) Read(as []Answer) (int, error) {
	l.calm.wait()
	ps := l.packets[:min(len(as), len(l.packets))]
	n, err := l.sock.Read(ps)
	l.calm.read(n, l.sock.Drained())
	for i := range n {
		as[i] = l.decode(ps[i])
	}
	return n, err
}

func (l *SocketLink) decode(p sock.Packet) Answer {
	var a Answer
	switch data := p.Data; {
	case l.cfg.UDP:
		a = parseEchoReply(data, l.session)
	case l.raw:
		a = parseICMP(stripIPv4(data), false, l.session)
	default:
		a = parseICMP(data, l.cfg.Group.Addr.Is6(), l.session)
	}
	a.From, a.At, a.TTL = p.From.Addr(), p.At, p.TTL
	if !l.cfg.UDP {
		a.Hops = -1
	}
	return a
}

// parseEchoReply reads what came to a pinger's UDP socket, as parseICMP does.
func parseEchoReply(data []byte, session uint64) Answer {
	a := Answer{Stray: Invalid, Hops: -1}
	e, err := ParseEcho(data)
	switch {
	case err != nil || e.Kind != EchoReply:
		return a
	case e.Session != session:
		a.Stray = Foreign
		return a
	}
	a.Stray, a.Seq, a.Unicast, a.Order, a.Responder, a.Held = Fine, e.Seq, e.Unicast, e.Order, e.Responder, e.Held
	a.Size, a.Asked = len(data), EchoLen
	if e.TTL > 0 && e.SentTTL >= e.TTL {
		a.Hops = int(e.SentTTL - e.TTL)
	}
	return a
}

// Stamps tells the kernel's times of probes sent.
func (l *SocketLink) Stamps(fn func(seq uint32, host netip.Addr, at int64)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.stamp {
		return
	}
	l.sock.Stamps(func(s sock.Stamp) {
		k := &l.keys[s.Key%stampable]
		// A stamp that does not fit its packet belongs to another one.
		if k.at != 0 && s.Key < l.count && s.At >= k.at && s.At-k.at < int64(time.Second) {
			fn(k.seq, k.host, s.At)
			k.at = 0
		}
	})
}

// Drops is what the kernel threw away.
func (l *SocketLink) Drops() uint64 { return l.sock.Drops() }

// Close closes the socket.
func (l *SocketLink) Close() error { return l.sock.Close() }
