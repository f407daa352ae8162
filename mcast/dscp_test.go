package mcast

import "testing"

func TestParseDSCP(t *testing.T) {
	for in, want := range map[string]int{
		"0": 0, "46": 46, "63": 63, "0x2e": 46, "ef": 46, "EF": 46, "cs0": 0, "cs1": 8, "CS7": 56,
		"af11": 10, "af41": 34, "af43": 38,
		"64": -1, "-1": -1, "": -1, "cs8": -1, "af10": -1, "af51": -1, "best": -1,
	} {
		got, err := ParseDSCP(in)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("%q: got %d, %v, want %d", in, got, err, want)
		}
	}
}
