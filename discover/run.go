package discover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"muster/mcast"
	"muster/sniff/analysis/products"
	"muster/sniff/capture"
	"muster/sniff/frame"
	"muster/sniff/proto"
)

// Options say where and how long to ask.
type Options struct {
	// Interface to ask on; it needs an IPv4 address.
	Interface mcast.Interface
	// Wait is how long answers may take.
	Wait time.Duration
	// Sent is told of each question that went out, or why not; it may be nil.
	Sent func(q Question, err error)
}

// Result is who answered or was heard.
type Result struct {
	Table *products.Table
	// Sent is how many questions went out.
	Sent int
}

// Run asks each question once, listens for o.Wait or until ctx is done, and returns
// who is there.
func Run(ctx context.Context, o Options) (*Result, error) {
	own, ok := o.Interface.SourceFor(netip.AddrFrom4([4]byte{224, 0, 0, 251}))
	if !ok {
		return nil, fmt.Errorf("discover on %s: it has no IPv4 address to ask from", o.Interface)
	}
	r := &run{own: own, result: &Result{Table: products.New()}, end: time.Now().Add(o.Wait)}
	ctx, cancel := context.WithDeadline(ctx, r.end)
	defer cancel()
	listener, err := r.listen(ctx, o.Interface)
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	// Port 0 of TCP: the system chooses one that nobody has.
	l, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(netip.AddrPortFrom(own, 0)))
	if err != nil {
		return nil, fmt.Errorf("discover: open a port for lookup services: %w", err)
	}
	context.AfterFunc(ctx, func() { l.Close() })
	r.wait.Add(1)
	go func() {
		defer r.wait.Done()
		lookups(l, r.end, r.answer)
	}()
	for _, q := range Questions() {
		err := r.ask(ctx, o.Interface, q, uint16(l.Addr().(*net.TCPAddr).Port))
		if err == nil {
			r.result.Sent++
		}
		if o.Sent != nil {
			o.Sent(q, err)
		}
	}
	r.wait.Wait()
	r.unannounced()
	if r.result.Sent == 0 {
		return r.result, errors.New("discover: no question could be sent")
	}
	return r.result, nil
}

type run struct {
	own    netip.Addr
	end    time.Time
	wait   sync.WaitGroup
	mu     sync.Mutex // of the rest
	result *Result
	// answers are those of lookup services by unicast.
	answers []unicastAnswer
}

// listen joins the groups of those who are not asked.
func (r *run) listen(ctx context.Context, i mcast.Interface) (*mcast.Conn, error) {
	var groups []mcast.Group
	for _, g := range append(Silent(), overheard()...) {
		groups = append(groups, mcast.Group{Addr: g.Addr(), Port: g.Port(), Count: 1})
	}
	c, err := mcast.Listen(mcast.Config{Interface: i, Groups: groups, TTL: -1})
	if err != nil {
		return nil, err
	}
	r.read(ctx, c)
	return c, nil
}

// ask sends one question from a port of its own and reads the answers to that port.
func (r *run) ask(ctx context.Context, i mcast.Interface, q Question, port uint16) error {
	c, err := mcast.Listen(mcast.Config{
		Interface: i, Groups: []mcast.Group{{Addr: q.To.Addr(), Port: q.To.Port(), Count: 1}}, TTL: q.TTL, SendOnly: true, NoLoop: true,
	})
	if err != nil {
		return err
	}
	r.read(ctx, c)
	return c.Send(q.payload(port), q.To)
}

// read takes what arrives until ctx is done, and closes c then.
func (r *run) read(ctx context.Context, c *mcast.Conn) {
	r.wait.Add(1)
	go func() {
		defer r.wait.Done()
		defer c.Close()
		defer context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) })()
		ds := make([]mcast.Datagram, 16)
		for ctx.Err() == nil {
			n, err := c.ReadBatch(ds)
			if err != nil {
				return
			}
			for i := range ds[:n] {
				r.datagram(&ds[i])
			}
		}
	}()
}

func (r *run) datagram(d *mcast.Datagram) {
	f := &frame.Frame{
		IP: 4, Proto: frame.ProtoUDP, HasPorts: true, Src: d.Source.Addr().Unmap(), SrcPort: d.Source.Port(), Dst: d.Destination.Unmap(), DstPort: d.Port,
		Payload: d.Payload, PayloadLen: len(d.Payload), Cut: d.Truncated,
	}
	if !f.Dst.IsValid() {
		f.Dst = r.own
	}
	if d.TTL > 0 {
		f.TTL = uint8(d.TTL)
	}
	if m, ok := diagnostics(f); ok {
		r.add(f, d.Time, nil, m)
		return
	}
	if dec := proto.Find(f); dec != nil {
		r.add(f, d.Time, dec, nil)
	}
}

// unicastAnswer is what a lookup service said by unicast.
type unicastAnswer struct {
	from   netip.Addr
	groups []string
}

// answer keeps the answer of a lookup service: it may announce itself too, with its id.
func (r *run) answer(from netip.Addr, groups []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers = append(r.answers, unicastAnswer{from, groups})
}

// unannounced lists the lookup services that answered and did not announce themselves
// meanwhile; the others are there already.
func (r *run) unannounced() {
	for _, a := range r.answers {
		m := lookupService(a.from, a.groups)
		if !r.announced(a.from, m.Peer.Notes) {
			r.add(&frame.Frame{IP: 4, Src: a.from, Dst: r.own}, time.Now(), nil, m)
		}
	}
}

// announced reports whether a lookup service of these groups announced itself from there.
func (r *run) announced(from netip.Addr, groups []string) bool {
	for _, c := range r.result.Table.Clusters() {
		for _, m := range c.Members {
			if m.Product == "Jini" && m.Role == "lookup service" && slices.Contains(m.Sources, from) && slices.Equal(sorted(m.Notes), sorted(groups)) {
				return true
			}
		}
	}
	return false
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// add puts a message into the table. Messages that cannot be read tell nothing.
func (r *run) add(f *frame.Frame, at time.Time, d *proto.Decoder, m *proto.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &capture.Packet{Nanos: at.UnixNano(), Length: len(f.Payload)}
	if d == nil {
		d = &proto.Decoder{Name: "answer"}
	}
	_ = r.result.Table.Packet(p, f, d, m)
}
