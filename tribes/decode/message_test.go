package decode

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"muster/internal/vectors"
	"muster/tribes"
	"muster/tribes/interceptor"
	"muster/tribes/javaser"
)

func one(t testing.TB, name string) vectors.Vector {
	t.Helper()
	return vectors.One(t, vectorFile, name)
}

// What a message is, by its bytes and its options.
func TestKinds(t *testing.T) {
	v := func(name string) []byte { return one(t, name).Bytes }
	for _, c := range []struct {
		name    string
		message []byte
		options tribes.Options
		want    Kind
	}{
		{"text", []byte("hello"), tribes.ByteMessage, Bytes},
		{"no bytes", nil, tribes.ByteMessage, Bytes},
		{"null", nil, 0, JavaObject},
		{"a string", []byte("\xac\xed\x00\x05\x74\x00\x01x"), 2, JavaObject},
		{"failure detector", v("payload-tcp-failure-detector"), tribes.ByteMessage, FailureDetector},
		{"ping", v("payload-tcp-ping"), 0, TCPPing},
		{"static start", v("static-MEMBER_START"), 0, StaticStart},
		{"static stop", v("static-MEMBER_STOP"), 0, StaticStop},
		{"election", v("coordination-request"), 2, Coordination},
		{"election, the old alive", v("const-COORD_ALIVE"), 2, Coordination},
		{"confirmation", v("twophase-1"), 3, TwoPhase},
		{"slice", v("frag-1"), 1, Fragment},
		{"no slice", v("frag-none"), 1, Bytes},
		{"session", v("ser-session-SESSION_DELTA"), 8, Session},
		{"session of 7.0", v("ser-session70-4"), 8, Session},
		{"rpc", v("ser-rpc-request"), 2, RPC},
		{"nobody's rpc", v("ser-rpc-norpcchannel"), 8, RPC},
		{"map", v("ser-map-BACKUP"), 6, Map},
		{"static member", v("ser-static-member-message"), 8, StaticMember},
		{"file", v("ser-file-message"), 8, File},
		{"undeploy", v("ser-undeploy-message-noaddr"), 8, Undeploy},
		{"enum", v("ser-map-state-enum"), 8, JavaObject},
		{"encrypted", v("encrypt-gcm128"), 8, Encrypted},
		{"encrypted bytes, which nothing tells", v("encrypt-gcm128"), 9, Bytes},
		{"gzip", v("gzip-64a"), tribes.Gzip | tribes.ByteMessage, Bytes},
		{"a Java object in bytes", v("ser-rpc-request"), tribes.ByteMessage, Bytes},
	} {
		got := Message(&tribes.ChannelData{Options: c.options, Message: c.message})
		if got.Kind != c.want || got.Err != nil {
			t.Errorf("%s: %s, %v, want %s", c.name, got.Kind, got.Err, c.want)
		}
	}
}

// Each event's data is read with its message.
func TestSessionContent(t *testing.T) {
	read := func(name string) *SessionContent {
		c := Message(&tribes.ChannelData{Message: one(t, name).Bytes})
		if c.Err != nil || c.Session == nil {
			t.Fatalf("%s: %+v", name, c)
		}
		return c.Session
	}
	if s := read("ser-session-SESSION_DELTA"); s.Delta == nil || len(s.Delta.Actions) != 6 || s.SessionID != "5E55102A.node1" {
		t.Errorf("delta: %+v", s)
	}
	if s := read("ser-session-ALL_SESSION_DATA"); len(s.Sessions) != 1 || s.Sessions[0].ID != "5E55102A.node1" {
		t.Errorf("list: %+v", s)
	}
	if s := read("ser-session-CHANGE_SESSION_ID"); s.NewID != "NEW1D.node2" {
		t.Errorf("id: %+v", s)
	}
	if s := read("ser-session-GET_ALL_SESSIONS"); s.Delta != nil || s.Sessions != nil || s.NewID != "" {
		t.Errorf("get all: %+v", s)
	}
}

func TestMapContent(t *testing.T) {
	c := Message(&tribes.ChannelData{Message: one(t, "ser-map-BACKUP").Bytes})
	if c.Map == nil || javaser.View(c.Map.KeyValue, javaser.ViewOptions{}) != "5E55102A.node1" ||
		javaser.View(c.Map.ValueValue, javaser.ViewOptions{}) != "v1" || len(c.Map.Nodes) != 1 {
		t.Errorf("%+v", c.Map)
	}
	// A session as value, a delta as difference: what a BackupManager sends.
	m := *c.Map.MapMessage
	m.Value, m.Diff, m.DiffValue = one(t, "ser-delta-session").Bytes, true, one(t, "delta-request").Bytes
	b, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	c = Message(&tribes.ChannelData{Message: b})
	if c.Err != nil || c.Map.Session == nil || c.Map.Session.ID != "5E55102A.node1" || c.Map.Delta == nil || len(c.Map.Delta.Actions) != 6 {
		t.Errorf("%+v, %v", c.Map, c.Err)
	}
	m.Key, m.DiffValue = []byte("no stream"), []byte("no delta")
	if b, err = m.Append(nil); err != nil {
		t.Fatal(err)
	}
	if c = Message(&tribes.ChannelData{Message: b}); c.Kind != Map || c.Err == nil || c.Map.Session == nil {
		t.Errorf("what is wrong hides what is right: %+v, %v", c.Map, c.Err)
	}
}

func TestInnerMessages(t *testing.T) {
	inner, _, err := javaser.ParseFirst(one(t, "ser-map-INIT").Bytes, javaser.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	rpc := Message(&tribes.ChannelData{Message: one(t, "ser-rpc-request").Bytes}).RPC
	rpc.Message = inner
	b, err := rpc.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := Message(&tribes.ChannelData{Message: b})
	if c.Kind != RPC || c.Inner == nil || c.Inner.Kind != Map || c.Inner.Map.Type.String() != "INIT" {
		t.Errorf("%+v", c)
	}
}

// What is broken inside says so, and keeps its kind.
func TestBrokenInside(t *testing.T) {
	for name, c := range map[string]struct {
		message []byte
		options tribes.Options
		want    Kind
	}{
		"a stream that ends":        {one(t, "ser-rpc-request").Bytes[:60], 0, JavaObject},
		"a header that ends":        {[]byte("\xac\xed"), 0, JavaObject},
		"a stream that breaks off":  {[]byte("\xac\xed\x00\x05\x01"), 0, JavaObject},
		"a delta that is none":      {bytes.Replace(one(t, "ser-session-SESSION_DELTA").Bytes, []byte("\xac\xed\x00\x05w$"), []byte("\xac\xed\x00\x05w%"), 1), 0, Session},
		"a class of another shape":  {bytes.Replace(one(t, "ser-map-INIT").Bytes, []byte("msgtype"), []byte("msgtypo"), 1), 0, JavaObject},
		"an election that ends":     {one(t, "coordination-request").Bytes[:100], 0, Coordination},
		"gzip that is none":         {[]byte("\x1f\x8b\x08 is no gzip"), tribes.Gzip | tribes.ByteMessage, Bytes},
		"gzip of Java that is none": {[]byte("\x1f\x8b\x08 is no gzip"), tribes.Gzip, JavaObject},
	} {
		got := Message(&tribes.ChannelData{Options: c.options, Message: c.message})
		if got.Kind != c.want || got.Err == nil {
			t.Errorf("%s: %s, %v, want %s and an error", name, got.Kind, got.Err, c.want)
		}
	}
}

func keyed(t testing.TB, key string) *Decoder {
	t.Helper()
	k, err := hex.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	d := &Decoder{}
	for _, name := range []string{interceptor.AlgorithmGCM, interceptor.AlgorithmCBC} {
		a, err := interceptor.ParseAlgorithm(name)
		if err != nil {
			t.Fatal(err)
		}
		e, err := interceptor.NewEncryption(a, k, false)
		if err != nil {
			t.Fatal(err)
		}
		d.Encryption = append(d.Encryption, e)
	}
	return d
}

// With the key both forms open, and what is below the EncryptInterceptor stays
// what it is.
func TestDecryption(t *testing.T) {
	for _, v := range vectors.Load(t, vectorFile, "encrypt-") {
		d := keyed(t, v.Text(t, "key"))
		c := &tribes.ChannelData{Options: tribes.ByteMessage, Timestamp: v.Int(t, "timestamp"), Message: v.Bytes}
		got := d.Message(c)
		if got.Err != nil || got.Kind != Bytes || !bytes.Equal(got.Message, v.Unhex(t, "plain")) || got.Opened.Algorithm.String() != v.Text(t, "algorithm") {
			t.Errorf("%s: %+v", v.Name, got)
		}
		if newer := !strings.Contains(v.Name, "@9.0.70"); (got.Sealed.Timestamp != 0) != newer {
			t.Errorf("%s: timestamp %d", v.Name, got.Sealed.Timestamp)
		}
	}
	d := keyed(t, "00112233445566778899aabbccddeeff")
	probe := d.Message(&tribes.ChannelData{Options: tribes.ByteMessage, Message: []byte(tribes.FailureDetectorTest)})
	if probe.Kind != FailureDetector || probe.Sealed != nil || probe.Err != nil {
		t.Errorf("a probe: %+v", probe)
	}
	wrong := keyed(t, "ff112233445566778899aabbccddeeff").Message(&tribes.ChannelData{Message: one(t, "encrypt-gcm128").Bytes})
	if wrong.Kind != Encrypted || !errors.Is(wrong.Err, interceptor.ErrDecrypt) {
		t.Errorf("another key: %+v", wrong)
	}
	sealed := d.Encryption[0].Seal(one(t, "ser-session-GET_ALL_SESSIONS").Bytes, 5)
	if got := d.Message(&tribes.ChannelData{Message: sealed}); got.Kind != Session || got.Session.Context != "localhost#/app" {
		t.Errorf("a sealed session: %+v", got)
	}
	if got := d.Message(&tribes.ChannelData{Message: d.Encryption[0].Seal([]byte("junk"), 5)}); got.Kind != JavaObject || got.Err == nil {
		t.Errorf("sealed junk: %+v", got)
	}
}

// Gzip and encryption are undone in whichever order they were done.
func TestLayers(t *testing.T) {
	d := keyed(t, "00112233445566778899aabbccddeeff")
	plain := one(t, "ser-session-GET_ALL_SESSIONS").Bytes
	_, zipped, err := interceptor.Gzip{}.Compress(0, plain)
	if err != nil {
		t.Fatal(err)
	}
	_, outside, err := interceptor.Gzip{}.Compress(0, d.Encryption[0].Seal(plain, 1))
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string][]byte{"gzip inside": d.Encryption[0].Seal(zipped, 1), "gzip outside": outside} {
		got := d.Message(&tribes.ChannelData{Options: tribes.Gzip, Message: m})
		if got.Kind != Session || !got.Gzip || got.Sealed == nil || got.Err != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	got := Message(&tribes.ChannelData{Options: 8, Message: zipped}) // 8.5 sets no bit
	if got.Kind != Session || !got.Gzip {
		t.Errorf("gzip of 8.5: %+v", got)
	}
	d.Limit = 100
	if got := d.Message(&tribes.ChannelData{Options: tribes.Gzip, Message: zipped}); got.Err == nil {
		t.Errorf("more than the limit: %+v", got)
	}
}

func TestTrailing(t *testing.T) {
	m := append(bytes.Clone(one(t, "ser-rpc-request").Bytes), 0, 0, 0, 7)
	if got := Message(&tribes.ChannelData{Message: m}); got.Kind != RPC || string(got.Trailing) != "\x00\x00\x00\x07" {
		t.Errorf("%+v", got)
	}
}

// A stream without an object around it is what a session message carries.
func TestStreams(t *testing.T) {
	for name, want := range map[string]func(Object) bool{
		"delta-request":     func(o Object) bool { return o.Session != nil && o.Session.Delta != nil },
		"session-list-one":  func(o Object) bool { return len(o.Sessions) == 1 },
		"session-id-blob":   func(o Object) bool { return o.Session != nil && o.Session.NewID == "NEW1D.node2" },
		"ser-delta-session": func(o Object) bool { return len(o.Sessions) == 1 },
		"ser-memberimpl":    func(o Object) bool { return o.Member != nil },
		"ser-bytemessage":   func(o Object) bool { return string(o.Bytes) == "abc" },
		"ser-map-INIT":      func(o Object) bool { return o.Map != nil },
	} {
		b := one(t, name).Bytes
		contents, err := javaser.Parse(b, javaser.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if o, err := (&Decoder{}).Stream(contents, b); err != nil || !want(o) {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
}

// FuzzMessage: no message, with or without a key, does more than say what it is.
func FuzzMessage(f *testing.F) {
	for _, v := range vectors.Load(f, vectorFile, "ser-", "gzip-", "frag-", "twophase-", "coordination-", "encrypt-", "payload-", "static-") {
		f.Add(v.Bytes, int32(8))
		f.Add(v.Bytes, int32(0x101))
	}
	d := keyed(f, "00112233445566778899aabbccddeeff")
	d.Java = javaser.Limits{Values: 1 << 14}
	d.Limit = 1 << 16
	plain := *d
	plain.Encryption = nil
	f.Fuzz(func(t *testing.T, message []byte, options int32) {
		for _, d := range []*Decoder{d, &plain} {
			c := d.Message(&tribes.ChannelData{Options: tribes.Options(options), Message: message})
			if c.Kind == "" {
				t.Fatal("of no kind")
			}
			if c.Gzip && len(c.Message) > d.Limit {
				t.Fatalf("%d bytes", len(c.Message))
			}
		}
	})
}
