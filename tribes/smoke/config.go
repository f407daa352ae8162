package smoke

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"muster/internal/hint"
	"muster/mcast"
	"muster/tribes"
	"muster/tribes/cluster/membership"
	"muster/tribes/tlspsk"
)

// Config is what a run goes by. Zero values mean the defaults.
type Config struct {
	// Command starts a process that calls Node on its standard streams.
	Command []string
	// Interface carries the heartbeats; the nodes advertise its address.
	Interface mcast.Interface
	// Group and its port; without an address one that nobody uses is chosen.
	Group mcast.Group
	Nodes int // 2
	// Frequency and DropTime are the nodes' (500 ms, 3 s).
	Frequency time.Duration
	DropTime  time.Duration
	// Options are those of the messages about sessions, taken as they are. Tomcat's
	// default is Asynchronous.
	Options tribes.Options
	Domain  []byte
	// Manager is how the sessions are replicated; Delta.
	Manager Manager
	// TLS, where it is set, has the nodes replicate by TLS alone.
	TLS *tlspsk.Config
	// EncryptionKey, where there is one, and EncryptionAlgorithm (empty means
	// Tomcat's) encrypt every message between the nodes, as EncryptInterceptor does.
	EncryptionKey       []byte
	EncryptionAlgorithm string
	EncryptionBare      bool // without the time stamp, as older Tomcats do
	// Sessions and Size are how many sessions each of S0, S1 and S2 stands for,
	// and how many bytes each holds (1, 1024).
	Sessions int
	Size     int
	// DropDeltas breaks B on purpose: it takes no change of a session.
	DropDeltas bool
	// StateDir is a folder for the nodes' identities; the caller removes it.
	StateDir string
	// OnStart is told what is about to be tried, OnStep of each step as soon as
	// it is done.
	OnStart func(Plan)
	OnStep  func(Step)
}

// The bounds of a run on one host. Each node is a process that holds S0 and S1.
const (
	MaxNodes    = 20
	MaxSessions = 100_000
	MaxBytes    = 256 << 20
)

// Plan is what a run will do, with every choice made.
type Plan struct {
	Nodes     int
	Manager   Manager
	Interface mcast.Interface
	Group     mcast.Group
	Planned   int      // steps
	Names     []string // of the steps
}

// Step is one step of the scenario and what came of it.
type Step struct {
	Number int
	Name   string
	Took   time.Duration
	// Detail is what was verified, in the words of the nodes' reports.
	Detail map[string]any
	Err    error // nil: the step did what it should
	// Marks are what happened to which node, in the order of time.
	Marks []Mark
	// Skipped is why it was not tried: it did nothing then, and proves nothing.
	Skipped string
}

// Report is the outcome of a run.
type Report struct {
	Plan
	Steps []Step
	Took  time.Duration
	// Failed is the first step that failed; the rest was not tried.
	Failed *Step
}

func (c *Config) complete() error {
	if len(c.Command) == 0 {
		return errors.New("smoke: no command to start a node with")
	}
	if c.Nodes == 0 {
		c.Nodes = 2
	}
	if c.Nodes < 2 || c.Nodes > MaxNodes {
		return fmt.Errorf("a cluster of %d nodes: want 2 to %d", c.Nodes, MaxNodes)
	}
	if c.Manager == "" {
		c.Manager = Delta
	}
	if c.Manager != Delta && c.Manager != Backup {
		return fmt.Errorf("a manager %q: want %s or %s", c.Manager, Delta, Backup)
	}
	if c.Frequency == 0 {
		c.Frequency = membership.DefaultFrequency
	}
	if c.DropTime == 0 {
		c.DropTime = membership.DefaultDropTime
	}
	if c.Sessions == 0 {
		c.Sessions = 1
	}
	if c.Size == 0 {
		c.Size = 1024
	}
	if c.Sessions < 0 || c.Size < 0 || c.Sessions*c.Size > MaxBytes || c.Sessions > MaxSessions {
		return fmt.Errorf("%d sessions of %d bytes: at most %d sessions and %d bytes in all", c.Sessions, c.Size, MaxSessions, MaxBytes)
	}
	if !c.Group.Addr.IsValid() {
		c.Group = ownGroup()
	}
	if c.OnStart == nil {
		c.OnStart = func(Plan) {}
	}
	if c.OnStep == nil {
		c.OnStep = func(Step) {}
	}
	return nil
}

// ownGroup chooses a group of the IPv4 Local Scope (RFC 2365, section 6.1) and a
// port below the ephemeral ones at random, so that a run meets no cluster that
// is at work and no other run.
func ownGroup() mcast.Group {
	addr := netip.AddrFrom4([4]byte{239, 255, byte(rand.IntN(256)), byte(1 + rand.IntN(254))})
	g := mcast.Group{Addr: addr, Count: 1}
	for range 20 { // of ten thousand ports not all are taken
		g.Port = uint16(20000 + rand.IntN(10000))
		c, err := net.ListenUDP("udp", &net.UDPAddr{Port: int(g.Port)})
		if err == nil {
			c.Close()
			break
		}
	}
	return g
}

// NodeName names nodes A, B, C, ...
func NodeName(i int) string { return string(rune('A' + i)) }

// dueTime is the time after which a silent member must have been given up: the
// drop time, the TCP check that follows it, and what a loaded machine takes.
func (c *Config) dueTime() time.Duration { return c.DropTime + 2*c.Frequency + checkTime + slack }

const (
	checkTime = time.Second // TcpFailureDetector's connect timeout
	// slack is what the steps allow beyond what the protocol takes. It decides
	// only how long a failure takes to be told.
	slack = 10 * time.Second
)

// ChooseInterface finds the interface for a run: the one that spec names, else
// the loopback, which every host has and which nothing leaves.
func ChooseInterface(spec string, group mcast.Group) (mcast.Interface, error) {
	if spec != "" {
		return mcast.FindInterface(spec, group.Addr)
	}
	loopback := "127.0.0.1"
	if group.Addr.Is6() {
		loopback = "::1"
	}
	i, err := mcast.FindInterface(loopback, group.Addr)
	if err != nil {
		return i, hint.Wrap(fmt.Errorf("the loopback interface, on which the nodes meet, is not up: %w", err),
			"ip link set lo up", "--interface takes another one")
	}
	i.Reason = "all nodes are on this host, and every host has it"
	return i, err
}
