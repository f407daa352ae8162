// Package tlswire reads what goes in clear in the begin of a TLS connection: the
// hellos of both sides, the identity of a pre-shared key, and alerts (RFC 8446, RFC
// 5246, RFC 4279). It decrypts nothing.
package tlswire

import (
	"encoding/binary"
	"fmt"
)

// Side is what one direction of a connection said so far. Feed it by Write.
type Side struct {
	Hello      bool   // a ClientHello or ServerHello was read
	Version    uint16 // that it chose, or the newest that it offers
	Suite      uint16 // that the server chose
	PSK        bool   // the hello offers, or chooses, a pre-shared key (TLS 1.3)
	Identity   string // of the pre-shared key that the client offers; "" while unknown
	Cert       bool   // a Certificate was sent in clear (TLS 1.2)
	Alerts     []uint8
	Sealed     uint64 // records that are encrypted
	NotTLS     bool   // it is something else
	buf        []byte
	hand       []byte // the handshake's messages, across records
	encrypted  bool
	skipRecord int // bytes of a record that need not be kept
}

// The bounds of what is kept: a hello is a few hundred bytes.
const (
	maxRecord    = 1<<14 + 2048
	maxHandshake = 1 << 14
	maxAlerts    = 8
)

// Begins reports whether b is the begin of a handshake record, as far as it goes.
func Begins(b []byte) bool {
	return len(b) > 0 && b[0] == 22 && (len(b) < 2 || b[1] == 3) && (len(b) < 3 || b[2] <= 4)
}

// Write takes the next bytes of the stream.
func (s *Side) Write(b []byte) {
	for len(b) > 0 && !s.NotTLS {
		if s.skipRecord > 0 {
			n := min(s.skipRecord, len(b))
			s.skipRecord -= n
			b = b[n:]
			continue
		}
		n := min(len(b), max(0, s.want()-len(s.buf)))
		s.buf = append(s.buf, b[:n]...)
		b = b[n:]
		if len(s.buf) >= 5 {
			s.record()
		}
	}
}

// want is how many bytes of the record at hand are needed.
func (s *Side) want() int {
	if len(s.buf) < 5 {
		return 5
	}
	return 5 + int(binary.BigEndian.Uint16(s.buf[3:]))
}

// record reads the record in buf: its type, the version, a length of 2 bytes.
func (s *Side) record() {
	const changeCipherSpec, alert, handshake, application = 20, 21, 22, 23
	kind, length := s.buf[0], int(binary.BigEndian.Uint16(s.buf[3:]))
	if kind < changeCipherSpec || kind > 24 || s.buf[1] != 3 || length > maxRecord {
		s.NotTLS, s.buf = true, nil
		return
	}
	if kind == application || s.encrypted && kind != alert || kind == 24 {
		s.Sealed++
		s.skipRecord = length - (len(s.buf) - 5)
		s.buf = s.buf[:0]
		return
	}
	if len(s.buf) < 5+length {
		return
	}
	body := s.buf[5:]
	switch {
	case kind == changeCipherSpec:
		s.encrypted = true
	case kind == alert && length == 2 && len(s.Alerts) < maxAlerts:
		s.Alerts = append(s.Alerts, body[1])
	case kind == handshake && len(s.hand)+length <= maxHandshake:
		s.hand = append(s.hand, body...)
		s.messages()
	}
	s.buf = s.buf[:0]
}

// messages reads the handshake messages that are whole: a type, a length of 3
// bytes.
func (s *Side) messages() {
	const clientHello, serverHello, certificate, clientKeyExchange = 1, 2, 11, 16
	for len(s.hand) >= 4 {
		n := int(s.hand[1])<<16 | int(s.hand[2])<<8 | int(s.hand[3])
		if len(s.hand) < 4+n {
			return
		}
		r := reader{b: s.hand[4 : 4+n]}
		switch s.hand[0] {
		case clientHello:
			s.clientHello(&r)
		case serverHello:
			s.serverHello(&r)
		case certificate:
			s.Cert = true
		case clientKeyExchange: // of a suite with PSK: the identity
			if id := r.vector(2); !r.short && len(r.b) == 0 && printable(id) {
				s.Identity = string(id)
			}
		}
		s.hand = s.hand[4+n:]
	}
}

func (s *Side) clientHello(r *reader) {
	s.Version = r.u16()
	r.take(32)
	r.vector(1) // session id
	r.vector(2) // cipher suites
	r.vector(1) // compression
	s.Hello = !r.short
	extensions(r, func(kind uint16, e *reader) {
		switch kind {
		case extVersions:
			list := reader{b: e.vector(1)}
			for len(list.b) >= 2 {
				if v := list.u16(); v>>8 == 3 {
					s.Version = max(s.Version, v)
				}
			}
		case extPSK:
			s.PSK = true
			list := reader{b: e.vector(2)}
			if id := list.vector(2); !list.short {
				s.Identity = string(id)
			}
		}
	})
}

func (s *Side) serverHello(r *reader) {
	s.Version = r.u16()
	r.take(32)
	r.vector(1)
	s.Suite = r.u16()
	r.take(1)
	s.Hello = !r.short
	extensions(r, func(kind uint16, e *reader) {
		switch kind {
		case extVersions:
			s.Version = e.u16()
		case extPSK:
			s.PSK = true
		}
	})
}

const (
	extPSK      = 41
	extVersions = 43
)

func extensions(r *reader, each func(kind uint16, e *reader)) {
	list := reader{b: r.vector(2)}
	for len(list.b) >= 4 && !list.short {
		kind := list.u16()
		each(kind, &reader{b: list.vector(2)})
	}
}

// reader takes numbers and vectors from bytes; short is set where they end too
// early.
type reader struct {
	b     []byte
	short bool
}

func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.short, r.b = true, nil
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) u16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// vector takes a vector whose length stands before it in size bytes, 1 or 2.
func (r *reader) vector(size int) []byte {
	if size == 2 {
		return r.take(int(r.u16()))
	}
	if b := r.take(1); b != nil {
		return r.take(int(b[0]))
	}
	return nil
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < 0x20 || c > 0x7e {
			return false
		}
	}
	return len(b) > 0
}

// VersionName is the name of a protocol version.
func VersionName(v uint16) string {
	switch v {
	case 0x0301:
		return "TLSv1"
	case 0x0302:
		return "TLSv1.1"
	case 0x0303:
		return "TLSv1.2"
	case 0x0304:
		return "TLSv1.3"
	}
	return fmt.Sprintf("version 0x%04x", v)
}

var suites = map[uint16]string{
	0x1301: "TLS_AES_128_GCM_SHA256", 0x1302: "TLS_AES_256_GCM_SHA384", 0x1303: "TLS_CHACHA20_POLY1305_SHA256",
	0x00a8: "PSK-AES128-GCM-SHA256", 0x00a9: "PSK-AES256-GCM-SHA384", 0x00aa: "DHE-PSK-AES128-GCM-SHA256", 0x00ab: "DHE-PSK-AES256-GCM-SHA384",
	0x008c: "PSK-AES128-CBC-SHA", 0x008d: "PSK-AES256-CBC-SHA", 0x00ae: "PSK-AES128-CBC-SHA256", 0xccab: "PSK-CHACHA20-POLY1305",
	0xd001: "ECDHE-PSK-AES128-GCM-SHA256", 0xd002: "ECDHE-PSK-AES256-GCM-SHA384",
}

// SuiteName is the name of a cipher suite, as OpenSSL writes it.
func SuiteName(s uint16) string {
	if n, ok := suites[s]; ok {
		return n
	}
	return fmt.Sprintf("suite 0x%04x", s)
}

// SuitePSK reports whether a suite of TLS 1.2 takes a pre-shared key.
func SuitePSK(s uint16) bool {
	_, ok := suites[s]
	return ok && s>>8 != 0x13
}

var alerts = map[uint8]string{
	0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 40: "handshake_failure", 42: "bad_certificate", 45: "certificate_expired",
	46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca", 50: "decode_error", 51: "decrypt_error", 70: "protocol_version",
	71: "insufficient_security", 80: "internal_error", 109: "missing_extension", 115: "unknown_psk_identity", 116: "certificate_required",
	120: "no_application_protocol",
}

// AlertName is the name of an alert (RFC 8446 section 6).
func AlertName(a uint8) string {
	if n, ok := alerts[a]; ok {
		return n
	}
	return fmt.Sprintf("alert %d", a)
}
