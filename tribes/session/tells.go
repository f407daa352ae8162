package session

import (
	"bytes"
	"encoding/binary"

	"muster/tribes"
	"muster/tribes/javaser"
	"muster/tribes/release"
)

const (
	memberClass = "org.apache.catalina.tribes.membership.MemberImpl"
	// memberWithin is how far into a message the class of a member is looked for.
	memberWithin = 4096
)

// Tells notes what the classes in a message say of the release of its sender, by
// their serialVersionUIDs; told is false where they say nothing.
func Tells(options tribes.Options, message []byte, s *release.Seen) (told bool) {
	if options&tribes.ByteMessage != 0 {
		return false
	}
	name, suid, ok := javaser.Top(message)
	switch {
	case !ok:
		return false
	case string(name) == messageClass:
		s.Message = suid
		return true
	}
	begin := message[:min(len(message), memberWithin)]
	if i := bytes.Index(begin, []byte(memberClass)); i >= 0 && len(message) >= i+len(memberClass)+8 {
		s.Member = int64(binary.BigEndian.Uint64(message[i+len(memberClass):]))
		return true
	}
	return false
}
