package serverxml

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"muster/internal/hint"
	"muster/tribes"
)

// Settings are what a command needs to join or watch a cluster: the plain
// values of Tomcat's configuration.
type Settings struct {
	// Multicast: members find each other in a group. False for static and cloud
	// membership, and where channelStartOptions starts none; then the fields down to DropTime are Tomcat's defaults.
	Multicast bool
	Group     netip.Addr
	Port      uint16
	Bind      string // address or name of the interface; "" is the system's choice
	TTL       int    // -1: the system's
	Frequency time.Duration
	DropTime  time.Duration
	Domain    []byte // as it goes over the wire
	DomainSet string // as the file has it: text, or {1,2,3}

	Address  string // of the receiver: an address, a name, or "auto" for the host name's
	TCPPort  uint16
	AutoBind int // ports to try, the first counted
	Options  tribes.Options

	Encrypted           bool
	EncryptionKey       []byte
	EncryptionAlgorithm string // algorithm/mode/padding
	// EncryptionTimestamp: a time stamp goes before what is encrypted, as newer
	// Tomcats want it (9.0.119, 10.1.56, 11.0.23).
	EncryptionTimestamp bool

	// Interceptors of the channel, the application's end first.
	Interceptors []Interceptor

	Members []StaticMember // static membership: everyone but this node

	// Provider is what a CloudMembershipService asks: "kubernetes", "dns" or the class of
	// another; "" where there is none. ReadTimeout is how long it waits for an answer.
	Provider    string
	ReadTimeout time.Duration

	TLS TLSSettings
}

// TLSSettings are the channel's pre-shared key and the receiver's port for it. In
// releases without TLS they are the zero value.
type TLSSettings struct {
	// Secure: the plain port is closed.
	Secure     bool
	Identity   string
	Key        []byte
	Protocol   string // TLSv1.3 or TLSv1.2
	Digest     string // SHA256 or SHA384
	SecurePort uint16 // 0: none
}

// Usable reports whether connections by TLS can be made.
func (t TLSSettings) Usable() bool { return t.Identity != "" && len(t.Key) > 0 && t.SecurePort > 0 }

// StaticMember is one that the configuration names.
type StaticMember struct {
	Host     string
	Port     uint16
	UniqueID [16]byte
	Domain   []byte
}

// ErrUnresolved is in the tree of an error about a value that a placeholder or
// an entity hides.
var ErrUnresolved = errors.New("not known")

// The cluster of f that settings are taken from is the only one, or the first.
var errNoCluster = errors.New("no <Cluster> in it")

// Settings returns the values of the file's first cluster.
func (f *File) Settings() (Settings, error) {
	if f.Broken != nil {
		return Settings{}, f.Broken
	}
	if len(f.Clusters) == 0 {
		return Settings{}, hint.Wrap(fmt.Errorf("%s: %w", f.Name, errNoCluster), "muster tribes config "+f.Name)
	}
	s, err := f.Clusters[0].settings(f.version)
	if err != nil {
		err = hint.Wrap(fmt.Errorf("%s: %w", f.Name, err), "muster tribes config "+f.Name)
	}
	return s, err
}

// settings collects the values. One that is not known, or that no Tomcat could
// start with, is an error: joining with a guess would join another cluster.
func (c *Cluster) settings(v Version) (Settings, error) {
	g := getter{}
	s := Settings{Multicast: c.multicast(), TTL: -1}
	m := &c.Membership
	if !s.Multicast {
		d := (&builder{File: &File{version: v}}).implied(roleMembership, "Membership", mcastService)
		m = &d
	}
	s.Group = g.address(m, "address")
	s.Port = g.port(m, "port")
	s.Bind = g.text(m, "bind")
	if v, ok := m.Attribute("ttl"); ok && v.Text != "" {
		s.TTL = int(g.num(m, "ttl"))
	}
	s.Frequency = time.Duration(g.num(m, "frequency")) * time.Millisecond
	s.DropTime = time.Duration(g.num(m, "dropTime")) * time.Millisecond
	if _, d, ok := (lint{Cluster: c}).announced(); ok {
		s.DomainSet, s.Domain = d.Text, domainBytes(d.Text)
	}
	s.Address = g.text(&c.Receiver, "address")
	s.TCPPort = g.port(&c.Receiver, "port")
	s.AutoBind = max(int(g.num(&c.Receiver, "autoBind")), 1)
	s.Options = tribes.Options(g.num(&c.Self, "channelSendOptions"))
	if e, _ := c.interceptor(encryptInterceptor); e != nil {
		s.Encrypted = true
		s.EncryptionAlgorithm = g.text(e, "encryptionAlgorithm")
		s.EncryptionTimestamp = v.SealsTime()
		s.EncryptionKey = g.key(e)
	}
	s.Interceptors = g.interceptors(c)
	s.Members = g.members(c)
	if m := &c.Membership; m.is(cloudService) {
		if s.Provider = g.text(m, "membershipProviderClassName"); s.Provider == "" {
			s.Provider = "kubernetes"
		}
		if n, ok := m.num("readTimeout"); ok {
			s.ReadTimeout = time.Duration(n) * time.Millisecond
		}
	}
	s.TLS = c.tlsInForce(v)
	return s, g.err
}

// getter reads values and keeps the first error.
type getter struct{ err error }

func (g *getter) fail(c *Component, name, format string, args ...any) {
	if g.err == nil {
		g.err = fmt.Errorf("<%s> %s: "+format, append([]any{c.Element, name}, args...)...)
	}
}

func (g *getter) value(c *Component, name string) Value {
	v, _ := c.Attribute(name)
	if !v.Known() {
		g.fail(c, name, "%w: %s is not resolved", ErrUnresolved, strings.Join(v.Unresolved, ", "))
	}
	return v
}

func (g *getter) text(c *Component, name string) string { return g.value(c, name).Text }

func (g *getter) num(c *Component, name string) int64 {
	v := g.value(c, name)
	n, ok := c.num(name)
	if !ok && v.Known() {
		g.fail(c, name, "%q is no number", cut(v.Text))
	}
	return n
}

func (g *getter) port(c *Component, name string) uint16 {
	n := g.num(c, name)
	if n < 0 || n > 65535 {
		g.fail(c, name, "port %d does not exist", n)
		return 0
	}
	return uint16(n)
}

func (g *getter) address(c *Component, name string) netip.Addr {
	v := g.value(c, name)
	a, ok := address(v.Text)
	if !ok && v.Known() {
		g.fail(c, name, "%q is a name, not an address", cut(v.Text))
	}
	return a
}

func (g *getter) key(c *Component) []byte {
	v := g.value(c, "encryptionKey")
	key, err := parseKey(v.secret)
	if v.Known() && (err != nil || len(key) == 0) {
		g.fail(c, "encryptionKey", "no usable key")
	}
	return key
}

func (g *getter) members(c *Cluster) []StaticMember {
	list := &c.Membership
	if s, _ := c.interceptor(staticInterceptor); s != nil {
		list = s
	}
	var out []StaticMember
	for i := range list.Members {
		m := &list.Members[i]
		if m.Element == "LocalMember" || m.class == nil {
			continue
		}
		e := StaticMember{Host: g.text(m, "host"), Port: g.port(m, "port"), Domain: domainBytes(g.text(m, "domain"))}
		id, _ := parseBytes(g.text(m, "uniqueId"))
		copy(e.UniqueID[:], id)
		out = append(out, e)
	}
	return out
}
