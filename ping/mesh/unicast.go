package mesh

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// timeMessage asks for the time, or tells it:
//
//	20  receiver's ID, 8 bytes
//	28  the number of the latest announcement heard of the receiver, 4 bytes
//	32  t1: when the request was sent, by its sender's clock, 8 bytes
//	40  t2: when it was received, by the answerer's clock; request: 0
//	48  t3: when the answer was sent; request: 0
//
// The number proves that the asker hears the receiver's announcements; 0 says
// that it does not.
type timeMessage struct {
	To         ID
	Heard      uint32
	T1, T2, T3 int64
}

const timeLen = headerLen + 36

func (m timeMessage) appendTo(b []byte, k kind, from ID) []byte {
	b = appendHeader(b, k, 0, from)
	b = binary.BigEndian.AppendUint64(b, uint64(m.To))
	b = binary.BigEndian.AppendUint32(b, m.Heard)
	for _, t := range []int64{m.T1, m.T2, m.T3} {
		b = binary.BigEndian.AppendUint64(b, uint64(t))
	}
	return b
}

func parseTime(b []byte) (m timeMessage, err error) {
	if len(b) != timeLen-headerLen {
		return m, fmt.Errorf("mesh: a time message of %d bytes, want %d", len(b)+headerLen, timeLen)
	}
	m.To = ID(binary.BigEndian.Uint64(b))
	m.Heard = binary.BigEndian.Uint32(b[8:])
	m.T1 = int64(binary.BigEndian.Uint64(b[12:]))
	m.T2 = int64(binary.BigEndian.Uint64(b[20:]))
	m.T3 = int64(binary.BigEndian.Uint64(b[28:]))
	return m, nil
}

// whoMessage asks who the nodes with these shorts are, 4 bytes each.
type whoMessage []Short

// maxWho is how many nodes are asked for at once: the answer fits a datagram.
const maxWho = 10

func (m whoMessage) appendTo(b []byte, from ID) []byte {
	b = appendHeader(b, kindWho, 0, from)
	for _, s := range m {
		b = binary.BigEndian.AppendUint32(b, uint32(s))
	}
	return b
}

func parseWho(b []byte) (m whoMessage, err error) {
	if len(b)%4 != 0 || len(b) > 4*maxWho {
		return nil, fmt.Errorf("mesh: a question about %d bytes of nodes", len(b))
	}
	for ; len(b) > 0; b = b[4:] {
		m = append(m, Short(binary.BigEndian.Uint32(b)))
	}
	return m, nil
}

// hereMessage introduces nodes: ID (8 bytes), address (16 bytes, IPv4 mapped),
// UDP port for unicast, MTU and TCP port (2 bytes each), name and version as in
// an announcement.
type hereMessage []introduction

type introduction struct {
	ID            ID
	Addr          netip.Addr
	Port          uint16
	MTU, TCPPort  uint16
	Name, Version string
}

func (m hereMessage) appendTo(b []byte, from ID) []byte {
	b = appendHeader(b, kindHere, 0, from)
	for _, i := range m {
		b = binary.BigEndian.AppendUint64(b, uint64(i.ID))
		a := i.Addr.As16()
		b = append(b, a[:]...)
		b = binary.BigEndian.AppendUint16(b, i.Port)
		b = binary.BigEndian.AppendUint16(b, i.MTU)
		b = binary.BigEndian.AppendUint16(b, i.TCPPort)
		b = appendText(appendText(b, i.Name), i.Version)
	}
	return b
}

func parseHere(b []byte) (m hereMessage, err error) {
	for len(b) > 0 {
		if len(b) < 30 {
			return nil, fmt.Errorf("mesh: an introduction of %d bytes", len(b))
		}
		i := introduction{
			ID: ID(binary.BigEndian.Uint64(b)), Addr: netip.AddrFrom16([16]byte(b[8:24])).Unmap(),
			Port: binary.BigEndian.Uint16(b[24:]), MTU: binary.BigEndian.Uint16(b[26:]), TCPPort: binary.BigEndian.Uint16(b[28:]),
		}
		b = b[30:]
		if i.Name, b, err = parseText(b); err != nil {
			return nil, err
		}
		if i.Version, b, err = parseText(b); err != nil {
			return nil, err
		}
		m = append(m, i)
	}
	return m, nil
}
