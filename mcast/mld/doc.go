// Package mld reads and writes the messages of Multicast Listener Discovery:
// version 1 (RFC 2710) and 2 (RFC 3810). They are ICMPv6 messages, so the checksum
// covers the addresses of the IPv6 header too: Parse takes them. Check adds what
// else the header shows.
//
// A message that is too short for what it says is an error with the offset. A
// message that can be read but breaks the standard is returned with its
// Anomalies. The package opens no socket and keeps no state.
package mld
