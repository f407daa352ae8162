package tribes

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"net/netip"
	"testing"
	"time"
)

func TestMemberVectors(t *testing.T) {
	for _, v := range load(t, "member-", "live-") {
		t.Run(v.Name, func(t *testing.T) {
			m, n, err := ParseMember(v.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			marker := markerLen(m.Generation)
			got := map[string]any{
				"alive": float64(m.Alive), "port": float64(m.Port), "securePort": float64(m.SecurePort),
				"udpPort": float64(m.UDPPort), "host": hex.EncodeToString(m.Host),
				"command": hex.EncodeToString(m.Command), "domain": hex.EncodeToString(m.Domain),
				"payload": hex.EncodeToString(m.Payload), "uniqueId": m.ID.String(), "total": float64(n),
				"markerLen": float64(marker), "bodyLen": float64(n - 2*marker - 4),
				"name": m.Name(m.TextForm()), "toString": m.Text(m.TextForm()),
				"localName":     m.LocalName("127.0.0.1"),
				"localToString": m.LocalText(m.TextForm(), "127.0.0.1"),
			}
			for name, want := range v.Fields {
				if got[name] != want {
					t.Errorf("%s = %v, want %v", name, got[name], want)
				}
			}
			if n != len(v.Bytes) || n != m.Len() {
				t.Errorf("took %d bytes, Len says %d, the vector has %d", n, m.Len(), len(v.Bytes))
			}
			again, err := m.AppendTo([]byte("before"))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again[6:], v.Bytes) {
				t.Errorf("built again:\n got %x\nwant %x", again[6:], v.Bytes)
			}
			if want := bytes.Contains(v.Bytes, []byte(ShutdownCommand)); m.Shutdown() != want {
				t.Errorf("Shutdown = %v", m.Shutdown())
			}
		})
	}
}

// Every cut of a valid record is incomplete, never valid and never a panic.
func TestMemberCut(t *testing.T) {
	for _, name := range []string{"member-v1-all", "member-v0-ipv4-payload"} {
		b := one(t, name).Bytes
		for n := range b {
			if _, _, err := ParseMember(b[:n]); !errors.Is(err, ErrIncomplete) {
				t.Errorf("%s: %d of %d bytes: %v, want incomplete", name, n, len(b), err)
			}
		}
	}
}

// badMembers are records that Tomcat or this parser refuses, made from a good
// one; each names the field that the error has to blame.
var badMembers = []struct {
	name  string
	make  func(b []byte) []byte
	field string
	at    int
}{
	{"domain length beyond the record", set(46, 0x7f), "domain", 47},
	{"domain length of Java's largest array", set(43, 0x7f, 0xff, 0xff, 0xff), "domain", 47},
	{"negative domain length", set(43, 0xff, 0xff, 0xff, 0xff), "domain", 43},
	{"negative command length", set(39, 0x80, 0, 0, 0), "command", 39},
	{"host length of a signed byte below zero", set(34, 0x80), "host", 34},
	{"host length to the end", set(34, 0x7f), "host", 35},
	{"body length negative", set(10, 0xff, 0xff, 0xff, 0xff), "body length", 10},
	{"body length of the fixed fields less one", set(10, 0, 0, 0, 48), "body length", 10},
	{"body length past any datagram", set(10, 0, 1, 0, 0), "body length", 10},
	{"body one too short: the end marker is not there", set(10, 0, 0, 0, 52), "end marker", 66},
	{"begin marker in lower case", set(0, 't'), "begin marker", 0},
	{"version 1.1", set(9, 1), "begin marker", 8},
	{"payload that takes the end marker in", set(66, 10), "payload", 67},
	{"room between payload and end marker", roomBeforeEnd, "payload", 67},
}

func set(at int, bs ...byte) func([]byte) []byte {
	return func(b []byte) []byte { copy(b[at:], bs); return b }
}

// roomBeforeEnd is what Tomcat accepts: it does not ask where the fields end.
func roomBeforeEnd(b []byte) []byte {
	b[13] += 2
	return append(append(bytes.Clone(b[:67]), 0, 0), b[67:]...)
}

func TestMemberBad(t *testing.T) {
	good := one(t, "member-v1-ipv4-min").Bytes
	for _, c := range badMembers {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := ParseMember(c.make(bytes.Clone(good)))
			var p *ParseError
			if !errors.As(err, &p) {
				t.Fatalf("error %v is no ParseError", err)
			}
			if p.Field != c.field || p.Offset != c.at {
				t.Errorf("blames %s at %d, want %s at %d: %v", p.Field, p.Offset, c.field, c.at, err)
			}
		})
	}
}

// The bad-dgram vectors went through Tomcat's own classes.
func TestMemberBadVectors(t *testing.T) {
	for _, v := range load(t, "bad-dgram-") {
		_, n, err := ParseMember(v.Bytes)
		if valid := v.Fields["valid"].(bool); (err == nil) != valid {
			t.Errorf("%s: err = %v, Tomcat: %s", v.Name, err, v.Fields["tomcat"])
		}
		if v.Name == "bad-dgram-trailing-bytes" && string(v.Bytes[n:]) != "JUNK" {
			t.Errorf("%s: took %d bytes of %d", v.Name, n, len(v.Bytes))
		}
	}
}

func TestMemberAppendRefuses(t *testing.T) {
	for name, m := range map[string]Member{
		"a host that no length byte can say": {Host: make([]byte, 128)},
		"more than a datagram":               {Payload: make([]byte, MaxMember-72)},
	} {
		if b, err := m.AppendTo([]byte("x")); err == nil || string(b) != "x" {
			t.Errorf("%s: err = %v, %d bytes", name, err, len(b))
		}
	}
	largest := Member{Payload: make([]byte, MaxMember-73)}
	b, err := largest.AppendTo(nil)
	if err != nil || len(b) != MaxMember {
		t.Fatalf("the largest record: %d bytes, %v", len(b), err)
	}
	if _, _, err := ParseMember(b); err != nil {
		t.Errorf("the largest record does not parse: %v", err)
	}
}

func TestMemberCloneSharesNothing(t *testing.T) {
	b := bytes.Clone(one(t, "member-v1-all").Bytes)
	m, _, err := ParseMember(b)
	if err != nil {
		t.Fatal(err)
	}
	c := m.Clone()
	clear(b)
	if again, err := c.AppendTo(nil); err != nil || !bytes.Equal(again, one(t, "member-v1-all").Bytes) {
		t.Errorf("the clone changed with its source: %x, %v", again, err)
	}
}

func TestMemberAddresses(t *testing.T) {
	for _, c := range []struct {
		host []byte
		port int32
		want string // empty: nothing to connect to
	}{
		{[]byte{10, 0, 0, 7}, 4000, "10.0.0.7:4000"},
		{netip.MustParseAddr("2001:db8::1").AsSlice(), 65535, "[2001:db8::1]:65535"},
		{[]byte{10, 0, 0, 7}, 0, ""},
		{[]byte{10, 0, 0, 7}, 65536, ""},
		{[]byte{10, 0, 0, 7}, -1, ""},
		{[]byte{10, 0, 0}, 4000, ""},
		{nil, 4000, ""},
	} {
		m := Member{Host: c.host, Port: c.port}
		ap, ok := m.AddrPort()
		if ok != (c.want != "") || ok && ap.String() != c.want {
			t.Errorf("host %v port %d: %v, %v, want %q", c.host, c.port, ap, ok, c.want)
		}
	}
}

func TestMemberSame(t *testing.T) {
	a := Member{Host: []byte{10, 0, 0, 7}, Port: 4000, ID: UniqueID{1}}
	b := a.Clone()
	b.Domain, b.Payload, b.Command, b.Alive, b.UDPPort = []byte("d"), []byte("p"), []byte("c"), 9, 9
	if !a.Same(&b) {
		t.Error("domain, payload, command, alive and UDP port do not make another member")
	}
	for name, change := range map[string]func(*Member){
		"host": func(m *Member) { m.Host = []byte{10, 0, 0, 8} },
		"port": func(m *Member) { m.Port++ },
		"id":   func(m *Member) { m.ID[15]++ },
	} {
		c := a.Clone()
		change(&c)
		if a.Same(&c) {
			t.Errorf("another %s makes another member", name)
		}
	}
}

func TestAliveTime(t *testing.T) {
	for ms, want := range map[int64]time.Duration{
		10035:         10035 * time.Millisecond,
		-1:            -time.Millisecond,
		math.MaxInt64: math.MaxInt64 / time.Millisecond * time.Millisecond,
		math.MinInt64: -math.MaxInt64 / time.Millisecond * time.Millisecond,
	} {
		if got := (&Member{Alive: ms}).AliveTime(); got != want {
			t.Errorf("alive %d is %v, want %v", ms, got, want)
		}
	}
}
