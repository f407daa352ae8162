//go:build providers

package interop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"muster/internal/netlab"
)

// peers are the addresses that a provider names, and may change.
type peers struct {
	mu    sync.Mutex
	addrs []netip.Addr
}

func (p *peers) set(addrs ...netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.addrs = addrs
}

func (p *peers) get() []netip.Addr {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.addrs
}

const podsToken = "one.token.of-a-test"

// kubernetes serves the pods of the namespace "shop" on a host, and returns the variables
// of a pod by which they are asked for.
func kubernetes(t *testing.T, h *netlab.Host, p *peers) []string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/namespaces/shop/pods" || r.Header.Get("Authorization") != "Bearer "+podsToken {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		items := []any{}
		for _, a := range p.get() {
			name := "shop-" + strings.ReplaceAll(a.String(), ".", "-")
			items = append(items, map[string]any{
				"metadata": map[string]any{"name": name, "uid": "uid-of-" + name, "creationTimestamp": "2026-11-29T18:00:00Z", "labels": map[string]string{"app": "shop"}},
				"status":   map[string]any{"phase": "Running", "podIP": a.String(), "conditions": []any{map[string]string{"type": "Ready", "status": "True"}}},
			})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"kind": "PodList", "apiVersion": "v1", "items": items})
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	h.Do(func() {
		l, err := net.Listen("tcp4", h.Addr().String()+":6443")
		if err != nil {
			t.Fatal(err)
		}
		s.Listener = l
	})
	cert, authority := certificate(t, h.Addr())
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s.StartTLS()
	t.Cleanup(s.Close)
	dir := t.TempDir()
	for name, b := range map[string][]byte{"ca.crt": authority, "token": []byte(podsToken)} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return []string{
		"KUBERNETES_NAMESPACE=shop", "KUBERNETES_LABELS=app=shop", "KUBERNETES_SERVICE_HOST=" + h.Addr().String(), "KUBERNETES_SERVICE_PORT=6443",
		"KUBERNETES_CA_CERTIFICATE_FILE=" + filepath.Join(dir, "ca.crt"), "SA_TOKEN_FILE=" + filepath.Join(dir, "token"),
	}
}

// certificate is one for an address, which is its own authority.
func certificate(t *testing.T, a netip.Addr) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "the API of a test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{a.AsSlice()},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// dns answers for the name "shop-peers" on a host, and makes it the nameserver of all.
func dns(t *testing.T, h *netlab.Host, p *peers) []string {
	t.Helper()
	var conn net.PacketConn
	h.Do(func() {
		var err error
		if conn, err = net.ListenPacket("udp4", h.Addr().String()+":53"); err != nil {
			t.Fatal(err)
		}
	})
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer, err := resolve(buf[:n], p.get()); err == nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	// The hosts have this file in common.
	text := fmt.Sprintf("nameserver %s\noptions ndots:0 timeout:2\n", h.Addr())
	if out, err := h.Command(t.Context(), "sh", "-ec", "printf '"+text+"' >/etc/resolv.conf").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return []string{"DNS_MEMBERSHIP_SERVICE_NAME=shop-peers"}
}

func resolve(question []byte, addrs []netip.Addr) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil {
		return nil, err
	}
	out := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, Authoritative: true, RecursionDesired: m.RecursionDesired}, Questions: m.Questions}
	for _, q := range m.Questions {
		if !strings.EqualFold(q.Name.String(), "shop-peers.") {
			out.RCode = dnsmessage.RCodeNameError
			continue
		}
		for _, a := range addrs {
			if q.Type == dnsmessage.TypeA {
				out.Answers = append(out.Answers, dnsmessage.Resource{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 5}, Body: &dnsmessage.AResource{A: a.As4()}})
			}
		}
	}
	return out.Pack()
}
