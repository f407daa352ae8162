// Package igmp reads and writes the messages of the Internet Group Management
// Protocol: version 1 (RFC 1112 appendix I), 2 (RFC 2236) and 3 (RFC 3376). Start
// with Parse; Check adds what only the IP header around a message can show.
//
// A message that is too short for what it says is an error with the offset. A
// message that can be read but breaks the standard is returned with its
// Anomalies. The package opens no socket and keeps no state.
package igmp
