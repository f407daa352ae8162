package tribes

import "encoding/binary"

// The TCP framing of T/io/XByteBuffer: begin, i32 length, data, end. Frames
// follow each other without gaps; there is no checksum.
const (
	frameBegin = "FLT2002"
	frameEnd   = "TLF2003"
	// FrameEnd ends every frame.
	FrameEnd = frameEnd
	// FrameOverhead is what a frame adds to its data.
	FrameOverhead = len(frameBegin) + 4 + len(frameEnd)
)

// The acks are frames with three data bytes (T/transport/Constants). They name
// no message: one belongs to the message that waits on its connection.
const (
	Ack     = frameBegin + "\x00\x00\x00\x03\x06\x02\x03" + frameEnd
	FailAck = frameBegin + "\x00\x00\x00\x03\x0b\x00\x05" + frameEnd
	ackData = "\x06\x02\x03"
	failAck = "\x0b\x00\x05"
)

// IsAck and IsFailAck tell what the data of a frame means.
func IsAck(data []byte) bool     { return string(data) == ackData }
func IsFailAck(data []byte) bool { return string(data) == failAck }

// IsFrame reports whether b begins as a frame does.
func IsFrame(b []byte) bool {
	return len(b) >= len(frameBegin) && string(b[:len(frameBegin)]) == frameBegin
}

// ParseFrame reads the frame at the beginning of b and returns its data, which
// aliases b, and the number of bytes it takes. An error that wraps ErrIncomplete
// asks for more bytes; limit is the most data it accepts, so that a length field
// never decides how much a caller buffers.
func ParseFrame(b []byte, limit int) (data []byte, n int, err error) {
	if len(b) < len(frameBegin) {
		if string(b) != frameBegin[:len(b)] {
			return nil, 0, &ParseError{0, "frame begin", "not FLT2002", ErrMarker}
		}
		return nil, 0, short(0, "frame begin", len(frameBegin), len(b))
	}
	if !IsFrame(b) {
		return nil, 0, &ParseError{0, "frame begin", "not FLT2002", ErrMarker}
	}
	at := len(frameBegin)
	if len(b) < at+4 {
		return nil, 0, short(at, "frame length", 4, len(b)-at)
	}
	size := int(int32(binary.BigEndian.Uint32(b[at:])))
	if size < 0 {
		return nil, 0, bad(at, "frame length", "negative: %d", size)
	}
	if size > limit {
		return nil, 0, bad(at, "frame length", "%d is more than the limit of %d", size, limit)
	}
	at += 4
	if len(b)-at < size+len(frameEnd) {
		return nil, 0, short(at, "frame data and end", size+len(frameEnd), len(b)-at)
	}
	end := at + size
	if string(b[end:end+len(frameEnd)]) != frameEnd {
		return nil, 0, bad(end, "frame end", "not TLF2003")
	}
	return b[at:end:end], end + len(frameEnd), nil
}

// DefaultFrameLimit is the most data of one frame that callers without a reason
// for another number take. Tomcat has no limit but the 31 bits of the length;
// what it really sends in one frame is as large as the state of a context.
const DefaultFrameLimit = 64 << 20

// AppendFrame appends data as one frame.
func AppendFrame(b, data []byte) []byte {
	b = append(b, frameBegin...)
	b = appendSized(b, data)
	return append(b, frameEnd...)
}
