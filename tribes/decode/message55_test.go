package decode

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"muster/tribes"
	"muster/tribes/session"
)

// sent55 is what a Tomcat 5.5.15 sent on one connection, a message as it is and
// one compressed, and answer55 what came back.
func sent55(t testing.TB) (sent, answer []byte) {
	t.Helper()
	raw, err := os.ReadFile("testdata/messages-5.5.15.hex")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(raw))
	sent, err = hex.DecodeString(lines[0])
	if err != nil {
		t.Fatal(err)
	}
	answer, _ = hex.DecodeString(lines[1])
	return sent, answer
}

func items(t *testing.T, b []byte) (out []Item) {
	t.Helper()
	err := Stream(iotest.OneByteReader(bytes.NewReader(b)), Auto, 0, func(i Item) error {
		out = append(out, i)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestMessagesOf55(t *testing.T) {
	sent, answer := sent55(t)
	found := items(t, sent)
	if len(found) != 2 {
		t.Fatalf("%d things, want 2 messages: %+v", len(found), found)
	}
	for _, i := range found {
		if i.Type != Frame || i.Data == nil {
			t.Fatalf("%+v", i)
		}
		a := i.Data.Address
		if at, _ := a.AddrPort(); a.Generation != tribes.V55 || at.String() != "10.77.0.12:4001" || string(a.Domain) != "catalina" {
			t.Errorf("the sender is %+v", a)
		}
		c := Message(i.Data)
		if c.Kind != Session || c.Session.Event != session.Accessed || c.Session.Context != "/app" || c.Err != nil {
			t.Errorf("kind %s, %+v", c.Kind, c.Session)
		}
	}
	found = items(t, answer)
	if len(found) != 2 || found[0].Type != Ack || found[1].Type != Ack {
		t.Errorf("the acks: %+v", found)
	}
}

// What is cut or lies about its length is no message, and nothing worse.
func TestMessagesOf55Cut(t *testing.T) {
	sent, _ := sent55(t)
	for n := 1; n < len(sent); n++ {
		for _, i := range items(t, sent[:n]) {
			if i.Type == Frame && i.Offset+i.Bytes > int64(n) {
				t.Fatalf("%d bytes hold a frame up to %d", n, i.Offset+i.Bytes)
			}
		}
	}
}

func FuzzMessage55(f *testing.F) {
	sent, _ := sent55(f)
	for len(sent) > 0 {
		_, data, n, err := tribes.ParseFrame55(sent, 1<<16)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		sent = sent[n:]
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Message55(data, 1<<20)
		if err != nil {
			return
		}
		if c.Address.Generation != tribes.V55 || len(c.Message) > 1<<20 {
			t.Fatalf("generation %s, %d bytes", c.Address.Generation, len(c.Message))
		}
		Message(&c)
	})
}
