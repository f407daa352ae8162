package interceptor

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrDecrypt is all that can be said of bytes that do not decrypt: the key or
// the algorithm is another, or they are not encrypted.
var ErrDecrypt = errors.New("does not decrypt: another key or algorithm, or not encrypted")

// Encryption is what EncryptInterceptor does to a message: the IV, then the
// ciphertext; in GCM the tag ends it.
type Encryption struct {
	Algorithm Algorithm
	// Timestamped is the form of 9.0.119, 10.1.56, 11.0.23 and later: the time of
	// the message stands before it in the plaintext. The forms do not understand
	// each other.
	Timestamped bool

	block cipher.Block
	gcm   cipher.AEAD
}

// NewEncryption is for one key and algorithm.
func NewEncryption(a Algorithm, key []byte, timestamped bool) (*Encryption, error) {
	block, err := a.block(key)
	if err != nil {
		return nil, err
	}
	e := &Encryption{Algorithm: a, Timestamped: timestamped, block: block}
	if a.Mode == "GCM" {
		if e.gcm, err = cipher.NewGCM(block); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// IVSize is the length of the IV that each message begins with.
func (e *Encryption) IVSize() int {
	if e.gcm != nil {
		return e.gcm.NonceSize()
	}
	return e.block.BlockSize()
}

// Seal encrypts a message under a fresh random IV. The timestamp is that of the
// ChannelData, in Unix ms.
func (e *Encryption) Seal(message []byte, timestamp int64) []byte {
	iv := make([]byte, e.IVSize())
	_, _ = rand.Read(iv) // never fails: it would end the process first
	return e.sealWith(iv, message, timestamp)
}

func (e *Encryption) sealWith(iv, message []byte, timestamp int64) []byte {
	plain := make([]byte, 0, 8+len(message)+e.block.BlockSize())
	if e.Timestamped {
		plain = binary.BigEndian.AppendUint64(plain, uint64(timestamp))
	}
	plain = append(plain, message...)
	out := append(make([]byte, 0, len(iv)+len(plain)+32), iv...)
	if e.gcm != nil {
		return e.gcm.Seal(out, iv, plain, nil)
	}
	if e.Algorithm.Padding {
		n := e.block.BlockSize() - len(plain)%e.block.BlockSize()
		for range n {
			plain = append(plain, byte(n))
		}
	}
	e.stream(iv, plain, true)
	return append(out, plain...)
}

// Sealed is a message that was decrypted.
type Sealed struct {
	IV        []byte
	Timestamp int64 // Unix ms, 0 in the form without one
	Message   []byte
}

// Open decrypts what Seal made. Only GCM proves that nobody changed it. For the
// form with timestamps see Replay.
func (e *Encryption) Open(b []byte) (Sealed, error) {
	if len(b) < e.IVSize() {
		return Sealed{}, fmt.Errorf("%w (%d bytes, less than an IV)", ErrDecrypt, len(b))
	}
	s := Sealed{IV: b[:e.IVSize():e.IVSize()]}
	sealed := b[e.IVSize():]
	var plain []byte
	if e.gcm != nil {
		var err error
		if plain, err = e.gcm.Open(nil, s.IV, sealed, nil); err != nil {
			return Sealed{}, ErrDecrypt
		}
	} else {
		if e.Algorithm.Padding && (len(sealed) == 0 || len(sealed)%e.block.BlockSize() != 0) {
			return Sealed{}, fmt.Errorf("%w (%d bytes are no whole blocks)", ErrDecrypt, len(sealed))
		}
		plain = append(plain, sealed...)
		e.stream(s.IV, plain, false)
		if e.Algorithm.Padding {
			var ok bool
			if plain, ok = unpad(plain, e.block.BlockSize()); !ok {
				return Sealed{}, ErrDecrypt
			}
		}
	}
	if !e.Timestamped {
		s.Message = plain
		return s, nil
	}
	if len(plain) < 8 {
		return Sealed{}, fmt.Errorf("decrypts to %d bytes, less than a timestamp: sent in the older form", len(plain))
	}
	s.Timestamp, s.Message = int64(binary.BigEndian.Uint64(plain)), plain[8:]
	return s, nil
}

// unpad takes PKCS #5 padding off: n bytes of value n.
func unpad(p []byte, size int) ([]byte, bool) {
	n := int(p[len(p)-1])
	if n == 0 || n > size {
		return nil, false
	}
	for _, c := range p[len(p)-n:] {
		if int(c) != n {
			return nil, false
		}
	}
	return p[:len(p)-n], true
}

// stream runs CBC, CFB or OFB over p in place, feedback being whole blocks as
// Java's CFB and OFB without a number have it.
func (e *Encryption) stream(iv, p []byte, encrypt bool) {
	if e.Algorithm.Mode == "CBC" {
		if encrypt {
			cipher.NewCBCEncrypter(e.block, iv).CryptBlocks(p, p)
		} else {
			cipher.NewCBCDecrypter(e.block, iv).CryptBlocks(p, p)
		}
		return
	}
	size := e.block.BlockSize()
	feedback, next := append([]byte(nil), iv...), make([]byte, size)
	for len(p) > 0 {
		e.block.Encrypt(next, feedback)
		n := min(size, len(p))
		switch {
		case e.Algorithm.Mode == "OFB":
			copy(feedback, next)
		case !encrypt:
			copy(feedback, p[:n])
		}
		for i := range n {
			p[i] ^= next[i]
		}
		if e.Algorithm.Mode == "CFB" && encrypt {
			copy(feedback, p[:n])
		}
		p = p[n:]
	}
}
