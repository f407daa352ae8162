package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"muster/internal/hint"
	"muster/mcast"
	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/cluster/membership"
	"muster/tribes/cluster/stage"
	"muster/tribes/interceptor"
)

// Node is a member, or an observer of one's cluster.
type Node struct {
	// Interface is where the group is joined; its Reason says why.
	Interface mcast.Interface
	// Group is the group and port of the heartbeats.
	Group netip.AddrPort
	// Notes are what a person should know about how this node came up.
	Notes []string

	cfg      Config
	reach    *reach
	service  *membership.Service
	receiver *channel.Receiver // nil of an observer
	second   *channel.Receiver // for TLS, where receiver is the plain one; else nil
	id       identity
	record   tribes.Member // ours, as far as it does not change
	sender   channel.Sender
	stack    *channel.Stack // between sender, receiver and handler
	stages   []channel.Stage
	dedup    stage.Dedup
	calls    calls
	seen     seen
	guest    *Guest // nil where cfg.Handler is another
	casts    chan broadcast

	joined time.Time // when the first heartbeat went out; zero of an observer

	ctx  context.Context // of what runs behind a message; ends when we leave
	work sync.WaitGroup
	stop context.CancelFunc
	done chan struct{}
	err  error // of the end, read after done

	left    sync.Once
	leftFor error // why this node ended itself, read after done
}

// broadcast is a datagram with frames, on its way to the handler.
type broadcast struct {
	payload []byte
	source  netip.AddrPort
}

// Join makes this process a member: the receiver listens, the group is joined,
// heartbeats go out. It returns when that is so; the node then runs until ctx
// ends or Leave is called.
func Join(ctx context.Context, cfg Config) (*Node, error) {
	n, err := newNode(cfg)
	if err != nil {
		return nil, err
	}
	at, err := chooseAddress(&n.cfg, n.Interface, upAddrs)
	if err != nil {
		return nil, err
	}
	n.Notes = append(n.Notes, at.notes...)
	if err := n.listen(at); err != nil {
		return nil, err
	}
	conn, err := n.cfg.listen(n.Interface)
	if err != nil {
		n.closeReceivers()
		n.id.release()
		return nil, err
	}
	n.Notes = append(n.Notes, conn.Lacks()...)
	n.run(ctx, conn)
	select {
	case <-n.service.Begun():
		n.joined = time.Now()
	case <-ctx.Done():
	}
	if refused := n.service.Refused(); refused != nil {
		return nil, hint.Wrap(n.Leave(),
			"'muster tribes members' and 'muster sniff' only listen; 'muster smoke --tomcat' tries the Tomcats by HTTP")
	}
	if form := n.Local().Generation; form != tribes.V1 && n.cfg.Form == nil {
		n.Notes = append(n.Notes, fmt.Sprintf("the members here are %s: this one speaks as they do", form.Tomcat()))
	}
	return n, nil
}

// Observe follows the members without being one: it joins the group, and sends
// nothing but the membership report by which the kernel does that.
func Observe(ctx context.Context, cfg Config) (*Node, error) {
	n, err := newNode(cfg)
	if err != nil {
		return nil, err
	}
	conn, err := n.cfg.listen(n.Interface)
	if err != nil {
		return nil, err
	}
	n.Notes = append(n.Notes, conn.Lacks()...)
	n.run(ctx, conn)
	return n, nil
}

func newNode(cfg Config) (*Node, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	iface, err := mcast.FindInterface(cfg.Interface, cfg.Group.Addr())
	if err != nil {
		return nil, err
	}
	n := &Node{Interface: iface, Group: cfg.Group, cfg: cfg, reach: newReach(cfg.Known), done: make(chan struct{})}
	n.sender.Logger, n.sender.Guard, n.sender.Dropped = cfg.Logger, n.guard, n.dropped
	return n, nil
}

// listen opens the receiver and makes our record, which names its port.
func (n *Node) listen(at address) error {
	var handler channel.Handler
	if n.cfg.Handler != nil {
		handler = n.cfg.Handler(n)
	} else {
		n.guest = NewGuest(n)
		handler = n.guest
	}
	var err error
	if n.cfg.Stages != nil {
		if n.stages, err = n.cfg.Stages(n); err != nil {
			return err
		}
	}
	if !slices.ContainsFunc(n.stages, encrypts) {
		n.stages = append([]channel.Stage{stage.NewReadable(n.cfg.Logger)}, n.stages...)
	}
	n.calls.rest = handler
	elections := &elections{node: n}
	top := channel.HandlerFunc(func(ctx context.Context, m *channel.Message) error {
		n.seen.message(m)
		if interceptor.IsCoordination(m.Message) {
			return elections.HandleMessage(ctx, m)
		}
		return n.calls.HandleMessage(ctx, m)
	})
	n.stack = channel.NewStack(top, n.deliver, append([]channel.Stage{&n.dedup}, n.stages...)...)
	port, securePort, err := n.open(channel.ReceiverConfig{
		Addr: at.listen, Port: n.cfg.TCPPort, AutoBind: n.cfg.AutoBind,
		Handler: n.stack, Own: func(m *tribes.Member) bool { return n.record.Same(m) },
		Asked: n.asked, Guard: n.guard, Logger: n.cfg.Logger,
	})
	if err != nil {
		return err
	}
	if first := n.cfg.TCPPort; port != first && first != 0 {
		n.Notes = append(n.Notes, fmt.Sprintf("TCP port %d is in use: listening on %d", first, port))
	}
	n.id = loadIdentity(n.cfg.StateDir, n.cfg.Name, netip.AddrPortFrom(at.host, port), n.cfg.FreshID)
	if n.id.note != "" {
		n.Notes = append(n.Notes, n.id.note)
	}
	n.record = tribes.Member{
		Host: at.host.WithZone("").AsSlice(), Port: int32(port), SecurePort: securePort, UDPPort: -1,
		ID: n.id.id, Domain: n.cfg.Domain, Payload: n.cfg.Payload,
	}
	if n.cfg.Form != nil {
		n.record.Generation = *n.cfg.Form
	}
	if _, err := n.record.AppendTo(nil); err != nil {
		n.closeReceivers()
		n.id.release()
		return err
	}
	return nil
}

// encrypts: such a stage tells itself what it cannot read.
func encrypts(s channel.Stage) bool {
	_, ok := s.(*stage.Encrypt)
	return ok
}

// run starts what a node consists of. In the end the goodbye comes first, then
// the receiver closes: whoever asks it meanwhile still gets an answer.
func (n *Node) run(ctx context.Context, conn membership.Conn) {
	stop := func() {} // before it is known, nothing is heard
	cfg := membership.ServiceConfig{
		Refused: func() { stop() },
		Config:  membership.Config{Frequency: n.cfg.Frequency, DropTime: n.cfg.DropTime, Limit: n.cfg.Limit, Refuse: n.reach.refuse, Own: n.reach.isOwn},
		Group:   n.Group, Guard: n.guard, Logger: n.cfg.Logger,
	}
	if n.receiver != nil {
		n.casts = make(chan broadcast, 64)
		cfg.Local, cfg.Check, cfg.Broadcast = &n.record, n.check, n.broadcast
		cfg.HoldsState = n.cfg.HoldsState
		cfg.Listen, cfg.KeepForm = n.cfg.Listen, n.cfg.Form != nil
	}
	n.service = membership.New(conn, cfg)
	ctx, n.stop = context.WithCancel(ctx)
	n.ctx = ctx
	stop = n.stop
	receiving, stopReceiving := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	var served error
	if n.receiver != nil {
		wg.Go(func() {
			defer n.guard()
			served = n.receiver.Serve(receiving)
		})
		if n.second != nil {
			wg.Go(func() {
				defer n.guard()
				_ = n.second.Serve(receiving) // it ends as the other one does
			})
		}
		wg.Go(func() {
			defer n.guard()
			n.deliverBroadcasts(receiving)
		})
		wg.Go(func() {
			defer n.guard()
			n.tick(ctx)
		})
	}
	go func() {
		defer close(n.done)
		err := n.service.Run(ctx)
		stopReceiving()
		wg.Wait()
		n.work.Wait()
		flush, cancel := context.WithTimeout(context.Background(), flushTime)
		_ = n.sender.Flush(flush) // what did not leave in time is lost
		cancel()
		n.sender.Close()
		if n.service.SaidGoodbye() {
			if e := n.id.renew(); e != nil {
				n.cfg.Logger.Debug("a new id for the next start was not kept", "err", e)
			}
		}
		n.id.release()
		if refused := n.service.Refused(); refused != nil {
			err = errors.Join(refused, err)
		}
		n.err = errors.Join(n.leftFor, err, served)
	}()
}

// background runs f beside the connection that asked for it.
func (n *Node) background(f func(context.Context)) {
	n.work.Go(func() {
		defer n.guard()
		f(n.ctx)
	})
}

// guard is deferred in every goroutine of the node: a panic says goodbye before
// it ends the process.
func (n *Node) guard() {
	if v := recover(); v != nil {
		if n.service != nil {
			n.service.Goodbye()
		}
		panic(v)
	}
}

// check asks a member as TcpFailureDetector does.
func (n *Node) check(ctx context.Context, addr netip.AddrPort) error {
	x := n.probe(ctx, addr)
	if x.OK() {
		n.cfg.Logger.Debug(fmt.Sprintf("asked %s whether it is there: yes", addr), "took", x.Connect)
	} else {
		n.cfg.Logger.Debug(fmt.Sprintf("asked %s whether it is there: no", addr), "err", x.Fail())
	}
	return x.Fail()
}

// broadcast keeps a copy for the handler; it must not hold up the heartbeats.
func (n *Node) broadcast(p []byte, source netip.AddrPort) {
	select {
	case n.casts <- broadcast{append([]byte(nil), p...), source}:
	default:
		n.cfg.Logger.Debug("dropped a broadcast: too many wait", "source", source)
	}
}

func (n *Node) deliverBroadcasts(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case b := <-n.casts:
			n.receiver.Datagram(ctx, b.payload, b.source)
		}
	}
}

// Next returns the next event of the membership; it waits for one until ctx or
// the node ends.
func (n *Node) Next(ctx context.Context) (membership.Event, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(n.ctx, cancel)()
	e, err := n.service.Next(ctx)
	if err == nil && e.Kind == membership.Disappeared {
		if n.stack != nil {
			n.stack.Forget(&e.Member)
		}
		if ap, ok := e.Member.AddrPort(); ok {
			n.sender.Forget(dialable(ap, n.Interface))
		}
	}
	return e, err
}

// Members returns all that are heard, those not confirmed included.
func (n *Node) Members() []membership.Info { return n.service.Members() }

// Local is our own record as it was last sent; the zero Member of an observer.
func (n *Node) Local() tribes.Member { return n.service.Local() }

// Receiver is where our messages arrive; the zero AddrPort of an observer.
func (n *Node) Receiver() netip.AddrPort {
	if n.receiver == nil {
		return netip.AddrPort{}
	}
	return n.receiver.AddrPort()
}

// Stats are what a node counted.
type Stats struct {
	Membership membership.Stats
	Channel    channel.ReceiverStats
	Answers    uint64 // of a Guest, to what starting Tomcats ask
	Repeated   uint64 // messages that came again, and were not handed on again
	Queue      channel.QueueStats
}

// Stats returns what was counted so far.
func (n *Node) Stats() Stats {
	st := Stats{Membership: n.service.Stats()}
	if n.receiver != nil {
		st.Channel = n.receiver.Stats()
		st.Repeated = n.dedup.Repeated()
		st.Queue = n.sender.Queue()
	}
	if n.guest != nil {
		st.Answers = n.guest.Answers()
	}
	return st
}

// flushTime is how long a node that leaves goes on sending what is queued.
const flushTime = time.Second

// leaveTime is how long Leave waits for what is under way.
const leaveTime = 5 * time.Second

// Leave says goodbye, leaves the group, closes the receiver and returns when
// all of the node has ended. It may be called more than once.
func (n *Node) Leave() error {
	n.stop()
	select {
	case <-n.done:
		return n.err
	case <-time.After(leaveTime):
		return fmt.Errorf("a handler of messages did not end within %s of leaving", leaveTime)
	}
}
