package tribes

import (
	"bytes"
	"testing"
)

func TestParseDomain(t *testing.T) {
	for in, want := range map[string]string{
		"":                "",
		"staging":         "staging",
		"caf\u00e9":       "caf\xe9",
		"{1,-2,127,-128}": "\x01\xfe\x7f\x80",
		"{}":              "",
		"a{1,2}":          "a{1,2}",
	} {
		if got, err := ParseDomain(in); err != nil || !bytes.Equal(got, []byte(want)) {
			t.Errorf("ParseDomain(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"{1, 2}", "{1", "{128}", "{-129}", "{a}", "{1,}", "\u20ac"} {
		if got, err := ParseDomain(in); err == nil {
			t.Errorf("ParseDomain(%q) = %q, want an error", in, got)
		}
	}
}
