package ping

import "encoding/binary"

// icmpLen is the header of an ICMP echo and what muster puts behind it to know
// its own: 8 bytes of header, 16 of data.
//
//	 0  type: 8 request, 0 reply; ICMPv6: 128, 129 (RFC 792, RFC 4443 section 4)
//	 1  code, 0
//	 2  checksum
//	 4  identifier (a datagram socket's is set by the kernel)
//	 6  low 16 bits of the sequence number
//	 8  session, 8 bytes
//	16  sequence number, 4 bytes
//	20  flags: 1 = sent to the host, not to the group
//	21  data bytes, 3 bytes
//	24  padding
const icmpLen = 24

// minICMPSize is the smallest number of data bytes: muster's own.
const minICMPSize = icmpLen - 8

const (
	icmp4Request, icmp4Reply = 8, 0
	icmp6Request, icmp6Reply = 128, 129
)

// appendICMP appends an echo request whose data is size bytes long.
func appendICMP(b []byte, v6 bool, id uint16, session uint64, seq uint32, unicast bool, size int) []byte {
	start := len(b)
	kind := byte(icmp4Request)
	if v6 {
		kind = icmp6Request
	}
	b = append(b, kind, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, id)
	b = binary.BigEndian.AppendUint16(b, uint16(seq))
	b = binary.BigEndian.AppendUint64(b, session)
	b = binary.BigEndian.AppendUint32(b, seq)
	var flags byte
	if unicast {
		flags = flagUnicast
	}
	b = append(b, flags, byte(size>>16), byte(size>>8), byte(size))
	for i := icmpLen; i < 8+size; i++ {
		b = append(b, byte(i))
	}
	if !v6 { // the kernel sums ICMPv6, whose sum covers the addresses too
		binary.BigEndian.PutUint16(b[start+2:], checksum(b[start:]))
	}
	return b
}

// parseICMP reads what an ICMP socket got: an answer to this session is Fine, an
// echo reply to another one Foreign, everything else Invalid. It fills what the
// packet says into an Answer.
func parseICMP(b []byte, v6 bool, session uint64) (a Answer) {
	kind := byte(icmp4Reply)
	if v6 {
		kind = icmp6Reply
	}
	a.Stray = Invalid
	if len(b) < 8 || b[0] != kind || b[1] != 0 {
		return a
	}
	if len(b) < icmpLen || binary.BigEndian.Uint64(b[8:]) != session {
		a.Stray = Foreign
		return a
	}
	a.Stray = Fine
	a.Seq = binary.BigEndian.Uint32(b[16:])
	a.Unicast = b[20]&flagUnicast != 0
	a.Asked = int(binary.BigEndian.Uint32(b[20:]) & 0xffffff)
	a.Size = len(b) - 8
	return a
}

// checksum is the Internet checksum (RFC 1071).
func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// stripIPv4 takes off the header that a raw IPv4 socket delivers with each
// packet.
func stripIPv4(b []byte) []byte {
	if len(b) < 20 || b[0]>>4 != 4 {
		return nil
	}
	n := int(b[0]&15) * 4
	if n < 20 || n > len(b) {
		return nil
	}
	return b[n:]
}
