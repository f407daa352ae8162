// Package tribes reads and writes the bytes of Apache Tomcat's cluster protocol:
// the heartbeat datagram (Member), the TCP frame (Scanner, AppendFrame), the
// message inside it (ChannelData) with its Options, and the acks. It opens no
// socket, reads no clock and logs nothing; the rooms below it do.
//
// Every parser bounds a length before it uses it and returns a *ParseError with
// the offset of what is wrong. Every integer on the wire is big-endian. Sources
// are named by Tomcat class; T/ stands for org.apache.catalina.tribes.
package tribes
