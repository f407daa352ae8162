package channel

import (
	"bytes"
	"io"
	"net"
	"testing"

	"muster/tribes"
)

// While a receiver is paused, nobody can connect and no connection is left; then
// it acks at the same address as before.
func TestReceiverPauses(t *testing.T) {
	r := start(t, ReceiverConfig{})
	old, err := net.Dial("tcp", r.AddrPort().String())
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	old.Write(message(tribes.UseAck, "before"))
	if _, err := io.ReadFull(old, make([]byte, len(tribes.Ack))); err != nil {
		t.Fatal(err)
	}
	at := r.AddrPort()
	r.Pause()
	if n, err := old.Read(make([]byte, 1)); err == nil {
		t.Errorf("the old connection gave %d bytes", n)
	}
	if c, err := net.Dial("tcp", at.String()); err == nil {
		c.Close()
		t.Error("a paused receiver takes connections")
	}
	for range 2 { // a second call changes nothing
		if err := r.Resume(); err != nil {
			t.Fatal(err)
		}
	}
	if r.AddrPort() != at {
		t.Errorf("it is at %s now, was at %s", r.AddrPort(), at)
	}
	if got := say(t, r, message(tribes.UseAck, "after")); !bytes.Equal(got, []byte(tribes.Ack)) {
		t.Errorf("answered % x", got)
	}
}
