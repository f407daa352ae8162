package advise

import (
	"strings"
	"testing"

	"muster/internal/verdict"
	"muster/tribes/release"
)

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		release string
		uses    Uses
		want    string
	}{
		{"11.0.20", Uses{}, "warn hint CVE-2026-34486, warn hint CVE-2026-34487"},
		{"11.0.20", Uses{Encryption: Used, Kubernetes: Unused}, "fail likely CVE-2026-34486"},
		{"11.0.20", Uses{Encryption: Unused, Kubernetes: Used}, "warn likely CVE-2026-34487"},
		{"11.0.29", Uses{TLS: Used}, "fail likely CVE-2026-133325"},
		{"11.0.29", Uses{TLS: Unused}, ""},
		{"11.0.24", Uses{Encryption: Used, TLS: Used, Kubernetes: Used}, ""},
		{"11", Uses{Encryption: Used}, ""},
	} {
		r, err := release.Parse(c.release)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range Verdicts("n1", r, c.uses) {
			cve := "none"
			for word := range strings.FieldsSeq(v.Saw) {
				if strings.HasPrefix(word, "CVE-") {
					cve = strings.TrimRight(word, ":")
					break
				}
			}
			got = append(got, string(v.Status)+" "+string(v.Confidence)+" "+cve)
			if v.ID != "config.advisory" || len(v.Fix) == 0 || v.Confidence == verdict.Definite {
				t.Errorf("%+v", v)
			}
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s %+v: %q, want %q", c.release, c.uses, got, c.want)
		}
	}
}
