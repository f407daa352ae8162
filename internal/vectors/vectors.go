// Package vectors reads the test vectors of the cluster protocol: bytes that
// Tomcat's own classes produced, and what they hold. Only tests import it.
package vectors

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// Vector is one entry of tribes/testdata/tribes-vectors.json.
type Vector struct {
	Name   string         `json:"name"`
	Source string         `json:"source"` // the code that made the bytes
	Hex    string         `json:"hex"`
	Fields map[string]any `json:"fields"` // what the bytes hold, as that code says
	Note   string         `json:"note"`

	Bytes []byte `json:"-"` // Hex, decoded
}

// Load returns the vectors of the file at path whose names begin with one of
// the prefixes, in the file's order. It fails the test when a prefix names none.
func Load(t testing.TB, path string, prefixes ...string) []Vector {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all, out []Vector
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, v := range all {
		for _, p := range prefixes {
			if strings.HasPrefix(v.Name, p) {
				if v.Bytes, err = hex.DecodeString(v.Hex); err != nil {
					t.Fatalf("%s: %v", v.Name, err)
				}
				out = append(out, v)
				used[p] = true
				break
			}
		}
	}
	for _, p := range prefixes {
		if !used[p] {
			t.Fatalf("no vector is named %q...", p)
		}
	}
	return out
}

// One returns the vector of exactly this name.
func One(t testing.TB, path, name string) Vector {
	t.Helper()
	for _, v := range Load(t, path, name) {
		if v.Name == name {
			return v
		}
	}
	t.Fatalf("no vector is named %q", name)
	return Vector{}
}

// Text and Int read a field; they fail the test when it is not there.
func (v Vector) Text(t testing.TB, field string) string {
	t.Helper()
	s, ok := v.Fields[field].(string)
	if !ok {
		t.Fatalf("%s: field %s is %v, no text", v.Name, field, v.Fields[field])
	}
	return s
}

func (v Vector) Int(t testing.TB, field string) int64 {
	t.Helper()
	f, ok := v.Fields[field].(float64)
	if !ok {
		t.Fatalf("%s: field %s is %v, no number", v.Name, field, v.Fields[field])
	}
	return int64(f)
}

// Unhex reads a field of hex digits.
func (v Vector) Unhex(t testing.TB, field string) []byte {
	t.Helper()
	b, err := hex.DecodeString(v.Text(t, field))
	if err != nil {
		t.Fatalf("%s: field %s: %v", v.Name, field, err)
	}
	return b
}
