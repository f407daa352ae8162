package tlspsk

import (
	"crypto"
	"crypto/hkdf"
	"crypto/hmac"
	"hash"
)

// expandLabel is HKDF-Expand-Label (RFC 8446 section 7.1).
func expandLabel(h crypto.Hash, secret []byte, label string, context []byte, n int) []byte {
	info := put16(nil, n)
	info = putVec8(info, append([]byte("tls13 "), label...))
	info = putVec8(info, context)
	out, err := hkdf.Expand(func() hash.Hash { return h.New() }, secret, string(info), n)
	if err != nil {
		panic(err) // n is a length of a key or a hash: never over HKDF's bound
	}
	return out
}

func extract(h crypto.Hash, salt, secret []byte) []byte {
	if secret == nil {
		secret = make([]byte, h.Size())
	}
	out, err := hkdf.Extract(func() hash.Hash { return h.New() }, secret, salt)
	if err != nil {
		panic(err) // it fails for hashes that FIPS forbids only: these are SHA-256 and SHA-384
	}
	return out
}

// deriveSecret is Derive-Secret over a transcript's hash.
func deriveSecret(h crypto.Hash, secret []byte, label string, transcript []byte) []byte {
	return expandLabel(h, secret, label, transcript, h.Size())
}

func sum(h crypto.Hash, data []byte) []byte {
	d := h.New()
	d.Write(data)
	return d.Sum(nil)
}

func mac(h crypto.Hash, key, data []byte) []byte {
	m := hmac.New(func() hash.Hash { return h.New() }, key)
	m.Write(data)
	return m.Sum(nil)
}

// schedule is the key schedule of one TLS 1.3 connection (RFC 8446 section 7.1).
type schedule struct {
	hash                     crypto.Hash
	early                    []byte
	client, server           []byte // handshake traffic secrets
	clientApp, serverApp     []byte
	clientFinish, serverBind []byte // keys of the Finished messages
	master                   []byte
}

func newSchedule(h crypto.Hash, psk []byte) *schedule {
	return &schedule{hash: h, early: extract(h, nil, psk)}
}

// binder is the proof of an external key: an HMAC over the ClientHello up to its
// binders (RFC 8446 section 4.2.11.2).
func (s *schedule) binder(truncated []byte) []byte {
	key := deriveSecret(s.hash, s.early, "ext binder", sum(s.hash, nil))
	return mac(s.hash, expandLabel(s.hash, key, "finished", nil, s.hash.Size()), sum(s.hash, truncated))
}

// handshake goes on with the shared secret of the key exchange and the transcript up to
// the ServerHello.
func (s *schedule) handshake(shared, transcript []byte) {
	secret := extract(s.hash, deriveSecret(s.hash, s.early, "derived", sum(s.hash, nil)), shared)
	th := sum(s.hash, transcript)
	s.client = deriveSecret(s.hash, secret, "c hs traffic", th)
	s.server = deriveSecret(s.hash, secret, "s hs traffic", th)
	s.clientFinish = expandLabel(s.hash, s.client, "finished", nil, s.hash.Size())
	s.serverBind = expandLabel(s.hash, s.server, "finished", nil, s.hash.Size())
	s.master = extract(s.hash, deriveSecret(s.hash, secret, "derived", sum(s.hash, nil)), nil)
}

// application derives the secrets of the data from the transcript up to the server's
// Finished.
func (s *schedule) application(transcript []byte) {
	th := sum(s.hash, transcript)
	s.clientApp = deriveSecret(s.hash, s.master, "c ap traffic", th)
	s.serverApp = deriveSecret(s.hash, s.master, "s ap traffic", th)
}

// prf is the pseudo-random function of TLS 1.2 (RFC 5246 section 5).
func prf(h crypto.Hash, secret []byte, label string, seed []byte, n int) []byte {
	seed = append([]byte(label), seed...)
	var out []byte
	for a := mac(h, secret, seed); len(out) < n; a = mac(h, secret, a) {
		out = append(out, mac(h, secret, append(append([]byte{}, a...), seed...))...)
	}
	return out[:n]
}

// premaster is the premaster secret of a plain PSK exchange (RFC 4279 section 2).
func premaster(psk []byte) []byte {
	return putVec16(putVec16(nil, make([]byte, len(psk))), psk)
}
