package escape_test

import (
	"strings"
	"testing"
	"unicode"

	"muster/internal/escape"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"plain text":           "plain text",
		"":                     "",
		"caf\u00e9":            "caf\u00e9",
		"\x1b[2J\x1b[31mred":   `\x1b[2J\x1b[31mred`,
		"a\nb\r\tc\x00\x7f":    `a\nb\r\tc\x00\x7f`,
		"\u202eevil":           `\u202eevil`,
		"\u009b31m":            `\u009b31m`,
		"\xff\xfe":             `\xff\xfe`,
		`back\slash`:           `back\\slash`,
		"\u2028line separator": `\u2028line separator`,
	} {
		if got := escape.Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("\x1b]0;title\x07"))
	f.Fuzz(func(t *testing.T, p []byte) {
		got := escape.Bytes(p)
		for _, r := range got {
			if !unicode.IsPrint(r) {
				t.Fatalf("%q: %U is not printable", got, r)
			}
		}
		if len(p) > 0 && got == "" {
			t.Fatalf("%q became nothing", p)
		}
		if strings.ContainsRune(got, unicode.ReplacementChar) && !strings.ContainsRune(string(p), unicode.ReplacementChar) {
			t.Fatalf("%q: a byte was lost", got)
		}
	})
}
