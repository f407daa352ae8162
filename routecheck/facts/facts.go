// Package facts is what a host is, as plain data: Facts with JSON names, each fact
// with where it was read or why it could not be. They are saved on one machine and
// judged on another.
package facts

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"muster/routecheck/firewall"
)

// Version of the Facts' form. Files of a newer one are refused.
const Version = 1

// Fact is something read from a system, with where it was read; or, when Why is
// not empty, the reason why it is not known.
type Fact[T any] struct {
	Value T      `json:"value,omitzero"`
	From  string `json:"from,omitempty"`
	Why   string `json:"why,omitempty"`
}

// Known reports whether there is a value.
func (f Fact[T]) Known() bool { return f.Why == "" && f.From != "" }

// Reason is Why, or a sentence for a fact that a file does not have at all.
func (f Fact[T]) Reason() string {
	if f.Why == "" && f.From == "" {
		return "these facts do not say"
	}
	return f.Why
}

// Read is a fact with where it was read.
func Read[T any](v T, from string) Fact[T] { return Fact[T]{Value: v, From: from} }

// Unread is a fact that is not known, with the reason.
func Unread[T any](from, why string) Fact[T] { return Fact[T]{From: from, Why: why} }

// Omit notes something of which there was more than was looked at.
func (f *Facts) Omit(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !slices.Contains(f.Omitted, s) {
		f.Omitted = append(f.Omitted, s)
	}
}

// Facts are everything that the checks need to know of a host.
type Facts struct {
	Version  int       `json:"version"`
	Program  string    `json:"program,omitempty"` // the muster that collected them
	Time     time.Time `json:"time"`
	TookMS   int64     `json:"took_ms"`
	OS       string    `json:"os"` // GOOS
	Arch     string    `json:"arch"`
	Redacted bool      `json:"redacted,omitempty"`
	// Omitted says in sentences of what there was more than was looked at.
	Omitted []string `json:"omitted,omitempty"`
	// Query is what was asked when they were collected: the routes are those to its
	// group, the sockets those of its ports.
	Query Query `json:"query"`

	Kernel      Fact[string]            `json:"kernel"` // release
	Self        Fact[Self]              `json:"self"`
	Platform    Fact[Platform]          `json:"platform"`
	Links       Fact[[]Link]            `json:"links"`
	Addrs       Fact[[]Addr]            `json:"addrs"`
	Routes      Fact[[]Route]           `json:"routes"`
	Rules       Fact[[]Rule]            `json:"rules"`
	ToGroup     Fact[RouteAnswer]       `json:"to_group"`
	ToSources   Fact[[]RouteAnswer]     `json:"to_sources"`
	ToReceivers Fact[[]RouteAnswer]     `json:"to_receivers"` // the same hosts, by TCP to a receiver's port
	Neighbours  Fact[[]Neighbour]       `json:"neighbours"`
	Sysctls     map[string]Fact[string] `json:"sysctls"` // by their dotted names
	Memberships Fact[[]Membership]      `json:"memberships"`
	Filters     Fact[[]SourceFilter]    `json:"filters"`
	LinkLayer   Fact[[]LinkGroup]       `json:"link_layer"`
	Bridges     Fact[[]Bridge]          `json:"bridges"`
	Queues      Fact[[]Queue]           `json:"queues"`
	UDP         Fact[[]Socket]          `json:"udp"`         // those of the group's port
	Listeners   Fact[[]Socket]          `json:"listeners"`   // those of the receiver's ports
	Connections Fact[[]Connection]      `json:"connections"` // to and from those ports
	BindTest    Fact[BindTest]          `json:"bind_test"`
	Counters    Fact[map[string]uint64] `json:"counters"` // Ip.ReasmFails, TcpExt.IPReversePathFilter, ...
	Processes   Fact[[]Process]         `json:"processes"`
	Firewall    Fact[firewall.Ruleset]  `json:"firewall"`
	Names       Fact[Names]             `json:"names"`
	Clock       Fact[Clock]             `json:"clock"`
	SELinux     Fact[SELinux]           `json:"selinux"`
	Units       Fact[[]Unit]            `json:"units"` // systemd's, of Tomcats
	PF          Fact[PF]                `json:"pf"`
	AppFirewall Fact[AppFirewall]       `json:"app_firewall"` // of macOS
	Defender    Fact[Defender]          `json:"defender"`     // the firewall of Windows
}

// Query says what a host is judged for.
type Query struct {
	Group  netip.Addr `json:"group"`
	Source netip.Addr `json:"source,omitzero"` // of a source-specific join
	Port   uint16     `json:"port"`
	Count  int        `json:"count"` // groups upwards from Group, at least 1
	// Interface is a name, an index or an address; "" leaves the choice to the
	// routes.
	Interface string `json:"interface,omitempty"`
	// TCPPort is the receiver's, AutoBind how many ports upwards it may try.
	TCPPort  uint16 `json:"tcp_port"`
	AutoBind int    `json:"auto_bind"`
	// Peers are the other members, as far as they were named.
	Peers []netip.Addr `json:"peers,omitempty"`
	// Cluster are the values of a Tomcat's own configuration, where it was given.
	Cluster *Cluster `json:"cluster,omitempty"`
	// Product is whose group it is where that was said to be another product's than
	// Tomcat's: "Hazelcast".
	Product string `json:"product,omitempty"`
}

// Cluster holds what a server.xml says, in plain values. Whoever reads such a
// file fills it; the checks need no XML.
type Cluster struct {
	From string `json:"from"` // the file
	// Receiver is the Receiver's address: an address, a name, or "auto".
	Receiver string `json:"receiver"`
	// Bind is the Membership's bind address; "" leaves the choice to the kernel.
	Bind string `json:"bind,omitempty"`
	// TTL is the Membership's ttl, -1 where it is not given.
	TTL int `json:"ttl"`
	// FrequencyMS and DropTimeMS are in milliseconds, 0 where there is no multicast
	// membership.
	FrequencyMS int64 `json:"frequency_ms"`
	DropTimeMS  int64 `json:"drop_time_ms"`
	// LoopbackDisabled is localLoopbackDisabled, Encrypted an EncryptInterceptor,
	// Static a membership without multicast.
	LoopbackDisabled bool `json:"loopback_disabled"`
	Encrypted        bool `json:"encrypted"`
	Static           bool `json:"static"`
	// Membership is how members are found where that is not by multicast: "a static
	// list", "Kubernetes", "DNS", ...
	Membership string `json:"membership,omitempty"`
	// Members are the receivers that the file itself names.
	Members []netip.AddrPort `json:"members,omitempty"`
}

// Tomcat's defaults.
var DefaultGroup = netip.AddrFrom4([4]byte{228, 0, 0, 4})

const (
	defaultPort     = 45564
	defaultTCPPort  = 4000
	defaultAutoBind = 100
)

// DefaultQuery is a Tomcat cluster as it comes.
func DefaultQuery() Query {
	return Query{Group: DefaultGroup, Port: defaultPort, Count: 1, TCPPort: defaultTCPPort, AutoBind: defaultAutoBind}
}

// LastTCPPort is the last port that the receiver may take.
func (q Query) LastTCPPort() uint16 {
	return uint16(min(65535, int(q.TCPPort)+max(q.AutoBind, 1)-1))
}
