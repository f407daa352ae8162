package tlspsk

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"testing"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The values are those of RFC 8448, section 3 (simple 1-RTT handshake).
func TestScheduleRFC8448(t *testing.T) {
	h := crypto.SHA256
	s := newSchedule(h, nil)
	shared := unhex(t, "8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d")
	for _, c := range []struct {
		name string
		got  []byte
		want string
	}{
		{"early secret", s.early, "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a"},
		{"derived", deriveSecret(h, s.early, "derived", sum(h, nil)), "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba"},
		{"handshake secret", extract(h, deriveSecret(h, s.early, "derived", sum(h, nil)), shared), "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac"},
		{"server write key", expandLabel(h, unhex(t, "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38"), "key", nil, 16), "3fce516009c21727d0f2e4e86ee403bc"},
		{"server write iv", expandLabel(h, unhex(t, "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38"), "iv", nil, 12), "5d313eb2671276ee13000b30"},
		// Section 4: the early secret of a pre-shared key.
		{"early secret of a key", newSchedule(h, unhex(t, "4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3")).early, "9b2188e9b2fc6d64d71dc329900e20bb41915000f678aa839cbb797cb7d8332c"},
	} {
		if want := unhex(t, c.want); !bytes.Equal(c.got, want) {
			t.Errorf("%s = %x, want %x", c.name, c.got, want)
		}
	}
}

// The PRF of TLS 1.2 with SHA-256, by the test vector that the IETF's list of TLS
// published for it.
func TestPRF(t *testing.T) {
	got := prf(crypto.SHA256, unhex(t, "9bbe436ba940f017b17652849a71db35"), "test label", unhex(t, "a0ba9f936cda311827a6f796ffd5198c"), 100)
	want := unhex(t, "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66")
	if !bytes.Equal(got, want) {
		t.Errorf("prf = %x, want %x", got, want)
	}
}
