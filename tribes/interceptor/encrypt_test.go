package interceptor

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"muster/internal/vectors"
)

const vectorFile = "../testdata/tribes-vectors.json"

func load(t testing.TB, prefixes ...string) []vectors.Vector {
	t.Helper()
	return vectors.Load(t, vectorFile, prefixes...)
}

func one(t testing.TB, name string) vectors.Vector {
	t.Helper()
	return vectors.One(t, vectorFile, name)
}

func encryptionOf(t testing.TB, algorithm, key string, timestamped bool) *Encryption {
	t.Helper()
	a, err := ParseAlgorithm(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	k, err := ParseKey(key)
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewEncryption(a, k, timestamped)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Messages that real Tomcats encrypted are opened, sealed again under the same
// IV to the same bytes, and judged as Tomcat judged them.
func TestEncryptVectors(t *testing.T) {
	for _, v := range load(t, "encrypt-") {
		timestamped := !strings.Contains(v.Name, "@9.0.70")
		e := encryptionOf(t, v.Text(t, "algorithm"), " "+strings.ToUpper(v.Text(t, "key"))+"\n", timestamped)
		s, err := e.Open(v.Bytes)
		if err != nil || !bytes.Equal(s.Message, v.Unhex(t, "plain")) {
			t.Errorf("%s: %x, %v", v.Name, s.Message, err)
			continue
		}
		sent := v.Int(t, "timestamp")
		if timestamped && s.Timestamp != sent {
			t.Errorf("%s: timestamp %d, want %d", v.Name, s.Timestamp, sent)
		}
		if again := e.sealWith(s.IV, s.Message, sent); !bytes.Equal(again, v.Bytes) {
			t.Errorf("%s: sealed again %x, want %x", v.Name, again, v.Bytes)
		}
		if len(v.Bytes) != int(v.Int(t, "messageLen")) {
			t.Errorf("%s: %d bytes", v.Name, len(v.Bytes))
		}
		if !timestamped {
			continue
		}
		r := NewReplay()
		const generated = 1795294838223 // when the vectors were made
		first, second := r.Check(s, time.UnixMilli(generated+1000)), r.Check(s, time.UnixMilli(generated+1000))
		if dropped := v.Text(t, "selfDecrypt") == "dropped"; (first != nil) != dropped {
			t.Errorf("%s: first time %v", v.Name, first)
		}
		if second == nil {
			t.Errorf("%s: taken twice", v.Name)
		}
	}
}

// Every mode, beside what the JDK makes of the same key, IV and plaintext:
// testdata/Ciphers.java.
func TestCiphersOfTheJDK(t *testing.T) {
	raw, err := os.ReadFile("testdata/ciphers.txt")
	if err != nil {
		t.Fatal(err)
	}
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(strings.Trim(s, "-"))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	lines := 0
	for line := range strings.Lines(string(raw)) {
		lines++
		f := strings.Fields(line)
		e := encryptionOf(t, f[0], f[1], false)
		iv, plain := unhex(f[2]), unhex(f[3])
		want := append(bytes.Clone(iv), unhex(f[4])...)
		if got := e.sealWith(iv, plain, 0); !bytes.Equal(got, want) {
			t.Errorf("%s of %d bytes:\n got %x\nwant %x", f[0], len(plain), got, want)
		}
		if s, err := e.Open(want); err != nil || !bytes.Equal(s.Message, plain) {
			t.Errorf("%s of %d bytes opened: %x, %v", f[0], len(plain), s.Message, err)
		}
	}
	if lines != 42 {
		t.Errorf("%d lines", lines)
	}
}

func TestSealUsesFreshIVs(t *testing.T) {
	e := encryptionOf(t, AlgorithmGCM, "00112233445566778899aabbccddeeff", true)
	a, b := e.Seal([]byte("m"), 1), e.Seal([]byte("m"), 1)
	if bytes.Equal(a[:12], b[:12]) {
		t.Error("one IV twice")
	}
	for _, c := range [][]byte{a, b} {
		if s, err := e.Open(c); err != nil || string(s.Message) != "m" || s.Timestamp != 1 {
			t.Errorf("%+v, %v", s, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	v := one(t, "encrypt-gcm128")
	e := encryptionOf(t, AlgorithmGCM, v.Text(t, "key"), true)
	cbc := encryptionOf(t, AlgorithmCBC, v.Text(t, "key"), true)
	wrong := encryptionOf(t, AlgorithmGCM, "ff112233445566778899aabbccddeeff", true)
	for name, c := range map[string]struct {
		e *Encryption
		b []byte
	}{
		"another key":         {wrong, v.Bytes},
		"another algorithm":   {cbc, v.Bytes},
		"nothing":             {e, nil},
		"less than an IV":     {e, v.Bytes[:11]},
		"an IV alone":         {e, v.Bytes[:12]},
		"CBC of an IV alone":  {cbc, v.Bytes[:16]},
		"CBC of half a block": {cbc, v.Bytes[:24]},
		"what is plain":       {e, []byte("the quick brown fox jumps over the lazy dog")},
		"a bit turned over":   {e, append(append([]byte{}, v.Bytes[:20]...), append([]byte{v.Bytes[20] ^ 1}, v.Bytes[21:]...)...)},
	} {
		if s, err := c.e.Open(c.b); !errors.Is(err, ErrDecrypt) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	// The older form, opened as the newer one: too short for a timestamp.
	old := encryptionOf(t, AlgorithmGCM, v.Text(t, "key"), false)
	if _, err := e.Open(old.Seal([]byte("short"), 0)); err == nil || !strings.Contains(err.Error(), "older form") {
		t.Errorf("the older form: %v", err)
	}
}

func TestParseAlgorithm(t *testing.T) {
	for s, want := range map[string]string{
		"AES/GCM/NoPadding": AlgorithmGCM, "aes/cbc/pkcs5padding": AlgorithmCBC, "AES/CFB/PKCS5Padding": "AES/CFB/PKCS5Padding",
		"AES/OFB/PKCS5Padding": "AES/OFB/PKCS5Padding", "DESede/CBC/PKCS5Padding": "DESede/CBC/PKCS5Padding",
	} {
		if a, err := ParseAlgorithm(s); err != nil || a.String() != want {
			t.Errorf("%s: %v, %v", s, a, err)
		}
	}
	for _, s := range []string{"", "AES", "AES/CBC", "AES/CBC/PKCS5Padding/x", "AES/ECB/PKCS5Padding", "AES/PCBC/PKCS5Padding", "AES/CTS/NoPadding",
		"AES/KW/NoPadding", "AES/KWP/NoPadding", "AES/CTR/NoPadding", "AES/NONE/NoPadding", "AES/CFB8/PKCS5Padding", "AES/OFB32/PKCS5Padding",
		"AES/CBC/NoPadding", "AES/CFB/NoPadding", "AES/OFB/NoPadding", "AES/GCM/PKCS5Padding", "DESede/GCM/NoPadding", "Blowfish/CBC/PKCS5Padding",
		"AES/XYZ/PKCS5Padding", "AES/CBC/ISO10126Padding"} {
		if a, err := ParseAlgorithm(s); err == nil {
			t.Errorf("%q is %v", s, a)
		}
	}
}

func TestKeys(t *testing.T) {
	for _, s := range []string{"", "  ", "0", "0g", "00 11"} {
		if k, err := ParseKey(s); err == nil {
			t.Errorf("%q is %x", s, k)
		} else if s != "" && s != "0" && strings.TrimSpace(s) != "" && strings.Contains(err.Error(), s) {
			t.Errorf("the error repeats the key: %v", err)
		}
	}
	aes, des := Algorithm{Cipher: "AES", Mode: "CBC", Padding: true}, Algorithm{Cipher: "DESede", Mode: "CBC", Padding: true}
	for _, c := range []struct {
		a  Algorithm
		n  int
		ok bool
	}{{aes, 16, true}, {aes, 24, true}, {aes, 32, true}, {aes, 8, false}, {aes, 20, false}, {des, 24, true}, {des, 16, false}} {
		if _, err := NewEncryption(c.a, make([]byte, c.n), false); (err == nil) != c.ok {
			t.Errorf("%v with a key of %d bytes: %v", c.a, c.n, err)
		}
	}
}

func TestReplayWindow(t *testing.T) {
	r := &Replay{Window: 10 * time.Second, Count: 2}
	now := time.UnixMilli(1_000_000)
	check := func(iv string, at int64) error { return r.Check(Sealed{IV: []byte(iv), Timestamp: at}, now) }
	for _, c := range []struct {
		name string
		iv   string
		at   int64
		ok   bool
	}{
		{"10 s ago", "a", 990_000, true},
		{"a little more than 10 s ago", "b", 989_999, false},
		{"in 10 s", "b", 1_010_000, true},
		{"in a little more than 10 s", "c", 1_010_001, false},
		{"the first again", "a", 1_000_000, false},
		{"a third, which pushes the first out", "c", 1_000_000, true},
		{"the first again, as old as what was pushed out", "a", 990_000, false},
		{"the first IV with a later time", "a", 990_001, true},
		{"as old as the newest pushed out", "d", 1_009_999, false},
		{"the very distant past", "e", -1 << 63, false},
		{"the very distant future", "f", 1<<63 - 1, false},
	} {
		if err := check(c.iv, c.at); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if len(r.seen) != 2 || len(r.ring) != 2 {
		t.Errorf("remembers %d and %d", len(r.seen), len(r.ring))
	}
}

func FuzzOpen(f *testing.F) {
	for _, v := range load(f, "encrypt-") {
		f.Add(v.Bytes, []byte("m"))
	}
	var all []*Encryption
	for _, a := range []string{AlgorithmGCM, AlgorithmCBC, "AES/CFB/PKCS5Padding", "AES/OFB/PKCS5Padding", "DESede/CBC/PKCS5Padding"} {
		all = append(all, encryptionOf(f, a, strings.Repeat("0123456789abcdef", 3), true), encryptionOf(f, a, strings.Repeat("0123456789abcdef", 3), false))
	}
	f.Fuzz(func(t *testing.T, b, message []byte) {
		for _, e := range all {
			if s, err := e.Open(b); err == nil {
				if again := e.sealWith(s.IV, s.Message, s.Timestamp); !bytes.Equal(again, b) {
					t.Fatalf("%v: opened and sealed again %x, was %x", e.Algorithm, again, b)
				}
			}
			s, err := e.Open(e.Seal(message, 7))
			if err != nil || !bytes.Equal(s.Message, message) {
				t.Fatalf("%v: sealed %x, opened %x, %v", e.Algorithm, message, s.Message, err)
			}
		}
	})
}
