package interceptor

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// The default algorithms of EncryptInterceptor: CBC up to 9.0.120, 10.1.57 and
// 11.0.24, GCM since.
const (
	AlgorithmGCM = "AES/GCM/NoPadding"
	AlgorithmCBC = "AES/CBC/PKCS5Padding"
)

// Algorithm is a cipher in a mode, named as Java does: AES/GCM/NoPadding.
type Algorithm struct {
	Cipher  string // AES or DESede
	Mode    string // GCM, CBC, CFB or OFB
	Padding bool   // PKCS5Padding
}

func (a Algorithm) String() string {
	if a.Padding {
		return a.Cipher + "/" + a.Mode + "/PKCS5Padding"
	}
	return a.Cipher + "/" + a.Mode + "/NoPadding"
}

// ParseAlgorithm reads an encryptionAlgorithm. It refuses what Tomcat refuses,
// with Tomcat's reasons; of the ciphers that a JVM may have it knows AES and
// DESede.
func ParseAlgorithm(s string) (Algorithm, error) {
	parts := strings.Split(s, "/")
	if len(parts) != 3 {
		return Algorithm{}, fmt.Errorf("encryption algorithm %q: want CIPHER/MODE/PADDING, as %s", s, AlgorithmGCM)
	}
	a := Algorithm{}
	switch name := strings.ToUpper(parts[0]); name {
	case "AES":
		a.Cipher = name
	case "DESEDE", "TRIPLEDES":
		a.Cipher = "DESede"
	default:
		return Algorithm{}, fmt.Errorf("encryption algorithm %q: of the ciphers muster knows AES and DESede", s)
	}
	switch padding := strings.ToUpper(parts[2]); padding {
	case "NOPADDING":
	case "PKCS5PADDING":
		a.Padding = true
	default:
		return Algorithm{}, fmt.Errorf("encryption algorithm %q: want NoPadding or PKCS5Padding", s)
	}
	a.Mode = strings.ToUpper(parts[1])
	switch {
	case a.Mode == "GCM" && a.Cipher == "AES" && !a.Padding:
		return a, nil
	case a.Mode == "GCM":
		return Algorithm{}, fmt.Errorf("encryption algorithm %q: GCM is there as %s only", s, AlgorithmGCM)
	case (a.Mode == "CBC" || a.Mode == "CFB" || a.Mode == "OFB") && a.Padding:
		return a, nil
	case a.Mode == "CBC" || a.Mode == "CFB" || a.Mode == "OFB":
		return Algorithm{}, fmt.Errorf("encryption algorithm %q: %s without padding is refused by current Tomcats", s, a.Mode)
	case a.Mode == "ECB" || a.Mode == "PCBC" || a.Mode == "CTS" || a.Mode == "KW" || a.Mode == "KWP" || a.Mode == "CTR" || a.Mode == "NONE",
		strings.HasPrefix(a.Mode, "CFB"), strings.HasPrefix(a.Mode, "OFB"):
		return Algorithm{}, fmt.Errorf("encryption algorithm %q: Tomcat refuses the mode %s", s, a.Mode)
	}
	return Algorithm{}, fmt.Errorf("encryption algorithm %q: no mode %s; use GCM, CBC, CFB or OFB", s, a.Mode)
}

// ParseKey reads an encryptionKey: hex digits, blanks around them ignored. Its
// errors do not repeat it.
func ParseKey(s string) ([]byte, error) {
	key, err := hex.DecodeString(strings.TrimSpace(s))
	switch {
	case errors.Is(err, hex.ErrLength):
		return nil, errors.New("encryption key: the number of hex digits is odd")
	case err != nil:
		return nil, errors.New("encryption key: holds something that is no hex digit")
	case len(key) == 0:
		return nil, errors.New("encryption key: empty")
	}
	return key, nil
}

// block makes the cipher for a key. Tomcat finds a key of a wrong length out at
// the first message; here it is an error at once.
func (a Algorithm) block(key []byte) (cipher.Block, error) {
	if a.Cipher == "DESede" {
		if len(key) != 24 {
			return nil, fmt.Errorf("encryption key: %d bytes, DESede takes 24", len(key))
		}
		return des.NewTripleDESCipher(key)
	}
	switch len(key) {
	case 16, 24, 32:
		return aes.NewCipher(key)
	}
	return nil, fmt.Errorf("encryption key: %d bytes, AES takes 16, 24 or 32", len(key))
}
