package release

// What EncryptInterceptor changed from one release to the next; neither form can
// read the other.
const (
	// ReplaySince is when the time of a message was put before it inside the
	// encryption, against replays.
	ReplaySince = "9.0.119 10.1.56 11.0.23"
	// GCMSince is when AES/GCM became the default; AES/CBC was before.
	GCMSince = "9.0.121 10.1.59 11.0.25"
)

// DefaultCipher is the encryptionAlgorithm of an EncryptInterceptor of r that has
// none in its configuration.
func (r Release) DefaultCipher() string {
	if r.Has(GCMSince) {
		return "AES/GCM/NoPadding"
	}
	return "AES/CBC/PKCS5Padding"
}

// SealsTime reports whether r encrypts the time of a message with it.
func (r Release) SealsTime() bool { return r.Has(ReplaySince) }
