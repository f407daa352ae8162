package channel

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"muster/tribes"
	"muster/tribes/tlspsk"
)

// TestSecure: a message goes by TLS where the receiver has a port for it, is acked, and
// each is a connection of its own; one with another key delivers nothing; one that only
// connects is no fault.
func TestSecure(t *testing.T) {
	psk := tlspsk.Config{Identity: "tribes", Key: []byte("0123456789abcdef0123456789abcdef")}
	got := make(chan string, 4)
	r, err := Listen(ReceiverConfig{
		Addr: netip.MustParseAddr("127.0.0.1"), PSK: &psk,
		Handler: HandlerFunc(func(_ context.Context, m *Message) error { got <- string(m.Message); return nil }),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- r.Serve(ctx) }()
	defer func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	named := netip.MustParseAddrPort("127.0.0.1:4000") // what its record says; nobody listens for us there
	sender := func(psk tlspsk.Config) *Sender {
		return &Sender{Retries: -1, Secure: func(to netip.AddrPort) Secure {
			if to != named {
				t.Errorf("asked for %s", to)
			}
			return Secure{r.AddrPort(), &psk}
		}}
	}
	m := NewMessage(stranger(named), tribes.ByteMessage|tribes.UseAck, []byte("one"))
	s := sender(psk)
	defer s.Close()
	for _, text := range []string{"one", "two"} {
		m.Message = []byte(text)
		receipt, err := s.Send(ctx, named, &m)
		if err != nil || receipt.Outcome != Acked || receipt.TLS.Version == 0 || receipt.Addr != named {
			t.Fatalf("%s: %+v, %v", text, receipt, err)
		}
		if g := <-got; g != text {
			t.Errorf("received %q, want %q", g, text)
		}
	}
	other := psk
	other.Key = []byte("another key of thirty-two bytes!")
	wrong := sender(other)
	defer wrong.Close()
	if receipt, err := wrong.Send(ctx, named, &m); err == nil || receipt.Outcome != WrongKey {
		t.Errorf("another key: %+v, %v", receipt, err)
	}
	nc, err := net.Dial("tcp", r.AddrPort().String())
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
	plain := &Sender{Retries: -1}
	defer plain.Close()
	if receipt, err := plain.Send(ctx, r.AddrPort(), &m); err == nil {
		t.Errorf("in clear: %+v", receipt)
	}
	if n := r.Stats(); n.Messages != 2 || n.Acks != 2 || n.Accepted != 5 {
		t.Errorf("%+v", n)
	}
	select {
	case text := <-got:
		t.Errorf("received %q without the key", text)
	default:
	}
}
