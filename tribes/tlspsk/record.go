package tlspsk

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"
)

// Types of records (RFC 8446 section 5.1).
const (
	recordChangeCipher = 20
	recordAlert        = 21
	recordHandshake    = 22
	recordData         = 23
)

const (
	maxPlain  = 1 << 14
	maxRecord = maxPlain + 2048
)

// half seals or opens the records of one direction.
type half struct {
	aead cipher.AEAD
	iv   []byte
	seq  uint64
	v13  bool
}

func newHalf(key, iv []byte, v13 bool) *half {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the suites fix the length of the key
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return &half{aead: aead, iv: iv, v13: v13}
}

// nonce is the per-record nonce of TLS 1.3 (RFC 8446 section 5.3); in TLS 1.2 a salt
// with the sequence number as explicit part (RFC 5288 section 3).
func (h *half) nonce() []byte {
	if !h.v13 {
		return binary.BigEndian.AppendUint64(append([]byte{}, h.iv...), h.seq)
	}
	n := append([]byte{}, h.iv...)
	for i := range 8 {
		n[len(n)-1-i] ^= byte(h.seq >> (8 * i))
	}
	return n
}

func (h *half) aad12(kind byte, n int) []byte {
	b := binary.BigEndian.AppendUint64(nil, h.seq)
	return put16(put16(append(b, kind), int(TLS12)), n)
}

// seal makes a whole record of at most maxPlain bytes; h is nil before there are keys.
func (h *half) seal(kind byte, data []byte) []byte {
	if h == nil {
		return putVec16(put16([]byte{kind}, int(TLS12)), data)
	}
	defer func() { h.seq++ }()
	if h.v13 {
		inner := append(append([]byte{}, data...), kind)
		head := put16(put16([]byte{recordData}, int(TLS12)), len(inner)+h.aead.Overhead())
		return h.aead.Seal(head, h.nonce(), inner, head)
	}
	nonce := h.nonce()
	head := put16(put16([]byte{kind}, int(TLS12)), 8+len(data)+h.aead.Overhead())
	return h.aead.Seal(append(head, nonce[4:]...), nonce, data, h.aad12(kind, len(data)))
}

// open takes the protection off a record's fragment and returns its true type.
func (h *half) open(kind byte, head, body []byte) (byte, []byte, error) {
	if h == nil || h.v13 && kind == recordChangeCipher {
		return kind, body, nil
	}
	defer func() { h.seq++ }()
	if !h.v13 {
		if len(body) < 8+h.aead.Overhead() {
			return 0, nil, fail(BadRecordMAC, "an encrypted record is too short: %d bytes", len(body))
		}
		nonce := append(append([]byte{}, h.iv...), body[:8]...)
		plain, err := h.aead.Open(nil, nonce, body[8:], h.aad12(kind, len(body)-8-h.aead.Overhead()))
		if err != nil {
			return 0, nil, fail(BadRecordMAC, "a record does not open with the keys of this connection")
		}
		return kind, plain, nil
	}
	if kind == recordAlert {
		return kind, body, nil // an alert in clear, from before the other side had keys
	}
	plain, err := h.aead.Open(nil, h.nonce(), body, head)
	if err != nil {
		return 0, nil, fail(BadRecordMAC, "a record does not open with the keys of this connection")
	}
	for len(plain) > 0 && plain[len(plain)-1] == 0 {
		plain = plain[:len(plain)-1] // padding
	}
	if len(plain) == 0 {
		return 0, nil, fail(UnexpectedMessage, "a record has no type")
	}
	return plain[len(plain)-1], plain[:len(plain)-1], nil
}

// readRecord reads one record: its type, its five bytes of header and its fragment. A
// time-out in the middle of a record loses nothing: the next call goes on there.
func readRecord(r *bufio.Reader) (kind byte, head, body []byte, err error) {
	b, err := r.Peek(5)
	if err != nil {
		return 0, nil, nil, cut(err)
	}
	n := int(binary.BigEndian.Uint16(b[3:]))
	switch {
	case b[0] < recordChangeCipher || b[0] > recordData || b[1] != 3:
		return 0, nil, nil, fmt.Errorf("%w: it begins with % x", ErrNotTLS, b)
	case n > maxRecord:
		return 0, nil, nil, fail(RecordOverflow, "a record of %d bytes is longer than TLS allows", n)
	}
	if b, err = r.Peek(5 + n); err != nil {
		return 0, nil, nil, cut(err)
	}
	b = append([]byte(nil), b...)
	_, _ = r.Discard(len(b))
	return b[0], b[:5:5], b[5:], nil
}

// cut: an end of the connection without close_notify is not an end of the data.
func cut(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
