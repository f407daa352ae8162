package frame

import "encoding/binary"

// Transport reads the ports of a whole datagram, which a Defragmenter put
// together, into f; where it is a tunnel, f is then the packet inside.
func (f *Frame) Transport(datagram []byte) error {
	f.Body, f.BodyLen = datagram, len(datagram)
	f.Fragment, f.MoreFragments, f.FragOffset = false, false, 0
	at := 0
	for f.IP == 6 {
		_, size, known := extension(f.Proto, f.Body)
		if !known {
			break
		}
		if size == 0 || size > len(f.Body) {
			return bad(at, "IPv6 extension", "it does not end in the datagram")
		}
		f.Proto = f.Body[0]
		f.Body = f.Body[size:]
		f.BodyLen = len(f.Body)
		at += size
	}
	return f.transport(at)
}

// transport reads the header of UDP or TCP at the beginning of f.Body, which
// stands at offset at, or goes on inside a tunnel.
func (f *Frame) transport(at int) error {
	switch f.Proto {
	case ProtoTCP:
		return f.tcp(at)
	case ProtoUDP:
		if err := f.udp(at); err != nil {
			return err
		}
		if f.DstPort != portVXLAN && f.DstPort != portGeneve && f.DstPort != portVXLANLinux {
			return nil
		}
	}
	return f.unwrap()
}

func (f *Frame) udp(at int) error {
	b := f.Body
	if len(b) < 8 {
		if f.Cut {
			return nil
		}
		return bad(at, "UDP", "want 8 bytes, have %d", len(b))
	}
	f.HasPorts = true
	f.SrcPort = binary.BigEndian.Uint16(b)
	f.DstPort = binary.BigEndian.Uint16(b[2:])
	length := int(binary.BigEndian.Uint16(b[4:]))
	if length == 0 {
		length = f.BodyLen // a jumbogram, or offload
	}
	if length < 8 || length > f.BodyLen {
		return bad(at, "UDP", "length %d in a payload of %d bytes", length, f.BodyLen)
	}
	f.PayloadLen = length - 8
	f.Payload = b[8:min(length, len(b))]
	return nil
}

func (f *Frame) tcp(at int) error {
	b := f.Body
	if len(b) < 20 {
		if f.Cut {
			return nil
		}
		return bad(at, "TCP", "want 20 bytes, have %d", len(b))
	}
	f.HasPorts = true
	f.SrcPort = binary.BigEndian.Uint16(b)
	f.DstPort = binary.BigEndian.Uint16(b[2:])
	f.Seq = binary.BigEndian.Uint32(b[4:])
	f.Ack = binary.BigEndian.Uint32(b[8:])
	f.TCPFlags = b[13]
	header := int(b[12]>>4) * 4
	if header < 20 || header > f.BodyLen {
		return bad(at, "TCP", "header length %d in a payload of %d bytes", header, f.BodyLen)
	}
	f.PayloadLen = f.BodyLen - header
	f.Payload = b[min(header, len(b)):]
	return nil
}
