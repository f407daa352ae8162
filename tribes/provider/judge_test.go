package provider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/verdict"
	"muster/tribes/cluster/channel"
	"muster/tribes/release"
)

// unrelated is the certificate of an authority that nobody else has.
func unrelated(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "other"}, IsCA: true, NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func find(vs []verdict.Verdict, id verdict.ID) *verdict.Verdict {
	i := slices.IndexFunc(vs, func(v verdict.Verdict) bool { return v.ID == id })
	if i < 0 {
		return nil
	}
	return &vs[i]
}

func named(pod, text, app string) Named {
	return Named{Pod: pod, Text: text, Addr: netip.MustParseAddr(text), Labels: map[string]string{"app": app}}
}

// replies are outcomes at the addresses of the form "10.77.0.12=acked".
func replies(words string) map[netip.Addr]Reply {
	out := map[netip.Addr]Reply{}
	for w := range strings.FieldsSeq(words) {
		a, o, _ := strings.Cut(w, "=")
		r := Reply{Tries: 2}
		r.Addr, r.Outcome = netip.AddrPortFrom(netip.MustParseAddr(a), 4000), channel.Outcome(o)
		if !slices.Contains([]channel.Outcome{channel.Refused, channel.Timeout, channel.Unreachable}, r.Outcome) {
			r.Connect = time.Millisecond
		}
		out[r.Addr.Addr()] = r
	}
	return out
}

// TestJudge: what Tomcats 10.1.56 made of each answer (measured), as verdicts.
func TestJudge(t *testing.T) {
	const healthy = "KUBERNETES_SERVICE_HOST=10.77.0.1 KUBERNETES_SERVICE_PORT=6443 KUBERNETES_NAMESPACE=shop DNS_MEMBERSHIP_SERVICE_NAME=shop-peers"
	cases := []struct {
		name      string
		kind      Kind
		variables string
		token     string
		self      Self
		named     []Named
		given     Given
		want      string // "id status", what is wrong or not known, with blanks between
		saw       string
	}{
		{name: "healthy pods", kind: Kubernetes, self: node("10.77.0.11"), named: []Named{named("n1", "10.77.0.11", "shop"), named("n2", "10.77.0.12", "shop")},
			given: Given{Node: true, Replies: replies("10.77.0.12=acked")}},
		{name: "healthy names, both families", kind: DNS, self: node("10.77.0.11", "fd77::11"),
			named: []Named{named("", "10.77.0.11", ""), named("", "10.77.0.12", ""), named("", "fd77::11", ""), named("", "fd77::12", "")},
			given: Given{Node: true, Replies: replies("10.77.0.12=acked fd77::11=refused fd77::12=refused 10.77.0.11=acked")}},
		{name: "the host name is 127.0.1.1", kind: DNS, self: Self{Host: "n1", Addrs: []netip.Addr{netip.MustParseAddr("127.0.1.1")}, Local: node("10.77.0.11").Addrs},
			named: []Named{named("", "10.77.0.11", ""), named("", "10.77.0.12", "")},
			given: Given{Node: true, Replies: replies("10.77.0.11=acked 10.77.0.12=acked")}, want: "provider.self fail", saw: "member of itself"},
		{name: "IPv6 pods", kind: Kubernetes, self: node("fd77::11"), named: []Named{named("n1", "fd77::11", "shop"), named("n2", "fd77::12", "shop")},
			given: Given{Node: true, Replies: replies("fd77::11=acked fd77::12=acked")}, want: "provider.self fail", saw: "the texts never match"},
		{name: "IPv6 addresses", kind: DNS, self: node("fd77::11"), named: []Named{{Text: "fd77:0:0:0:0:0:0:11", Addr: netip.MustParseAddr("fd77::11")}, named("", "fd77::12", "")},
			given: Given{Node: true, Replies: replies("fd77::12=acked")}},
		{name: "own pod not in the list", kind: Kubernetes, self: node("10.77.0.11"), named: []Named{named("n2", "10.77.0.12", "shop")},
			given: Given{Node: true, Replies: replies("10.77.0.12=acked")}, want: "provider.self fail", saw: "sixteen zeros"},
		{name: "asked from elsewhere", kind: Kubernetes, self: node("192.0.2.7"), named: []Named{named("n2", "10.77.0.12", "shop")},
			given: Given{Replies: replies("10.77.0.12=acked")}},
		{name: "a service's address", kind: DNS, variables: "SHOP_PEERS_SERVICE_HOST=10.77.0.50", self: node("10.77.0.11"), named: []Named{named("", "10.77.0.50", "")},
			given: Given{Node: true, Replies: replies("10.77.0.50=acked")}, want: "provider.service fail", saw: "not headless"},
		{name: "a foreign pod", kind: Kubernetes, self: node("10.77.0.11"), named: []Named{named("n1", "10.77.0.11", "shop"), named("web", "10.77.0.40", "web")},
			given: Given{Node: true, Replies: replies("10.77.0.40=no_ack")}, want: "provider.foreign fail", saw: "app=web"},
		{name: "a foreign pod with nothing on the port", kind: Kubernetes, self: node("10.77.0.11"), named: []Named{named("n1", "10.77.0.11", "shop"), named("web", "10.77.0.40", "web")},
			given: Given{Node: true, Replies: replies("10.77.0.40=refused")}, want: "provider.foreign warn"},
		{name: "something else at the name", kind: DNS, self: node("10.77.0.11"), named: []Named{named("", "10.77.0.11", ""), named("", "10.77.0.40", "")},
			given: Given{Node: true, Replies: replies("10.77.0.40=foreign")}, want: "provider.foreign fail", saw: "no Tribes receiver"},
		{name: "a dead pod", kind: Kubernetes, self: node("10.77.0.11"), named: []Named{named("n1", "10.77.0.11", "shop"), named("n2", "10.77.0.12", "shop")},
			given: Given{Node: true, Replies: replies("10.77.0.12=timeout")}, want: "provider.not-answering fail"},
		{name: "one that starts, one that goes", kind: Kubernetes, self: node("10.77.0.11"),
			named: []Named{named("n1", "10.77.0.11", "shop"), {Pod: "n2", Text: "10.77.0.12", Addr: netip.MustParseAddr("10.77.0.12"), NotReady: true},
				{Pod: "n3", Text: "10.77.0.13", Addr: netip.MustParseAddr("10.77.0.13"), Terminating: true}},
			given: Given{Node: true, Replies: replies("10.77.0.12=refused 10.77.0.13=refused")}, want: "provider.not-answering warn"},
		{name: "two pods at one address", kind: Kubernetes, self: node("10.77.0.11"), named: []Named{named("n1", "10.77.0.11", "shop"), named("n2", "10.77.0.12", "shop"), named("n2b", "10.77.0.12", "shop")},
			given: Given{Node: true, Replies: replies("10.77.0.12=acked")}, want: "provider.pod-state warn", saw: "two members with two ids"},
		{name: "the token file ends in a newline", kind: Kubernetes, token: token + "\n", self: node("10.77.0.11"), named: []Named{named("n1", "10.77.0.11", "shop"), named("n2", "10.77.0.12", "shop")},
			given: Given{Node: true, Replies: replies("10.77.0.12=acked")}, want: "provider.environment fail", saw: "newline"},
		{name: "no namespace", kind: Kubernetes, variables: "KUBERNETES_NAMESPACE=", self: node("10.77.0.11"), named: []Named{named("n1", "10.77.0.11", "shop"), named("n2", "10.77.0.12", "shop")},
			given: Given{Node: true, Replies: replies("10.77.0.12=acked")}, want: "provider.environment warn", saw: `"tomcat"`},
		{name: "an IPv6 API and 9.0", kind: Kubernetes, variables: "KUBERNETES_SERVICE_HOST=fd77::1", self: node("10.77.0.11"), named: []Named{named("n1", "10.77.0.11", "shop"), named("n2", "10.77.0.12", "shop")},
			given: Given{Node: true, Release: release.Release{Line: "9.0", Patch: 113}, Replies: replies("10.77.0.12=acked")}, want: "provider.environment fail", saw: "brackets"},
		{name: "alone", kind: DNS, self: node("10.77.0.11"), named: []Named{named("", "10.77.0.11", "")}, given: Given{Node: true, Replies: replies("10.77.0.11=acked")}, want: "provider.not-answering unknown"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tok := c.token
			if tok == "" {
				tok = token
			}
			c.given.Port = 4000
			a := &Answer{Kind: c.kind, Self: c.self, Settings: Read(environment(healthy+" "+c.variables, tok, nil))}
			a.Question = a.Settings.Service
			for _, n := range c.named {
				a.add(n, n.Text)
			}
			var got, said []string
			for _, v := range a.Judge(c.given) {
				if v.Status.Bad() || v.Status == verdict.Unknown {
					got, said = append(got, string(v.ID)+" "+string(v.Status)), append(said, v.Saw)
				}
				if v.Status == verdict.Pass && strings.Contains(v.Saw, token) {
					t.Error("a token is shown")
				}
			}
			if strings.Join(got, " ") != c.want || !strings.Contains(strings.Join(said, "\n"), c.saw) {
				t.Errorf("got %v, want %q with %q\n%s", got, c.want, c.saw, strings.Join(said, "\n"))
			}
		})
	}
}

func TestAskDNS(t *testing.T) {
	many := make([]netip.Addr, 0, 2000)
	for i := range 1000 {
		a := netip.AddrFrom4([4]byte{10, 78, byte(i >> 8), byte(i)})
		many = append(many, a, netip.AddrFrom16(a.As16())) // each twice
	}
	s := Read(environment("", "", nil))
	if a := AskDNS(t.Context(), resolver{addrs: many}, "shop", s, node("10.78.0.3")); len(a.Named) != 1000 || !a.FindsItself() {
		t.Errorf("%d named, itself %v", len(a.Named), a.FindsItself())
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{&net.DNSError{IsNotFound: true, Err: "no such host"}, "no address"},
		{&net.DNSError{IsTimeout: true, Err: "timeout"}, "does not answer the question"},
		{errServer, "server misbehaving"},
	} {
		if a := AskDNS(t.Context(), resolver{err: c.err}, "shop", s, node("10.78.0.3")); a.Fault == nil || !strings.Contains(a.Fault.Saw, c.want) {
			t.Errorf("%v: %v", c.err, a.Fault)
		}
	}
	// MD5 of the address as Java writes it, as a Tomcat 10.1.56 had it.
	a := AskDNS(t.Context(), resolver{addrs: []netip.Addr{netip.MustParseAddr("fd77::12")}}, "shop", s, Self{})
	if a.Named[0].Text != "fd77:0:0:0:0:0:0:12" {
		t.Errorf("text %s", a.Named[0].Text)
	}
}
