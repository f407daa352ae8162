package cluster

import (
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"muster/mcast"
	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/cluster/membership"
	"muster/tribes/release"
	"muster/tribes/tlspsk"
)

// readBuffer is asked for the heartbeats of ten thousand members; the system
// may grant less.
const readBuffer = 4 << 20

// Config is what a node goes by. Begin with Defaults: the zero Config is not
// valid.
type Config struct {
	// Group is where heartbeats go: address and UDP port.
	Group netip.AddrPort
	// Interface to join on: a name, an index or an address, as Tomcat's bind
	// names one. Without it the route to the group decides.
	Interface string
	TTL       int // of heartbeats; -1 leaves the system's, which is 1
	Frequency time.Duration
	DropTime  time.Duration
	// Limit is how many members the table holds; 0 means its default.
	Limit  int
	Logger *slog.Logger

	// Known are addresses of members outside of this host's networks. Receivers are
	// asked in these networks, at known addresses, and where a member sends from itself;
	// a heartbeat that names a third host makes nobody connect to that.
	Known []netip.Addr

	// What follows is of a node that joins.

	// Listen is how long members are listened for before anything is sent: a group
	// with a Tomcat 5.5 is left alone, and the heartbeats of ours have the form that
	// the members have. 0 begins at once. See ListenTime.
	Listen time.Duration
	// Form, where it is not nil, is that of our heartbeats and messages whatever is
	// heard.
	Form *tribes.Generation
	// Release, where it is known, is that of the members: their Java objects are
	// written as it writes them where none of theirs was seen.
	Release release.Release

	Domain, Payload []byte
	// Advertise is the host in our record where it is not to be the interface's
	// address. The receiver then listens on all addresses.
	Advertise netip.Addr
	// TCPPort is the receiver's, AutoBind how many are tried from there on; port
	// 0 is one that the system chooses.
	TCPPort  uint16
	AutoBind int
	// TLS is that of a channel with pskIdentity and pskKey; nil: there is none.
	TLS *TLS
	// Name, with the address and the port, is what our id is remembered under;
	// empty means the host's name. FreshID makes a new one.
	Name    string
	FreshID bool
	// StateDir is where ids are kept; empty means the user's state folder.
	StateDir string
	// HoldsState: this node answers for the sessions of the cluster, and may be
	// taken for its oldest member. A guest never may.
	HoldsState bool
	// Asked is told of each member that asks whether our receiver is there, by the
	// other end of its connection.
	Asked func(peer netip.AddrPort)
	// Handler makes what takes the messages of the node. nil answers what a
	// starting Tomcat waits for, and drops the rest: see Guest.
	Handler func(*Node) channel.Handler
	// Stages makes the interceptors of the channel, the application's end first,
	// as server.xml lists them. What they tell of the cluster is in Verdicts. nil
	// is Tomcat's default, which changes no message. The TcpFailureDetector is
	// always there, below them.
	Stages func(*Node) ([]channel.Stage, error)
	// Clock is what the messages are stamped by; nil is the system's clock.
	Clock func() time.Time
}

// TLS is how a member of a channel with a pre-shared key is reached.
type TLS struct {
	PSK tlspsk.Config
	// Port is the first one tried for the securePort; AutoBind counts for it too.
	Port uint16
	// Only: the plain port is closed, as with secure="true". The record names it all the
	// same, as Tomcat's does.
	Only bool
}

// DefaultSecurePort is muster's own: Tomcat has none.
const DefaultSecurePort = 4100

// Defaults are Tomcat's (T/membership/McastService.setDefaults,
// T/transport/ReceiverBase).
func Defaults() Config {
	return Config{
		Group:     netip.AddrPortFrom(netip.AddrFrom4([4]byte{228, 0, 0, 4}), 45564),
		TTL:       -1,
		Frequency: membership.DefaultFrequency,
		DropTime:  membership.DefaultDropTime,
		TCPPort:   channel.DefaultPort,
		AutoBind:  channel.DefaultAutoBind,
	}
}

// ListenTime is how long to listen so that each member with the same frequency is
// heard: as a Tomcat does, two heartbeats, and a little for the network.
func ListenTime(frequency time.Duration) time.Duration { return 2*frequency + 100*time.Millisecond }

// check refuses what cannot be.
func (c *Config) check() error {
	switch {
	case !c.Group.Addr().IsMulticast():
		return fmt.Errorf("%s is no multicast address", c.Group.Addr())
	case c.Group.Port() == 0:
		return fmt.Errorf("group %s has no port", c.Group.Addr())
	case c.Frequency <= 0:
		return fmt.Errorf("a frequency of %s: want a time above 0", c.Frequency)
	case c.DropTime <= 0:
		return fmt.Errorf("a drop time of %s: want a time above 0", c.DropTime)
	case c.Advertise.IsValid() && (c.Advertise.IsUnspecified() || c.Advertise.IsMulticast()):
		return fmt.Errorf("%s is no address that others can connect to", c.Advertise)
	}
	return nil
}

// listen joins the group.
func (c *Config) listen(iface mcast.Interface) (*mcast.Conn, error) {
	return mcast.Listen(mcast.Config{
		Interface:  iface,
		Groups:     []mcast.Group{{Addr: c.Group.Addr(), Port: c.Group.Port(), Count: 1}},
		TTL:        c.TTL,
		ReadBuffer: readBuffer,
		Notify:     func(text string) { c.Logger.Warn(text) },
	})
}
