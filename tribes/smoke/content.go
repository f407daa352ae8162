package smoke

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"

	"muster/tribes/javaser"
	"muster/tribes/session"
)

// A smoke session has two attributes: counter, an Integer that goes up with
// each request that serves it, and data, bytes that follow from the session's
// id and the counter. So the driver knows every byte that every node must hold,
// without asking the node that wrote it.
const (
	counterAttribute = "counter"
	dataAttribute    = "data"
)

// content is the data of a session at a counter.
func content(id string, counter int32, size int) []byte {
	seed := sha256.Sum256(fmt.Appendf(nil, "%s %d", id, counter))
	b := make([]byte, size)
	_, _ = rand.NewChaCha8(seed).Read(b) // never fails
	return b
}

// want is the digest of a session whose every byte is right.
func want(id string, counter int32, size int) string {
	return digest(counter, content(id, counter, size))
}

func digest(counter int32, data []byte) string {
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(counter)))
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

// digestOf is the digest of a session as a node holds it, or what is wrong with
// its form.
func digestOf(s *session.Session) string {
	counter, ok := counterOf(s)
	if !ok {
		return "no counter"
	}
	data, ok := s.Get(dataAttribute).(*javaser.Array)
	if !ok || data.Class.Elem() != 'B' {
		return "no data"
	}
	return digest(counter, data.Prims)
}

func counterOf(s *session.Session) (int32, bool) {
	n, _ := javaser.Unbox(s.Get(counterAttribute))
	c, ok := n.(int32)
	return c, ok
}

// set writes a session's content at a counter.
func set(e *session.Edit, id string, counter int32, size int) {
	var boxes javaser.Boxes
	e.Set(counterAttribute, boxes.Integer(counter))
	e.Set(dataAttribute, javaser.Bytes(content(id, counter, size)))
}

// ids are the session ids of a set: S1-0, S1-1, ...
func ids(set string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s-%d", set, i)
	}
	return out
}
