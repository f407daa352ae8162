package tribes

import (
	"crypto/rand"
	"encoding/binary"
	mathrand "math/rand/v2"
)

// NewUniqueID makes an id as T/util/UUIDGenerator does, for a member: 16 random bytes marked as a version 4 UUID.
func NewUniqueID() UniqueID {
	var id UniqueID
	rand.Read(id[:]) // never fails: crypto/rand ends the process rather
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// NewMessageID makes the id of a message, which need not be hard to guess: an
// ordinary random generator, as in T/util/UUIDGenerator.
func NewMessageID() UniqueID {
	var id UniqueID
	binary.NativeEndian.PutUint64(id[:], mathrand.Uint64())
	binary.NativeEndian.PutUint64(id[8:], mathrand.Uint64())
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}
