// Package channel is the TCP side of a Tomcat cluster member: Receiver takes
// messages and acks exactly what asks for it (T/transport/nio), Sender delivers
// one and waits for its ack, Probe asks the question of TcpFailureDetector.
//
// A peer is never trusted. A frame's length is a claim: memory grows with the
// bytes that came. All connections together have a limit of memory, and when
// there are too many, the host with the most loses the one that is idle for
// longest.
package channel
