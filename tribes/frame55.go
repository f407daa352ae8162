package tribes

import "encoding/binary"

// A message of Tomcat 5.5 (o.a.catalina.cluster.io.XByteBuffer) has a flag
// before its length, and one Java object as its data:
//
//	FLT2002 | i32 flag | i32 length | data | TLF2003
//
// It is answered by the bare bytes of Ack55, without a frame, where the
// receiver's configuration asks for that.
const (
	// Ack55 is the answer of a 5.5.
	Ack55 = ackData
	// Frame55Overhead is what a frame of 5.5 adds to its data.
	Frame55Overhead = FrameOverhead + 4

	frame55Head = len(frameBegin) + 8
	javaBegin   = "\xac\xed"
	gzipBegin   = "\x1f\x8b"
)

// CompressFlag is what the frame of a 5.5 says of its compression. Whether the
// data is compressed is told by its first bytes alone.
type CompressFlag int32

const (
	CompressForbidden CompressFlag = 0
	CompressAllowed   CompressFlag = 1
	CompressDefault   CompressFlag = 2 // as the sender is configured
)

// IsFrame55 reports whether b begins as the frame of a 5.5 does. All other
// releases have their length where 5.5 has its flag, and end so small a frame
// where a 5.5 begins its data. more: b is too short to tell.
func IsFrame55(b []byte) (yes, more bool) {
	n := min(len(b), len(frameBegin))
	if string(b[:n]) != frameBegin[:n] {
		return false, false
	}
	if at := len(frameBegin); len(b) >= at+4 && binary.BigEndian.Uint32(b[at:]) > uint32(CompressDefault) {
		return false, false
	}
	if len(b) < frame55Head+len(javaBegin) {
		return false, true
	}
	data := string(b[frame55Head : frame55Head+len(javaBegin)])
	return data == javaBegin || data == gzipBegin, false
}

// ParseFrame55 reads the frame of a 5.5 at the beginning of b, as ParseFrame
// reads those of others. The data, which aliases b, may be compressed.
func ParseFrame55(b []byte, limit int) (flag CompressFlag, data []byte, n int, err error) {
	if !IsFrame(b) {
		if len(b) < len(frameBegin) && string(b) == frameBegin[:len(b)] {
			return 0, nil, 0, short(0, "frame begin", len(frameBegin), len(b))
		}
		return 0, nil, 0, &ParseError{0, "frame begin", "not FLT2002", ErrMarker}
	}
	r := fields{b: b, at: len(frameBegin)}
	flag = CompressFlag(r.u32("compress flag"))
	at := r.at
	size := int32(r.u32("frame length"))
	switch {
	case r.err != nil:
		return 0, nil, 0, r.err
	case flag < CompressForbidden || flag > CompressDefault:
		return 0, nil, 0, bad(at-4, "compress flag", "%d, want 0 to 2", flag)
	case size < 0:
		return 0, nil, 0, bad(at, "frame length", "negative: %d", size)
	case int(size) > limit:
		return 0, nil, 0, bad(at, "frame length", "%d is more than the limit of %d", size, limit)
	}
	data = r.take("frame data", int(size))
	at = r.at
	end := r.take("frame end", len(frameEnd))
	if r.err != nil {
		return 0, nil, 0, r.err
	}
	if string(end) != frameEnd {
		return 0, nil, 0, bad(at, "frame end", "not TLF2003")
	}
	return flag, data, r.at, nil
}

// AppendFrame55 appends data as one frame of a 5.5.
func AppendFrame55(b []byte, flag CompressFlag, data []byte) []byte {
	b = append(b, frameBegin...)
	b = binary.BigEndian.AppendUint32(b, uint32(flag))
	b = appendSized(b, data)
	return append(b, frameEnd...)
}
