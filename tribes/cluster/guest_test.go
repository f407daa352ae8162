package cluster

import (
	"bytes"
	"strings"
	"testing"

	"muster/internal/vectors"
	"muster/tribes"
	"muster/tribes/cluster/channel"
)

const vectorFile = "../testdata/tribes-vectors.json"

func TestRespond(t *testing.T) {
	for _, c := range []struct {
		request string
		answer  string // the vector with its bytes; "" for none
	}{
		{"ser-session-GET_ALL_SESSIONS", "ser-session-ALL_SESSION_TRANSFERCOMPLETE"},
		{"ser-session70-4", "ser-session70-14"},
		{"ser-rpc-request", "ser-rpc-norpcchannel"},
		{"ser-rpc-reply", ""},
		{"ser-rpc-reply-null", ""},
		{"ser-rpc-norpcchannel", ""},
		{"ser-session-SESSION_DELTA", ""},
		{"ser-session-ALL_SESSION_DATA", ""},
		{"ser-session-ALL_SESSION_TRANSFERCOMPLETE", ""},
		{"ser-session-ALL_SESSION_NOCONTEXTMANAGER", ""},
		{"ser-map-BACKUP", ""},
		{"ser-file-message", ""},
		{"ser-bytemessage", ""},
		{"payload-tcp-ping", ""},
	} {
		m := channel.Message{}
		m.Message = vectors.One(t, vectorFile, c.request).Bytes
		got, what, err := respond(&m)
		if err != nil {
			t.Errorf("%s: %v", c.request, err)
		}
		var want []byte
		if c.answer != "" {
			want = vectors.One(t, vectorFile, c.answer).Bytes
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s (%s):\n got %x\nwant %x", c.request, what, got, want)
		}
		m.Options = tribes.ByteMessage
		if got, _, _ := respond(&m); got != nil {
			t.Errorf("%s as bytes is answered", c.request)
		}
	}
}

func TestRespondToNonsense(t *testing.T) {
	for _, p := range []string{"", "\xac\xed\x00\x05", "\xac\xed\x00\x05sr\x00\x31org.apache.catalina.ha.session.SessionMessageImpl", strings.Repeat("x", 1000)} {
		m := channel.Message{}
		m.Message = []byte(p)
		if got, _, _ := respond(&m); got != nil {
			t.Errorf("%q is answered", p)
		}
	}
}
