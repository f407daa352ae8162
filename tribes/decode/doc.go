// Package decode tells what bytes of the cluster protocol are: heartbeats,
// frames, acks and Java streams in a file, a datagram or one direction of a TCP
// connection, and what the message inside a frame says. It reads; it never
// answers, and it takes no more memory than the bytes at hand need.
//
// Begin with Stream, or with Message where the frame is known already.
package decode
