package tribes

import (
	"fmt"
	"strconv"
	"strings"
)

// Options is the bit set of a message (T/Channel.java). All set bits travel on
// the wire, also those that mean something to the sender alone.
type Options int32

const (
	ByteMessage     Options = 0x01 // raw bytes; clear: one Java-serialized object
	UseAck          Options = 0x02 // the sender waits for an ack
	SynchronizedAck Options = 0x04 // with UseAck: ack after processing
	Asynchronous    Options = 0x08 // the sender queues; no meaning to the receiver
	Secure          Options = 0x10 // declared by Tomcat, used nowhere
	UDP             Options = 0x20 // unicast datagram to the member's UDP port
	Multicast       Options = 0x40 // one datagram to the group
	Gzip            Options = 0x100
)

var optionNames = []struct {
	bit  Options
	name string
}{
	{ByteMessage, "byte"}, {UseAck, "use_ack"}, {SynchronizedAck, "sync_ack"}, {Asynchronous, "async"},
	{Secure, "secure"}, {UDP, "udp"}, {Multicast, "multicast"}, {Gzip, "gzip"},
}

// String lists the set bits by name, joined with "|"; bits without a name (an
// interceptor's optionFlag) are given in hex; "none" where no bit is set.
func (o Options) String() string {
	if o == 0 {
		return "none"
	}
	var parts []string
	for _, n := range optionNames {
		if o&n.bit != 0 {
			parts = append(parts, n.name)
			o &^= n.bit
		}
	}
	if o != 0 {
		parts = append(parts, fmt.Sprintf("0x%x", uint32(o)))
	}
	return strings.Join(parts, "|")
}

// ParseOptions reads a number (as channelSendOptions has it) or names joined by
// commas: muster's "none", "ack", "sync-ack", "async", and those that Tomcat
// takes (byte_message, use_ack, synchronized_ack, asynchronous, ...). "sync-ack"
// is UseAck and SynchronizedAck, which wants both to have an effect; Tomcat's
// "sync" is the second bit alone.
func ParseOptions(s string) (Options, error) {
	if n, err := strconv.ParseInt(strings.TrimSpace(s), 0, 32); err == nil {
		return Options(n), nil
	}
	var o Options
	for _, w := range strings.Split(s, ",") {
		switch strings.ToLower(strings.TrimSpace(w)) {
		case "none":
		case "byte", "byte_message":
			o |= ByteMessage
		case "ack", "use_ack":
			o |= UseAck
		case "sync-ack":
			o |= UseAck | SynchronizedAck
		case "sync", "sync_ack", "synchronized_ack":
			o |= SynchronizedAck
		case "async", "asynchronous":
			o |= Asynchronous
		case "secure":
			o |= Secure
		case "udp":
			o |= UDP
		case "multicast":
			o |= Multicast
		case "gzip":
			o |= Gzip
		default:
			return 0, fmt.Errorf("send options %q: want a number, or some of none, ack, sync-ack, async, byte, secure, udp, multicast, gzip", s)
		}
	}
	return o, nil
}
