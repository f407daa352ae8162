package tlspsk

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"io"
	"net"
	"testing"
	"time"
)

// script is a connection whose other side sends fixed bytes and takes all.
type script struct{ io.Reader }

func (script) Write(p []byte) (int, error)      { return len(p), nil }
func (script) Close() error                     { return nil }
func (script) LocalAddr() net.Addr              { return nil }
func (script) RemoteAddr() net.Addr             { return nil }
func (script) SetDeadline(time.Time) error      { return nil }
func (script) SetReadDeadline(time.Time) error  { return nil }
func (script) SetWriteDeadline(time.Time) error { return nil }

func someClientHello() []byte {
	h := &clientHello{
		random: bytes.Repeat([]byte{7}, 32), suites: []int{0x1301, 0xa8}, versions: []int{int(TLS13), int(TLS12)},
		shares: map[int][]byte{groupX25519: bytes.Repeat([]byte{9}, 32), groupP256: make([]byte, 65)},
		modes:  []byte{pskDHE}, extended: true, identities: []string{"tribes"},
	}
	return h.marshal(crypto.SHA256)
}

func someServerHello() []byte {
	h := &serverHello{random: bytes.Repeat([]byte{7}, 32), suite: 0x1301, version: TLS13, group: groupX25519, share: bytes.Repeat([]byte{9}, 32), psk: true}
	return h.marshal()
}

// Messages that end early are errors, and never read beyond their end.
func TestCutMessages(t *testing.T) {
	for n := 4; n < len(someClientHello()); n++ {
		if h, err := parseClientHello(someClientHello()[:n]); err == nil && len(h.identities) > 0 {
			t.Errorf("a ClientHello that ends after %d bytes is read whole", n)
		}
	}
	for n := 4; n < len(someServerHello()); n++ {
		if h, err := parseServerHello(someServerHello()[:n]); err == nil && h.psk {
			t.Errorf("a ServerHello that ends after %d bytes is read whole", n)
		}
	}
	if h, err := parseClientHello(someClientHello()); err != nil || h.identities[0] != "tribes" || h.bindersAt != len(someClientHello())-35 {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestBytesThatAreNoTLS(t *testing.T) {
	for name, in := range map[string]string{
		"nothing":               "",
		"an HTTP answer":        "HTTP/1.1 400 Bad Request\r\n\r\n",
		"a Tribes ack":          "\x06\x02\x03TMP",
		"a record that lies":    "\x16\x03\x03\xff\xff",
		"a record cut":          "\x16\x03\x03\x00\x10abc",
		"a message that lies":   "\x16\x03\x03\x00\x04\x02\xff\xff\xff",
		"data at once":          "\x17\x03\x03\x00\x01x",
		"empty records":         "\x16\x03\x03\x00\x00\x16\x03\x03\x00\x00",
		"a ServerHello of 0":    "\x16\x03\x03\x00\x04\x02\x00\x00\x00",
		"an alert of one byte":  "\x15\x03\x03\x00\x01\x02",
		"change cipher forever": "\x14\x03\x03\x00\x01\x01\x14\x03\x03\x00\x01\x01\x14\x03\x03\x00\x01\x01",
	} {
		if _, err := Client(t.Context(), script{bytes.NewReader([]byte(in))}, config()); err == nil {
			t.Errorf("%s: a handshake that ends well", name)
		}
		if _, err := Server(t.Context(), script{bytes.NewReader([]byte(in))}, config()); err == nil {
			t.Errorf("%s: a handshake that ends well as server", name)
		}
	}
}

// A server that shows a certificate has not proved that it has the key.
func TestServerWithoutTheKey(t *testing.T) {
	h := &serverHello{random: make([]byte, 32), suite: 0x1301, version: TLS13, group: groupX25519, share: make([]byte, 32), psk: true}
	rand.Read(h.random)
	msg := h.marshal()
	// Take pre_shared_key, the last extension (six bytes), off again.
	msg = msg[:len(msg)-6]
	msg[3] -= 6
	ext := 4 + 2 + 32 + 1 + 2 + 1
	msg[ext+1] -= 6
	in := putVec16([]byte{recordHandshake, 3, 3}, msg)
	if _, err := Client(t.Context(), script{bytes.NewReader(in)}, config()); err != ErrNoPSK {
		t.Errorf("Client = %v, want %v", err, ErrNoPSK)
	}
}

func FuzzServer(f *testing.F) {
	f.Add(putVec16([]byte{recordHandshake, 3, 1}, someClientHello()))
	f.Add([]byte("\x15\x03\x03\x00\x02\x02\x28"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if _, err := Server(t.Context(), script{bytes.NewReader(in)}, config()); err == nil {
			t.Error("a stranger without the key is taken")
		}
	})
}

func FuzzClient(f *testing.F) {
	f.Add(putVec16([]byte{recordHandshake, 3, 3}, someServerHello()))
	f.Add([]byte("\x15\x03\x03\x00\x02\x02\x28"))
	f.Fuzz(func(t *testing.T, in []byte) {
		if _, err := Client(t.Context(), script{bytes.NewReader(in)}, config()); err == nil {
			t.Error("a stranger without the key is taken")
		}
	})
}
