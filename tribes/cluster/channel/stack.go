package channel

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"muster/tribes"
)

// Outgoing is a message on its way down the stack.
type Outgoing struct {
	tribes.ChannelData
	To []*Delivery
}

// Delivery is one destination of a message, and what became of it there.
type Delivery struct {
	Addr   netip.AddrPort
	Member *tribes.Member // nil where only the address is known
	Receipt
	Err error
}

// Fail gives up what is not delivered yet.
func (m *Outgoing) Fail(err error) {
	for _, d := range m.To {
		if d.Err == nil {
			d.Err = err
		}
	}
}

// Next hands a message on to the stage below. Errors are told by destination,
// in its Delivery.
type Next func(ctx context.Context, m *Outgoing)

// Stage is an interceptor of the channel (T/ChannelInterceptor): what leaves
// passes it on the way down, what arrives on the way up. It may change, hold,
// drop or multiply a message. Both sides are called by several goroutines.
type Stage interface {
	// Send passes m on to down. It may change m, and must not change what
	// m.Message points to: other stages and resends read it.
	Send(ctx context.Context, m *Outgoing, down Next)
	// Receive passes m on to up. To drop a message is no error: Tomcat acks it
	// then. m and its bytes are valid during the call; what is held is cloned.
	Receive(ctx context.Context, m *Message, up HandlerFunc) error
}

// ticker is a Stage with work that no message brings about: what it holds back
// for lack of another message, what it sends from time to time
// (ChannelInterceptor.heartbeat).
type ticker interface {
	Tick(ctx context.Context, now time.Time, up HandlerFunc, down Next)
}

// forgetter is a Stage that keeps something for each member.
type forgetter interface {
	Forget(m *tribes.Member)
}

// stopper is a Stage that says something when the member leaves.
type stopper interface {
	Stop(ctx context.Context, down Next)
}

// Stack is the interceptors between an application and its connections, the
// application's end first, as server.xml lists them.
type Stack struct {
	stages []Stage
	up     []HandlerFunc // up[i] takes what stage i hands up
	down   []Next        // down[i] takes what stage i hands down
}

// NewStack joins stages. top takes what arrives, bottom what leaves: as a rule
// Sender.Deliver. A Stage belongs to one Stack.
func NewStack(top Handler, bottom Next, stages ...Stage) *Stack {
	s := &Stack{stages: stages, up: make([]HandlerFunc, len(stages)+1), down: make([]Next, len(stages)+1)}
	s.up[0] = swallow(top)
	for i, st := range stages {
		above := s.up[i]
		s.up[i+1] = func(ctx context.Context, m *Message) error { return st.Receive(ctx, m, above) }
	}
	s.down[len(stages)] = bottom
	for i := len(stages) - 1; i >= 0; i-- {
		st, below := stages[i], s.down[i+1]
		s.down[i] = func(ctx context.Context, m *Outgoing) { st.Send(ctx, m, below) }
	}
	return s
}

// swallow takes the pings that were encrypted or compressed on their way; those
// in plain text end in the Receiver.
func swallow(top Handler) HandlerFunc {
	return func(ctx context.Context, m *Message) error {
		if string(m.Message) == tribes.TCPPing || string(m.Message) == tribes.FailureDetectorTest || top == nil {
			return nil
		}
		return top.HandleMessage(ctx, m)
	}
}

// HandleMessage takes a message as it came from a connection: a Stack is the
// Handler of a Receiver.
func (s *Stack) HandleMessage(ctx context.Context, m *Message) error {
	return s.up[len(s.stages)](ctx, m)
}

// Send sends a message through the stages. What became of it is in m.To.
func (s *Stack) Send(ctx context.Context, m *Outgoing) { s.down[0](ctx, m) }

// Tick lets the stages do what is due; once a second is often enough.
func (s *Stack) Tick(ctx context.Context, now time.Time) {
	for i, st := range s.stages {
		if t, ok := st.(ticker); ok {
			t.Tick(ctx, now, s.up[i], s.down[i+1])
		}
	}
}

// Stop lets the stages say what is due before the member leaves.
func (s *Stack) Stop(ctx context.Context) {
	for i, st := range s.stages {
		if t, ok := st.(stopper); ok {
			t.Stop(ctx, s.down[i+1])
		}
	}
}

// Forget tells the stages that a member is gone.
func (s *Stack) Forget(m *tribes.Member) {
	for _, st := range s.stages {
		if f, ok := st.(forgetter); ok {
			f.Forget(m)
		}
	}
}

// Deliver sends m to all its destinations that did not fail, side by side, and
// returns when each has it or has failed. Asynchronous messages are queued: they
// are delivered in their order, behind the caller's back. It is the bottom of a
// Stack.
func (s *Sender) Deliver(ctx context.Context, m *Outgoing) { s.deliver(ctx, m, isAsync(m.Options)) }

// DeliverNow is Deliver, and queues nothing.
func (s *Sender) DeliverNow(ctx context.Context, m *Outgoing) { s.deliver(ctx, m, false) }

func (s *Sender) deliver(ctx context.Context, m *Outgoing, queued bool) {
	f, err := newFrame(&m.ChannelData)
	if err != nil {
		m.Fail(err)
		return
	}
	defer f.free()
	wantAck := m.Options&tribes.UseAck != 0
	if len(m.To) == 1 && !queued && m.To[0].Err == nil {
		m.To[0].add(s.send(ctx, m.To[0].Addr, f, wantAck))
		return
	}
	var wg sync.WaitGroup
	for i, d := range m.To {
		switch {
		case d.Err != nil:
		case queued:
			r := Receipt{Exchange: Exchange{Addr: d.Addr, Outcome: Queued}}
			d.add(r, s.enqueue(ctx, d.Addr, f, wantAck))
		case i == len(m.To)-1:
			d.add(s.send(ctx, d.Addr, f, wantAck))
		default:
			wg.Go(func() {
				defer s.guard()
				d.add(s.send(ctx, d.Addr, f, wantAck))
			})
		}
	}
	wg.Wait()
}

// add takes the receipt of one frame of the message, of which a stage may make
// several.
func (d *Delivery) add(r Receipt, err error) {
	r.Attempts += d.Attempts
	r.Took += d.Took
	d.Receipt, d.Err = r, err
}

// Clone is m with bytes of its own, to keep it after the call of a Handler.
func (m *Message) Clone() *Message {
	c := *m
	c.ID, c.Message = append([]byte(nil), m.ID...), append([]byte(nil), m.Message...)
	c.Address = m.Address.Clone()
	return &c
}
