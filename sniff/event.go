package sniff

import (
	"net/netip"
	"time"

	"muster/mcast/igmp"
	"muster/mcast/mld"
	"muster/sniff/capture"
	"muster/sniff/frame"
	"muster/sniff/proto"
	"muster/tribes"
	"muster/tribes/decode"
)

// Kind says what an Event tells of.
type Kind uint8

const (
	// Packet is one captured packet that the filter kept.
	Packet Kind = iota
	// Message is a whole frame of a TCP stream or of a broadcast datagram.
	Message
	// Ack and FailAck are answers in a stream.
	Ack
	FailAck
	// Broken is a place from which a stream could not be read.
	Broken
)

// Event is one thing that happened. It and all it points to are valid until the
// function that got it returns.
type Event struct {
	Kind Kind
	// Packet is the captured packet; of a message, the one that completed it.
	Packet *capture.Packet
	Frame  *frame.Frame
	// Protocol names what a packet is, for example "tribes.heartbeat".
	Protocol string
	// Product is who uses the group and port by default, where Protocol says no
	// more than "udp"; "" for nobody known.
	Product string
	// Source and Destination are those of the packet, or of the stream's direction.
	Source, Destination netip.AddrPort

	// What the packet holds; one of these at most.
	Member    *tribes.Member
	IGMP      *igmp.Message
	MLD       *mld.Message
	Other     *proto.Message
	Anomalies igmp.Anomalies // of IGMP and MLD: the message's and its header's

	decoder *proto.Decoder // that claims the packet
	follow  bool           // it is a segment of a stream that is put together
	pieces  int            // in which the datagram came; 0 where it came whole

	// Data is a message, nil where it is larger than what is kept of one.
	Data    *tribes.ChannelData
	Content *decode.Content
	Bytes   int             // of the whole frame
	Latency time.Duration   // of an ack: since its message
	Asked   bool            // of an ack: a message had asked for it
	AckOf   tribes.UniqueID // of an ack that was asked for: the id of that message

	// Err is why something could not be read, nil where all is well.
	Err error
}
