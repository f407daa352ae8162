package tribes

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// vector is one entry of testdata/tribes-vectors.json: bytes that Tomcat's own
// classes produced, and what they hold.
type vector struct {
	Name   string         `json:"name"`
	Source string         `json:"source"`
	Hex    string         `json:"hex"`
	Fields map[string]any `json:"fields"`
	Note   string         `json:"note"`

	bytes []byte
}

func vectors(t testing.TB, prefixes ...string) []vector {
	t.Helper()
	raw, err := os.ReadFile("testdata/tribes-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var all, out []vector
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		for _, p := range prefixes {
			if strings.HasPrefix(v.Name, p) {
				if v.bytes, err = hex.DecodeString(v.Hex); err != nil {
					t.Fatalf("%s: %v", v.Name, err)
				}
				out = append(out, v)
				break
			}
		}
	}
	if len(out) == 0 {
		t.Fatalf("no vector is named %q...", prefixes)
	}
	return out
}
