package tribes

import "crypto/rand"

// NewUniqueID makes an id as T/util/UUIDGenerator does, for a member or for a
// message: 16 random bytes marked as a version 4 UUID.
func NewUniqueID() UniqueID {
	var id UniqueID
	rand.Read(id[:]) // never fails: crypto/rand ends the process rather
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}
