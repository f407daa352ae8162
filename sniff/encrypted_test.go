package sniff

import (
	"bytes"
	"encoding/hex"
	"slices"
	"testing"

	"muster/internal/verdict"
	"muster/tribes"
	"muster/tribes/decode"
	"muster/tribes/interceptor"
)

func encryption(t *testing.T, algorithm, key string) *interceptor.Encryption {
	t.Helper()
	a, err := interceptor.ParseAlgorithm(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	k, err := hex.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	e, err := interceptor.NewEncryption(a, k, false)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// kinds plays a capture and counts its messages by what they are.
func kinds(t *testing.T, file string, o Options) (map[decode.Kind]int, *Sniffer) {
	t.Helper()
	found := map[decode.Kind]int{}
	o.Event = func(e *Event) {
		if e.Kind == Message {
			found[e.Content.Kind]++
		}
	}
	return found, read(t, file, o)
}

// A real encrypted cluster: with its key its sessions are read, with another key
// that is told.
func TestEncryptedCapture(t *testing.T) {
	const file, key = "encrypted.pcap", "cafebabecafebabecafebabecafebabe"
	locked, _ := kinds(t, file, Options{})
	open, _ := kinds(t, file, Options{Decoder: decode.Decoder{Encryption: []*interceptor.Encryption{
		encryption(t, interceptor.AlgorithmGCM, key), encryption(t, interceptor.AlgorithmCBC, key)}}})
	if locked[decode.Encrypted] == 0 || open[decode.Encrypted] != 0 || open[decode.Session] != locked[decode.Encrypted] {
		t.Errorf("without the key %v, with it %v", locked, open)
	}
	wrong, s := kinds(t, file, Options{Decoder: decode.Decoder{Encryption: []*interceptor.Encryption{encryption(t, interceptor.AlgorithmCBC, "00"+key[2:])}}})
	if wrong[decode.Encrypted] != locked[decode.Encrypted] {
		t.Errorf("with a wrong key %v", wrong)
	}
	for _, v := range s.Analysis.Verdicts() {
		if v.ID == "tribes.key-mismatch" && v.Status != verdict.Fail {
			t.Errorf("with a wrong key: %s: %s", v.Status, v.Saw)
		}
	}
}

// A Tomcat's session message, sealed in each mode, with the time of the message in it
// or without, is read as it was.
func TestEncryptedModes(t *testing.T) {
	var plain []byte
	var session string
	read(t, "nine-step-delta.pcap", Options{Event: func(e *Event) {
		if plain == nil && e.Kind == Message && e.Content.Session != nil && e.Content.Session.Delta != nil {
			plain, session = bytes.Clone(e.Data.Message), e.Content.Session.SessionID
		}
	}})
	const aes, des = "00112233445566778899aabbccddeeff", "0123456789abcdeffedcba987654321001234567890abcde"
	for algorithm, key := range map[string]string{
		interceptor.AlgorithmGCM: aes, interceptor.AlgorithmCBC: aes + aes[:16], "AES/CFB/PKCS5Padding": aes + aes,
		"AES/OFB/PKCS5Padding": aes, "DESede/CBC/PKCS5Padding": des,
	} {
		for _, timestamped := range []bool{false, true} {
			e := encryption(t, algorithm, key)
			seal := *e
			seal.Timestamped = timestamped
			var got []string
			w := newWire(t, Options{
				Decoder: decode.Decoder{Encryption: []*interceptor.Encryption{e}},
				Event: func(e *Event) {
					if e.Kind == Message && e.Content.Session != nil && e.Content.Session.Delta != nil && e.Content.Err == nil {
						got = append(got, e.Content.Session.SessionID)
					}
				},
			})
			m := node(11, 0)
			w.connect("10.77.0.11:50000", "10.77.0.12:4000", w.message(m, tribes.Asynchronous, 0, string(seal.Seal(plain, w.now/1e6))))
			if len(got) != 1 || got[0] != session || session == "" {
				t.Errorf("%s, timestamped %v: sessions %q, want %q", algorithm, timestamped, got, session)
			}
		}
	}
}

// With the key the members that encrypt alike are in order, and those that do not are
// told by what keeps them apart: the time stamp, or the algorithm.
func TestEncryptedMix(t *testing.T) {
	const key = "00112233445566778899aabbccddeeff"
	ciphers := []*interceptor.Encryption{encryption(t, interceptor.AlgorithmGCM, key), encryption(t, interceptor.AlgorithmCBC, key)}
	for _, c := range []struct {
		name   string
		cipher [2]int
		stamp  [2]bool
		failed []verdict.ID
	}{
		{"alike, older", [2]int{1, 1}, [2]bool{false, false}, nil},
		{"alike, newer", [2]int{0, 0}, [2]bool{true, true}, nil},
		{"a time stamp", [2]int{1, 1}, [2]bool{false, true}, []verdict.ID{"tribes.version-mix"}},
		{"an algorithm", [2]int{0, 1}, [2]bool{true, true}, []verdict.ID{"tribes.key-mismatch"}},
		{"both", [2]int{0, 1}, [2]bool{true, false}, []verdict.ID{"tribes.key-mismatch", "tribes.version-mix"}},
	} {
		w := newWire(t, Options{Decoder: decode.Decoder{Encryption: ciphers}})
		members := []*member{node(11, 0), node(12, 0)}
		w.beats(0, 3000, members...)
		for i, m := range members {
			seal := *ciphers[c.cipher[i]]
			seal.Timestamped = c.stamp[i]
			at := []string{"10.77.0.11", "10.77.0.12"}
			w.connect(at[i]+":50000", at[1-i]+":4000", w.message(m, tribes.Asynchronous, 0, string(seal.Seal([]byte(java), w.now/1e6))))
		}
		w.s.Finish()
		var failed []verdict.ID
		for _, v := range w.s.Analysis.Verdicts() {
			if v.Status == verdict.Fail {
				failed = append(failed, v.ID)
			}
		}
		slices.Sort(failed)
		if !slices.Equal(failed, c.failed) {
			t.Errorf("%s: %q, want %q", c.name, failed, c.failed)
		}
	}
}
