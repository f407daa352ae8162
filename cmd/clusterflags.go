package cmd

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"muster/cmd/internal/term"
	"muster/mcast"
	"muster/tribes"
	"muster/tribes/cluster"
	"muster/tribes/cluster/channel"
	"muster/tribes/release"
	"muster/tribes/serverxml"
)

// clusterFlags are the flags that mean the same in every command that takes
// part in a cluster or looks at one.
type clusterFlags struct {
	group     string
	port      uint16
	iface     string
	bind      string
	ttl       int
	frequency time.Duration
	dropTime  time.Duration

	// Of those that join.
	domain    string
	payload   string
	advertise string
	tcpPort   uint16
	autoBind  int
	name      string
	freshID   bool

	encryption encryptionFlags
	psk        pskFlags

	// groupless: the command can do without a group, where a server.xml has none.
	groupless bool

	release      string
	serverXML    string
	fileRelease  release.Release         // of the Tomcat that server.xml belongs to
	interceptors []serverxml.Interceptor // of server.xml
	command      *cobra.Command          // whose flags these are
}

// tomcatNames are the attributes of McastService and NioReceiver, which stand
// for our flags; the properties that Tomcat makes of them do too.
var tomcatNames = map[string]string{
	"address": "group", "mcastAddress": "group", "mcastPort": "port",
	"mcastBindAddress": "bind", "mcastTTL": "ttl", "mcastFrequency": "frequency",
	"dropTime": "drop-time", "mcastDropTime": "drop-time", "memberDropTime": "drop-time",
	"tcpListenPort": "tcp-port", "tcpListenHost": "advertise", "autoBind": "auto-bind",
	"encryptionAlgorithm": "encryption-algorithm",
}

func tomcatAliases(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	if ours, ok := tomcatNames[name]; ok {
		name = ours
	}
	return pflag.NormalizedName(name)
}

// look adds the flags of one that only looks.
func (f *clusterFlags) look(c *cobra.Command) {
	d := cluster.Defaults()
	f.command = c
	fs := c.Flags()
	fs.SetNormalizeFunc(tomcatAliases)
	serverXMLFlag(c, &f.serverXML)
	releaseFlag(c, &f.release)
	fs.StringVar(&f.group, "group", d.Group.Addr().String(), "`ADDRESS[:PORT]` of the heartbeats")
	fs.Uint16Var(&f.port, "port", d.Group.Port(), "UDP `port` of the heartbeats, where the group names none")
	interfaceFlag(c, &f.iface)
	fs.StringVar(&f.bind, "bind", "", "the interface by its `address`, as Tomcat's bind names it")
	f.frequency, f.dropTime = d.Frequency, d.DropTime
	fs.Var((*millis)(&f.frequency), "frequency", "a heartbeat each `time`")
	fs.Var((*millis)(&f.dropTime), "drop-time", "a member silent for longer than this `time` is given up")
}

// join adds those of a member.
func (f *clusterFlags) join(c *cobra.Command) {
	f.look(c)
	d := cluster.Defaults()
	fs := c.Flags()
	fs.IntVar(&f.ttl, "ttl", d.TTL, "how many `routers` heartbeats may pass, plus one (-1: the system's, which is 1)")
	fs.StringVar(&f.domain, "domain", "", "membership `domain`: text, or bytes as {1,-2,3}")
	fs.StringVar(&f.payload, "payload", "", "payload of the heartbeats: `TEXT`, @FILE, or hex:BYTES")
	fs.StringVar(&f.advertise, "advertise", "", "the `address` that others connect to (default: the interface's)")
	fs.Uint16Var(&f.tcpPort, "tcp-port", d.TCPPort, "TCP `port` of the receiver (0: any)")
	fs.IntVar(&f.autoBind, "auto-bind", d.AutoBind, "try so many `ports`, from --tcp-port upwards")
	fs.StringVar(&f.name, "name", "", "`name` under which the member's id is kept (default: the host's)")
	fs.BoolVar(&f.freshID, "fresh-id", false, "take a new member id, and keep that")
	f.encryption.add(fs)
	f.psk.member(fs)
}

// millis is a duration flag that also takes a bare number, which is in
// milliseconds as in Tomcat's attributes.
type millis time.Duration

func (m *millis) String() string { return time.Duration(*m).String() }
func (m *millis) Type() string   { return "duration" }
func (m *millis) Set(s string) error {
	d, err := time.ParseDuration(s)
	if n, bare := strconv.ParseInt(s, 10, 32); bare == nil {
		d, err = time.Duration(n)*time.Millisecond, nil
	}
	if err != nil {
		return fmt.Errorf("say a time such as 500ms or 3s, or a number of milliseconds")
	}
	if d <= 0 {
		return fmt.Errorf("say a time above 0")
	}
	*m = millis(d)
	return nil
}

// config checks the flags and makes of them what cluster goes by.
func (f *clusterFlags) config(a *app) (cluster.Config, error) {
	cfg := cluster.Defaults()
	if err := f.takeServerXML(a); err != nil {
		return cfg, err
	}
	cfg.Logger = term.NewLogger(a.Err, a.quiet, a.verbose)
	cfg.Frequency, cfg.DropTime = f.frequency, f.dropTime
	g, err := mcast.ParseGroup(f.group)
	switch {
	case err != nil:
		return cfg, usagef("--group: %w", err)
	case g.Source.IsValid() || g.Count != 1:
		return cfg, usagef("--group %s: a cluster has one group, for any source", f.group)
	case f.port == 0 && g.Port == 0:
		return cfg, usagef("--port 0: say a port from 1 to 65535")
	}
	cfg.Group = g.WithDefaultPort(f.port).AddrPort()
	rel, err := readRelease(f.release)
	if err != nil {
		return cfg, err
	}
	if cfg.Form, err = spoken(rel); err != nil {
		return cfg, err
	}
	cfg.Release = rel
	cfg.Interface, err = f.interfaceSpec()
	return cfg, err
}

func (f *clusterFlags) interfaceSpec() (string, error) {
	if f.bind == "" {
		return f.iface, nil
	}
	if _, err := netip.ParseAddr(f.bind); err != nil {
		return "", usagef("--bind %q is no address", f.bind)
	}
	if f.iface != "" && f.iface != f.bind {
		return "", usagef("--bind and --interface both choose the interface: give one of them")
	}
	return f.bind, nil
}

// memberConfig is config with what a member needs beside it.
func (f *clusterFlags) memberConfig(a *app) (cluster.Config, error) {
	cfg, err := f.config(a)
	if err != nil {
		return cfg, err
	}
	if f.ttl < -1 || f.ttl > 255 {
		return cfg, usagef("--ttl %d: say 0 to 255, or -1 for the system's", f.ttl)
	}
	if f.autoBind < 1 {
		return cfg, usagef("--auto-bind %d: say 1 or more", f.autoBind)
	}
	cfg.Listen = cluster.ListenTime(cfg.Frequency)
	cfg.TTL, cfg.TCPPort, cfg.AutoBind, cfg.Name, cfg.FreshID = f.ttl, f.tcpPort, f.autoBind, f.name, f.freshID
	if f.advertise != "" {
		if cfg.Advertise, err = netip.ParseAddr(f.advertise); err != nil || cfg.Advertise.IsUnspecified() || cfg.Advertise.IsMulticast() {
			return cfg, usagef("--advertise %q is no address that others can connect to", f.advertise)
		}
	}
	if cfg.Domain, err = tribes.ParseDomain(f.domain); err != nil {
		return cfg, usagef("--domain: %w", err)
	}
	if cfg.Payload, err = payloadBytes(f.payload); err != nil {
		return cfg, err
	}
	if cfg.TLS, err = f.psk.tls(a); err != nil {
		return cfg, err
	}
	stages, err := f.stages(a, f.encrypting(cfg.Release), cfg.Logger)
	if len(stages) > 0 {
		cfg.Stages = func(*cluster.Node) ([]channel.Stage, error) { return stages, nil }
	}
	return cfg, err
}

// payloadBytes reads TEXT, @FILE or hex:BYTES.
func payloadBytes(s string) ([]byte, error) {
	var b []byte
	var err error
	if file, ok := strings.CutPrefix(s, "@"); ok {
		if b, err = os.ReadFile(file); err != nil {
			return nil, fmt.Errorf("--payload: %w", err)
		}
	} else if digits, ok := strings.CutPrefix(s, "hex:"); ok {
		if b, err = hex.DecodeString(digits); err != nil {
			return nil, usagef("--payload %q: %w", s, err)
		}
	} else {
		b = []byte(s)
	}
	if most := 65507 - 512; len(b) > most {
		return nil, usagef("--payload: %d bytes do not fit into a datagram, %d do", len(b), most)
	}
	return b, nil
}
