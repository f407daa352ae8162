package tlspsk

import (
	"crypto"
	_ "crypto/sha256" // the two hashes of the suites
	_ "crypto/sha512"
	"errors"
	"fmt"
	"strings"
)

// Version is a protocol version as it is on the wire.
type Version uint16

const (
	TLS12 Version = 0x0303
	TLS13 Version = 0x0304
)

func (v Version) String() string {
	switch v {
	case TLS12:
		return "TLSv1.2"
	case TLS13:
		return "TLSv1.3"
	}
	return fmt.Sprintf("version 0x%04x", uint16(v))
}

// Config is what both sides of a connection must have alike: Tomcat's pskIdentity,
// pskKey, pskProtocol and pskDigest.
type Config struct {
	Identity string
	Key      []byte
	// Versions are offered or taken; nil means both.
	Versions []Version
	// SHA384 takes the suites with AES-256 and SHA-384 in place of those with AES-128
	// and SHA-256 (pskDigest).
	SHA384 bool
}

// MaxKey is the longest key that OpenSSL takes (PSK_MAX_PSK_LEN of 1.1.1 and later), in bytes.
const MaxKey = 512

// ParseProtocol reads Tomcat's pskProtocol: "TLSv1.3" or "TLSv1.2"; "" is both.
func ParseProtocol(s string) ([]Version, error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "":
		return nil, nil
	case "tlsv1.3", "1.3":
		return []Version{TLS13}, nil
	case "tlsv1.2", "1.2":
		return []Version{TLS12}, nil
	}
	return nil, fmt.Errorf("pskProtocol is TLSv1.3 or TLSv1.2, not %q", s)
}

func (c *Config) check() error {
	switch {
	case c.Identity == "":
		return errors.New("a pre-shared key needs an identity")
	case len(c.Identity) > 0xffff:
		return errors.New("the identity of the pre-shared key is longer than 65,535 bytes")
	case len(c.Key) == 0:
		return errors.New("the pre-shared key is empty")
	case len(c.Key) > MaxKey:
		return fmt.Errorf("the pre-shared key has %d bytes, more than %d", len(c.Key), MaxKey)
	}
	return nil
}

func (c *Config) has(v Version) bool {
	if c.Versions == nil {
		return v == TLS12 || v == TLS13
	}
	for _, w := range c.Versions {
		if v == w {
			return true
		}
	}
	return false
}

// suite is a cipher suite of this package.
type suite struct {
	id     uint16
	name   string
	hash   crypto.Hash
	keyLen int
}

var (
	suite13Short = suite{0x1301, "TLS_AES_128_GCM_SHA256", crypto.SHA256, 16}
	suite13Long  = suite{0x1302, "TLS_AES_256_GCM_SHA384", crypto.SHA384, 32}
	suite12Short = suite{0x00a8, "TLS_PSK_WITH_AES_128_GCM_SHA256", crypto.SHA256, 16}
	suite12Long  = suite{0x00a9, "TLS_PSK_WITH_AES_256_GCM_SHA384", crypto.SHA384, 32}
)

func (c *Config) suite(v Version) suite {
	switch {
	case v == TLS13 && c.SHA384:
		return suite13Long
	case v == TLS13:
		return suite13Short
	case c.SHA384:
		return suite12Long
	}
	return suite12Short
}
