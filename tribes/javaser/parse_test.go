package javaser

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"

	"muster/internal/vectors"
)

const vectorFile = "../testdata/tribes-vectors.json"

type fixture struct {
	name  string
	bytes []byte
}

// fixtures are streams that Java wrote: see testdata/Fixtures.java.
func fixtures(t testing.TB) []fixture {
	t.Helper()
	raw, err := os.ReadFile("testdata/fixtures.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []fixture
	for line := range strings.Lines(string(raw)) {
		name, digits, _ := strings.Cut(strings.TrimSpace(line), "\t")
		b, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fixture{name, b})
	}
	if len(all) < 120 {
		t.Fatalf("only %d fixtures", len(all))
	}
	return all
}

func fixtureOf(t testing.TB, name string) []byte {
	t.Helper()
	for _, f := range fixtures(t) {
		if f.name == name {
			return f.bytes
		}
	}
	t.Fatalf("no fixture %q", name)
	return nil
}

// tomcatStreams are the messages of real Tomcats in the protocol's vectors.
func tomcatStreams(t testing.TB) []fixture {
	t.Helper()
	var all []fixture
	for _, v := range vectors.Load(t, vectorFile, "ser-", "delta-", "session-") {
		all = append(all, fixture{v.Name, v.Bytes})
	}
	return all
}

// What Java wrote is read completely, and written again byte for byte.
func TestRoundTrip(t *testing.T) {
	for _, f := range append(fixtures(t), tomcatStreams(t)...) {
		t.Run(f.name, func(t *testing.T) {
			contents, err := Parse(f.bytes, Limits{})
			if f.name == "exception" {
				if !errors.Is(err, ErrAborted) || !strings.Contains(err.Error(), "java.io.NotSerializableException") {
					t.Fatalf("err = %v, want ErrAborted with the exception's name", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			again, err := Append(nil, contents...)
			if err != nil || !bytes.Equal(again, f.bytes) {
				t.Errorf("written again: %v\n got %x\nwant %x", err, again, f.bytes)
			}
		})
	}
}

// A stream cut anywhere is incomplete: no panic, no wrong verdict.
func TestCut(t *testing.T) {
	for _, f := range append(fixtures(t), tomcatStreams(t)...) {
		if f.name == "exception" || len(f.bytes) > 5000 {
			continue
		}
		_, whole, err := ParseFirst(f.bytes, Limits{})
		if err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
		for n := range whole {
			if _, _, err := ParseFirst(f.bytes[:n], Limits{}); !errors.Is(err, ErrIncomplete) {
				t.Fatalf("%s: %d of %d bytes: %v, want incomplete", f.name, n, whole, err)
			}
		}
	}
}
