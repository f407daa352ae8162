package provider

import (
	"crypto/md5" //nolint:gosec // Tomcat makes ids of it, which are no secret
	"fmt"
	"net/netip"
	"strings"
	"time"

	"muster/tribes"
)

// Kind is which provider a CloudMembershipService asks.
type Kind string

const (
	Kubernetes Kind = "kubernetes"
	DNS        Kind = "dns"
)

// Named is one that the provider names.
type Named struct {
	// Pod is its name, "" with the DNS.
	Pod  string
	Addr netip.Addr
	// Text is the address as the provider writes it, which is what Tomcat compares.
	Text string
	// ID is the unique id that Tomcat gives it.
	ID tribes.UniqueID
	// Own: Tomcat takes it for itself. Here: it is an address of this host; the two
	// differ where the texts of one address do.
	Own, Here bool
	// NotReady and Terminating pods are members all the same.
	NotReady, Terminating bool
	Created               time.Time
	Labels                map[string]string
	Owner                 string // kind and name of what made the pod
	// Left is why Tomcat passes it over, "" where it is a member.
	Left string
}

// Member reports whether Tomcat takes it for another member.
func (n Named) Member() bool { return n.Left == "" && !n.Own }

// Answer is what came of a question to a provider.
type Answer struct {
	Kind Kind
	// Question is the URL or the name that was asked for, Selector the labels.
	Question, Selector string
	Settings           Settings
	// Self is this node as Tomcat knows it: what the host name resolves to.
	Self Self
	// Named are all that came back, at most [MaxNamed]; More is how many there were beyond.
	Named []Named
	More  int
	Took  time.Duration
	// Silence is the longest time in which nothing came while an answer was due.
	Silence time.Duration
	// Fault is why there is no answer, nil where there is one.
	Fault *Fault
}

// Self is a node as its Tomcat knows it: by the address of its host name
// (InetAddress.getLocalHost), whatever address the receiver has.
type Self struct {
	Host string
	// Addrs are those of the host name in Java's order, Local those of the interfaces.
	Addrs, Local []netip.Addr
	Err          string
}

// Own is the address by which Tomcat tells itself from the others.
func (s Self) Own() (netip.Addr, bool) {
	if len(s.Addrs) == 0 {
		return netip.Addr{}, false
	}
	return s.Addrs[0], true
}

func (s Self) here(a netip.Addr) bool {
	for _, l := range s.Local {
		if l.WithZone("") == a {
			return true
		}
	}
	return false
}

// MaxNamed bounds how many are kept of an answer: a Service with more endpoints is
// no cluster of Tomcats.
const MaxNamed = 10_000

// Members are those that Tomcat takes for others.
func (a *Answer) Members() []Named {
	var out []Named
	for _, n := range a.Named {
		if n.Member() {
			out = append(out, n)
		}
	}
	return out
}

// FindsItself reports whether Tomcat finds this node among those named; otherwise it
// sends with an id of sixteen zeros.
func (a *Answer) FindsItself() bool {
	for _, n := range a.Named {
		if n.Own {
			return true
		}
	}
	return false
}

// add completes one that was named and keeps it.
func (a *Answer) add(n Named, idOf string) {
	if len(a.Named) == MaxNamed {
		a.More++
		return
	}
	n.ID = md5.Sum([]byte(idOf)) //nolint:gosec // as above
	if own, ok := a.Self.Own(); ok && n.Left == "" {
		n.Own = n.Text == JavaText(own)
	}
	n.Here = n.Addr.IsValid() && a.Self.here(n.Addr)
	a.Named = append(a.Named, n)
}

// JavaText is an address as java.net.InetAddress writes it: an IPv6 address with all
// its eight groups and without "::".
func JavaText(a netip.Addr) string {
	a = a.Unmap()
	if a.Is4() {
		return a.String()
	}
	b := a.As16()
	groups := make([]string, 8)
	for i := range groups {
		groups[i] = fmt.Sprintf("%x", uint16(b[2*i])<<8|uint16(b[2*i+1]))
	}
	text := strings.Join(groups, ":")
	if a.Zone() != "" {
		text += "%" + a.Zone()
	}
	return text
}
