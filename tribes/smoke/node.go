package smoke

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"muster/mcast"
	"muster/tribes"
	"muster/tribes/channel"
	"muster/tribes/cluster"
	"muster/tribes/membership"
	"muster/tribes/session"
)

// nodeConfig is the first line that a node reads.
type nodeConfig struct {
	Name      string `json:"name"`
	Interface string `json:"interface"`
	Group     string `json:"group"`
	// TCPPort is 0 for one that the system chooses; a node that returns takes
	// the one that it had.
	TCPPort     uint16 `json:"tcp_port"`
	FrequencyMS int64  `json:"frequency_ms"`
	DropTimeMS  int64  `json:"drop_time_ms"`
	StateDir    string `json:"state_dir"`
	// Options of the messages about sessions: channelSendOptions.
	Options tribes.Options `json:"options"`
	// Domain of the node; members of others do not count.
	Domain string `json:"domain,omitempty"`
	// DropDeltas breaks the node on purpose: it takes no change of a session. It
	// proves that a run notices.
	DropDeltas bool `json:"drop_deltas,omitempty"`
}

// node is a member that obeys the driver.
type node struct {
	*cluster.Node
	replica *cluster.Replica
	mu      sync.Mutex
	out     *json.Encoder
}

const (
	// sessionContext is the name of the context, as a cluster in an Engine has it.
	sessionContext = "localhost#/smoke"
	// stateBlock is sendAllSessionsSize.
	stateBlock = 1000
)

// Node is the process of one node: it reads its configuration and then requests
// from in and reports on out, until it is told to leave, in ends, or ctx does.
// It leaves with a goodbye in every case.
func Node(ctx context.Context, in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), 64<<20)
	if !lines.Scan() {
		return errors.Join(errors.New("smoke node: no configuration on standard input"), lines.Err())
	}
	var cfg nodeConfig
	if err := json.Unmarshal(lines.Bytes(), &cfg); err != nil {
		return fmt.Errorf("smoke node: configuration: %w", err)
	}
	n := &node{
		out: json.NewEncoder(out),
		replica: &cluster.Replica{
			Store: session.NewStore(session.StoreConfig{Context: sessionContext}), Options: cfg.Options, Block: stateBlock,
		},
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	joined := make(chan struct{}) // the handler needs the node
	var err error
	if n.Node, err = join(ctx, cfg, n, joined); err != nil {
		return err
	}
	close(joined)
	local := n.Local()
	if err := n.report(line{Event: eventReady, Name: cfg.Name, Address: n.Receiver().String(), UniqueID: local.ID.String()}); err != nil {
		return errors.Join(err, n.Leave())
	}
	var wg sync.WaitGroup
	wg.Go(func() { n.reportEvents(ctx) })
	wg.Go(func() { n.replica.Run(ctx) })
	leaving := n.obey(ctx, lines)
	err = n.Leave()
	cancel()
	wg.Wait()
	if leaving != nil {
		answer := line{Seq: leaving.Seq}
		if err != nil {
			answer.Error = err.Error()
		}
		return n.report(answer)
	}
	return err
}

func join(ctx context.Context, cfg nodeConfig, n *node, joined <-chan struct{}) (*cluster.Node, error) {
	g, err := mcast.ParseGroup(cfg.Group)
	if err != nil {
		return nil, err
	}
	c := cluster.Defaults()
	c.Group = g.AddrPort()
	c.Interface = cfg.Interface
	c.TTL = 0 // nothing leaves the host
	c.Frequency = time.Duration(cfg.FrequencyMS) * time.Millisecond
	c.DropTime = time.Duration(cfg.DropTimeMS) * time.Millisecond
	c.TCPPort, c.AutoBind = cfg.TCPPort, 1
	c.Name, c.StateDir = cfg.Name, cfg.StateDir
	c.Domain = []byte(cfg.Domain)
	c.HoldsState = true
	c.Handler = func(cn *cluster.Node) channel.Handler {
		replica := n.replica.Attach(cn)
		return channel.HandlerFunc(func(ctx context.Context, m *channel.Message) error {
			<-joined
			switch {
			case m.Options&tribes.ByteMessage != 0:
				return n.report(line{Event: eventMessage, Text: string(m.Message)})
			case cfg.DropDeltas && isDelta(m):
				return nil
			}
			return replica.HandleMessage(ctx, m)
		})
	}
	return cluster.Join(ctx, c)
}

func isDelta(m *channel.Message) bool {
	sm, err := session.ParseMessage(m.Message)
	return err == nil && sm.Event == session.SessionDelta
}

// obey carries out requests until one asks to leave, which it returns.
func (n *node) obey(ctx context.Context, lines *bufio.Scanner) *request {
	requests := make(chan request)
	go func() {
		defer close(requests)
		for lines.Scan() {
			var r request
			if json.Unmarshal(lines.Bytes(), &r) != nil {
				return // a driver that talks nonsense is gone
			}
			select {
			case requests <- r:
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case r, ok := <-requests:
			if !ok {
				return nil
			}
			if r.Do == doLeave {
				return &r
			}
			answer := n.do(ctx, r)
			answer.Seq = r.Seq
			if n.report(answer) != nil {
				return nil
			}
		}
	}
}

// reportEvents passes on what the membership tells.
func (n *node) reportEvents(ctx context.Context) {
	for {
		e, err := n.Next(ctx)
		if err != nil {
			return
		}
		l := line{Event: e.Kind.String(), Reason: e.Reason, SilentMS: e.Silent.Milliseconds(), UniqueID: e.Member.ID.String()}
		if ap, ok := e.Member.AddrPort(); ok {
			l.Address = ap.String()
		}
		if e.Kind == membership.Suspect && e.Err != nil {
			l.Text = e.Err.Error()
		}
		if n.report(l) != nil {
			return
		}
	}
}

func (n *node) report(l line) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.out.Encode(l)
}
