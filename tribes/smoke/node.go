package smoke

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"muster/mcast"
	"muster/tribes"
	"muster/tribes/cluster"
	"muster/tribes/cluster/channel"
	"muster/tribes/cluster/membership"
	"muster/tribes/cluster/stage"
	"muster/tribes/tlspsk"
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
	// Domain of the node, in its heartbeats and messages.
	Domain []byte `json:"domain,omitempty"`
	// Manager is delta or backup.
	Manager Manager `json:"manager"`
	// EncryptionKey, as hex, and its algorithm: with it the messages are encrypted.
	EncryptionKey       string `json:"encryption_key,omitempty"`
	EncryptionAlgorithm string `json:"encryption_algorithm,omitempty"`
	EncryptionBare      bool   `json:"encryption_bare,omitempty"`
	// TLS has the node take and send messages by TLS alone.
	TLS *tlspsk.Config `json:"tls,omitempty"`
	// StateTimeoutMS is how long the state is waited for; 0 means as long as a
	// DeltaManager does.
	StateTimeoutMS int64 `json:"state_timeout_ms,omitempty"`
	// DropDeltas breaks the node on purpose: it takes no change of a session. It
	// proves that a run notices.
	DropDeltas bool `json:"drop_deltas,omitempty"`
}

// node is a member that obeys the driver.
type node struct {
	*cluster.Node
	manager manager
	mu      sync.Mutex
	out     *json.Encoder
}

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
	n := &node{out: json.NewEncoder(out), manager: newManager(&cfg)}
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
	wg.Go(func() { n.manager.Run(ctx) })
	leaving := n.obey(ctx, lines)
	err = errors.Join(n.stop(ctx), n.Leave())
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
	c.Domain = cfg.Domain
	c.HoldsState = true
	c.Stages = cfg.stages
	if cfg.TLS != nil {
		c.TLS = &cluster.TLS{PSK: *cfg.TLS, Port: cfg.TCPPort, Only: true}
	}
	c.Handler = func(cn *cluster.Node) channel.Handler {
		replica := n.manager.Attach(cn)
		return channel.HandlerFunc(func(ctx context.Context, m *channel.Message) error {
			<-joined
			switch {
			case m.Options&tribes.ByteMessage != 0:
				return n.report(line{Event: eventMessage, Text: string(m.Message)})
			case cfg.DropDeltas && n.manager.isChange(m.Message):
				return nil
			}
			return replica.HandleMessage(ctx, m)
		})
	}
	return cluster.Join(ctx, c)
}

// stages are the interceptors that the configuration asks for.
func (cfg *nodeConfig) stages(*cluster.Node) ([]channel.Stage, error) {
	if cfg.EncryptionKey == "" {
		return nil, nil
	}
	key, err := hex.DecodeString(cfg.EncryptionKey)
	if err != nil {
		return nil, fmt.Errorf("the key: %w", err)
	}
	form := stage.Timestamped
	if cfg.EncryptionBare {
		form = stage.Bare
	}
	e, err := stage.NewEncrypt(stage.EncryptConfig{Algorithm: cfg.EncryptionAlgorithm, Key: key, Form: form})
	if err != nil {
		return nil, err
	}
	return []channel.Stage{e}, nil
}

// stopTime is how long the goodbye of a manager may take.
const stopTime = 3 * time.Second

// stop lets the manager say goodbye, also when the process was asked to end.
func (n *node) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	return n.manager.Stop(ctx)
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
		n.manager.Event(e)
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
