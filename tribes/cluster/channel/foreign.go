package channel

import "bytes"

// foreign names the protocol that begins with b, or "" where it is not one of
// those that are met behind a wrong port number.
func foreign(b []byte) string {
	switch {
	case len(b) >= 3 && (b[0] == 0x15 || b[0] == 0x16) && b[1] == 3 && b[2] <= 4:
		return "TLS" // an alert or a handshake record
	case bytes.HasPrefix(b, []byte("HTTP/")), hasAnyPrefix(b, "GET ", "HEAD ", "POST ", "PUT ", "OPTIONS ", "CONNECT ", "DELETE "):
		return "HTTP"
	case bytes.HasPrefix(b, []byte("SSH-")):
		return "SSH"
	case bytes.HasPrefix(b, []byte("AB\x00")), bytes.HasPrefix(b, []byte("\x12\x34")):
		return "AJP"
	case bytes.HasPrefix(b, []byte("TRIBES-B")):
		return "the heartbeats of Tribes, which belong into UDP"
	case len(b) >= 4 && b[0] == 0xac && b[1] == 0xed:
		return "Java serialization without a frame"
	}
	return ""
}

func hasAnyPrefix(b []byte, prefixes ...string) bool {
	for _, p := range prefixes {
		if len(b) >= len(p) && string(b[:len(p)]) == p {
			return true
		}
	}
	return false
}
