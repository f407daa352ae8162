package analysis

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"muster/internal/escape"
	"muster/internal/verdict"
	"muster/sniff/tlswire"
)

// TLSReceiver is a port that takes messages by TLS, as connections to it show.
type TLSReceiver struct {
	Addr        netip.AddrPort
	Announced   bool // a heartbeat names it as its member's securePort
	Connections uint64
	Checks      uint64 // that were closed without a word: TcpFailureDetector asks so
	Handshakes  uint64 // in which both said hello
	PSK         uint64 // of them with a pre-shared key
	Certificate uint64 // of them with a certificate
	Versions    set[uint16]
	Suites      set[uint16]
	Identities  set[string]
	Alerts      set[uint8]
	Plain       uint64 // connections that began with something else
	Offered     set[uint16]
}

const maxTLS = 1024

// TLSReceiver returns the row of a receiver, nil where the table is full.
func (a *Analysis) TLSReceiver(addr netip.AddrPort) *TLSReceiver {
	r := a.TLS[addr]
	if r == nil {
		if len(a.TLS) >= maxTLS {
			a.Overflow++
			return nil
		}
		r = &TLSReceiver{Addr: addr}
		a.TLS[addr] = r
	}
	return r
}

// Ended takes what a connection's sides said.
func (r *TLSReceiver) Ended(client, server *tlswire.Side) {
	r.Connections++
	switch {
	case !client.Hello && !client.NotTLS && client.Sealed == 0:
		r.Checks++
		return
	case client.NotTLS:
		r.Plain++
		return
	}
	if client.Hello {
		r.Offered.add(client.Version, maxAliases)
	}
	if client.Identity != "" {
		r.Identities.add(client.Identity, maxAliases)
	}
	for _, s := range []*tlswire.Side{client, server} {
		for _, x := range s.Alerts {
			if x != 0 {
				r.Alerts.add(x, maxAliases)
			}
		}
	}
	if !client.Hello || !server.Hello {
		return
	}
	r.Handshakes++
	r.Versions.add(server.Version, maxAliases)
	r.Suites.add(server.Suite, maxAliases)
	if server.PSK || tlswire.SuitePSK(server.Suite) {
		r.PSK++
	} else {
		r.Certificate++
	}
}

// SortedTLS lists them by address and port.
func (a *Analysis) SortedTLS() []*TLSReceiver {
	return slices.SortedFunc(maps.Values(a.TLS), func(x, y *TLSReceiver) int { return x.Addr.Compare(y.Addr) })
}

// Names writes what was seen of versions, suites and alerts.
func (r *TLSReceiver) Names() (versions, suites, alerts []string) {
	for _, v := range r.Versions.list {
		versions = append(versions, tlswire.VersionName(v))
	}
	for _, s := range r.Suites.list {
		suites = append(suites, tlswire.SuiteName(s))
	}
	for _, x := range r.Alerts.list {
		alerts = append(alerts, tlswire.AlertName(x))
	}
	return versions, suites, alerts
}

// Authentication says by what the handshakes proved who is there.
func (r *TLSReceiver) Authentication() string {
	switch {
	case r.PSK > 0 && r.Certificate > 0:
		return "pre-shared key and certificate"
	case r.PSK > 0:
		return "pre-shared key"
	case r.Certificate > 0:
		return "certificate"
	}
	return ""
}

// tls judges the secure receivers: alerts by what they mean to Tomcat's pre-shared
// keys, and members that have no TLS beside those that have.
func (j *judge) tls() {
	const id = "tribes.tls-mismatch"
	fix := verdict.Fix("the same pskIdentity, pskKey and pskProtocol in the Receiver and the Sender of all nodes")
	fine := 0
	for _, r := range j.SortedTLS() {
		name := r.Addr.String()
		for _, x := range r.Alerts.list {
			if why := meaning(x); why != "" {
				j.add(id, verdict.Fail, verdict.Likely, name, fmt.Sprintf("TLS handshakes with %s end with the alert %s: %s", name, tlswire.AlertName(x), why), fix)
			}
		}
		if r.Certificate > 0 && r.Announced {
			j.add(id, verdict.Fail, verdict.Likely, name,
				fmt.Sprintf("%d TLS handshakes with %s were made with a certificate and no pre-shared key, which Tomcat's cluster uses: something else answers there", r.Certificate, name), fix)
		}
		if r.Plain > 0 {
			j.add(id, verdict.Warn, verdict.Likely, name, fmt.Sprintf("%d connections to %s, a port for TLS, began with something else", r.Plain, name), fix)
		}
		if r.PSK > 0 {
			fine++
		}
	}
	j.tlsMixed(id)
	if fine > 0 && !j.bad(id) {
		j.pass(id, "TLS handshakes with %s were made with a pre-shared key", some(fine, "receiver"))
	}
}

// tlsMixed: a member with TLS whose plain port is closed, beside one without.
func (j *judge) tlsMixed(id verdict.ID) {
	var plain, secure []string
	for _, m := range j.heard {
		if m.Record.SecurePort <= 0 {
			plain = append(plain, m.Name())
			continue
		}
		ap, _ := m.Record.AddrPort()
		if r := j.Receivers[ap]; r != nil && r.Refused > 0 && r.Answered == 0 {
			secure = append(secure, m.Name())
		}
	}
	if len(plain) > 0 && len(secure) > 0 {
		slices.Sort(plain)
		j.add(id, verdict.Fail, verdict.Likely, strings.Join(secure, ", "),
			fmt.Sprintf("%s takes messages by TLS alone, and %s has no TLS: they list each other and replicate nothing", strings.Join(secure, ", "), strings.Join(plain, ", ")),
			verdict.Fix("secure, pskIdentity and pskKey on all nodes, or on none"))
	}
}

// meaning is what an alert says where both sides have a pre-shared key.
func meaning(alert uint8) string {
	switch alert {
	case 47, 51, 20:
		return "the keys differ"
	case 40, 115:
		return "the identity of the key is unknown to the other side, or one side has a certificate instead of a key"
	case 70:
		return "they have no protocol version in common (pskProtocol)"
	case 42, 46, 48, 116:
		return "one side wants a certificate, Tomcat's cluster uses a pre-shared key"
	}
	return ""
}

// IdentityTexts are the identities, safe to print.
func (r *TLSReceiver) IdentityTexts() []string {
	out := []string{}
	for _, x := range r.Identities.list {
		out = append(out, escape.Text(x))
	}
	return out
}
