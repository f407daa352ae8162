package tlspsk

import (
	"bytes"
	"crypto"
	"fmt"
)

// Types of handshake messages (RFC 8446 section 4, RFC 5246 section 7.4).
const (
	typeClientHello         = 1
	typeServerHello         = 2
	typeNewSessionTicket    = 4
	typeEncryptedExtensions = 8
	typeServerKeyExchange   = 12
	typeServerHelloDone     = 14
	typeClientKeyExchange   = 16
	typeFinished            = 20
	typeKeyUpdate           = 24
	typeCertificate         = 11
	typeCertificateRequest  = 13
)

// Extensions that are read or written.
const (
	extSupportedGroups      = 10
	extSignatureAlgorithms  = 13
	extExtendedMasterSecret = 23
	extPreSharedKey         = 41
	extSupportedVersions    = 43
	extPSKModes             = 45
	extKeyShare             = 51
	extRenegotiationInfo    = 0xff01
)

const (
	groupP256   = 0x0017
	groupX25519 = 0x001d
	pskDHE      = 1 // psk_dhe_ke
	scsv        = 0x00ff
)

// retryRandom is the random of a ServerHello that is a HelloRetryRequest (RFC 8446
// section 4.1.3).
var retryRandom = []byte{
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
}

func message(kind byte, body []byte) []byte {
	n := len(body)
	return append([]byte{kind, byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}

// clientHello is what a ClientHello offers.
type clientHello struct {
	random, sessionID []byte
	suites            []int
	versions          []int
	shares            map[int][]byte
	modes             []byte
	extended          bool // extended master secret
	renegotiation     bool
	identities        []string
	binders           [][]byte
	// bindersAt is where the list of binders begins in the message.
	bindersAt int
}

func (h *clientHello) offers(list []int, x int) bool {
	for _, v := range list {
		if v == x {
			return true
		}
	}
	return false
}

// marshal writes the message. The binders, which come last, are zeros of the hash's
// length where there are none yet.
func (h *clientHello) marshal(hash crypto.Hash) []byte {
	b := put16(nil, int(TLS12))
	b = append(b, h.random...)
	b = putVec8(b, h.sessionID)
	var s []byte
	for _, id := range h.suites {
		s = put16(s, id)
	}
	b = putVec16(b, s)
	b = putVec8(b, []byte{0})

	var ext []byte
	if h.extended {
		ext = putExtension(ext, extExtendedMasterSecret, nil)
	}
	// A server that has no pre-shared key needs these to answer with its certificate,
	// which tells more than its alert.
	ext = putExtension(ext, extSignatureAlgorithms, putVec16(nil, []byte{4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 8, 6, 6, 1, 8, 7}))
	if len(h.shares) > 0 {
		var groups, shares, versions []byte
		for _, g := range []int{groupX25519, groupP256} {
			groups = put16(groups, g)
			shares = putVec16(put16(shares, g), h.shares[g])
		}
		for _, v := range h.versions {
			versions = put16(versions, v)
		}
		ext = putExtension(ext, extSupportedGroups, putVec16(nil, groups))
		ext = putExtension(ext, extSupportedVersions, putVec8(nil, versions))
		ext = putExtension(ext, extPSKModes, putVec8(nil, h.modes))
		ext = putExtension(ext, extKeyShare, putVec16(nil, shares))
	}
	if len(h.identities) > 0 {
		var ids, binders []byte
		for i, id := range h.identities {
			ids = append(putVec16(ids, []byte(id)), 0, 0, 0, 0) // an external key has no age
			binder := make([]byte, hash.Size())
			if i < len(h.binders) {
				binder = h.binders[i]
			}
			binders = putVec8(binders, binder)
		}
		ext = putExtension(ext, extPreSharedKey, putVec16(putVec16(nil, ids), binders))
		h.bindersAt = 4 + len(b) + 2 + len(ext) - len(binders) - 2
	}
	return message(typeClientHello, putVec16(b, ext))
}

func parseClientHello(msg []byte) (*clientHello, error) {
	h := &clientHello{shares: map[int][]byte{}}
	r := reader{b: msg[4:]}
	r.u16()
	h.random = r.bytes(32)
	id := r.vec8()
	h.sessionID = id.b
	for s := r.vec16(); s.more(); {
		h.suites = append(h.suites, s.u16())
	}
	h.renegotiation = h.offers(h.suites, scsv)
	r.vec8()
	if !r.more() {
		return h, r.err
	}
	ext := r.vec16()
	for ext.more() {
		kind, body := ext.u16(), ext.vec16()
		if err := h.extension(kind, body); err != nil {
			return nil, fmt.Errorf("extension %d: %w", kind, err)
		}
		if kind == extPreSharedKey {
			h.bindersAt += len(msg) - len(ext.b) - len(body.b)
			if ext.more() {
				return nil, fmt.Errorf("pre_shared_key is not the last extension")
			}
		}
	}
	if ext.err != nil {
		return nil, ext.err
	}
	return h, r.end()
}

func (h *clientHello) extension(kind int, body reader) error {
	switch kind {
	case extSupportedVersions:
		for v := body.vec8(); v.more(); {
			h.versions = append(h.versions, v.u16())
		}
	case extKeyShare:
		for s := body.vec16(); s.more(); {
			group, key := s.u16(), s.vec16()
			h.shares[group] = key.b
		}
	case extPSKModes:
		m := body.vec8()
		h.modes = m.b
	case extExtendedMasterSecret:
		h.extended = true
	case extRenegotiationInfo:
		h.renegotiation = true
	case extPreSharedKey:
		whole := len(body.b)
		ids := body.vec16()
		for ids.more() {
			id := ids.vec16()
			ids.bytes(4)
			h.identities = append(h.identities, string(id.b))
		}
		if ids.err != nil {
			return ids.err
		}
		h.bindersAt = whole - len(body.b)
		binders := body.vec16()
		for binders.more() {
			v := binders.vec8()
			h.binders = append(h.binders, v.b)
		}
		if binders.err != nil {
			return binders.err
		}
		if len(h.identities) != len(h.binders) {
			return fmt.Errorf("%d identities and %d binders", len(h.identities), len(h.binders))
		}
	}
	return body.err
}

// serverHello is what a ServerHello chose.
type serverHello struct {
	random, sessionID []byte
	suite             int
	version           Version
	group             int
	share             []byte
	psk               bool
	pskIndex          int
	extended          bool
	renegotiation     bool
}

func (h *serverHello) retry() bool { return bytes.Equal(h.random, retryRandom) }

func (h *serverHello) marshal() []byte {
	b := append(put16(nil, int(TLS12)), h.random...)
	b = putVec8(b, h.sessionID)
	b = append(put16(b, h.suite), 0)
	var ext []byte
	if h.version == TLS13 {
		ext = putExtension(ext, extSupportedVersions, put16(nil, int(TLS13)))
		ext = putExtension(ext, extKeyShare, putVec16(put16(nil, h.group), h.share))
		ext = putExtension(ext, extPreSharedKey, put16(nil, h.pskIndex))
	}
	if h.renegotiation {
		ext = putExtension(ext, extRenegotiationInfo, []byte{0})
	}
	if h.extended {
		ext = putExtension(ext, extExtendedMasterSecret, nil)
	}
	if len(ext) > 0 {
		b = putVec16(b, ext)
	}
	return message(typeServerHello, b)
}

func parseServerHello(msg []byte) (*serverHello, error) {
	h := &serverHello{}
	r := reader{b: msg[4:]}
	h.version = Version(r.u16())
	h.random = r.bytes(32)
	id := r.vec8()
	h.sessionID = id.b
	h.suite = r.u16()
	r.u8()
	if !r.more() {
		return h, r.err
	}
	ext := r.vec16()
	for ext.more() {
		kind, body := ext.u16(), ext.vec16()
		switch kind {
		case extSupportedVersions:
			h.version = Version(body.u16())
		case extKeyShare:
			h.group = body.u16()
			if body.more() { // a HelloRetryRequest names the group alone
				s := body.vec16()
				h.share = s.b
			}
		case extPreSharedKey:
			h.psk, h.pskIndex = true, body.u16()
		case extExtendedMasterSecret:
			h.extended = true
		}
		if body.err != nil {
			return nil, body.err
		}
	}
	if ext.err != nil {
		return nil, ext.err
	}
	return h, r.end()
}
