package discover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
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
		lookups(l, r.end, func(from netip.Addr, groups []string) { r.message(from, lookupService(from, groups)) })
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
	if r.result.Sent == 0 {
		return r.result, errors.New("discover: no question could be sent")
	}
	return r.result, nil
}

type run struct {
	own    netip.Addr
	end    time.Time
	wait   sync.WaitGroup
	mu     sync.Mutex // of result.Table
	result *Result
}

// listen joins the groups of those who are not asked.
func (r *run) listen(ctx context.Context, i mcast.Interface) (*mcast.Conn, error) {
	var groups []mcast.Group
	for _, g := range Silent() {
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

// message takes what came by another way.
func (r *run) message(from netip.Addr, m *proto.Message) {
	r.add(&frame.Frame{IP: 4, Src: from, Dst: r.own}, time.Now(), nil, m)
}

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
