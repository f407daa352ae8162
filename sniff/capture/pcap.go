package capture

import (
	"encoding/binary"
	"fmt"
	"io"
)

// The first four bytes of a pcap file tell byte order and time resolution.
const (
	magicMicro    = 0xa1b2c3d4
	magicNano     = 0xa1b23c4d
	magicModified = 0xa1b2cd34 // records of old Linux patches, 8 bytes longer
)

const (
	pcapHeader = 24
	pcapRecord = 16
)

type pcapReader struct {
	file
	order  binary.ByteOrder
	little bool
	scale  int64 // ns per unit of the second time field
	record int
	link   LinkType
}

// newPcap reads the header of a pcap file:
//
//	4  version 2.4
//	8  time zone and accuracy, never used
//	16 snap length
//	20 link type in the low 16 bits
func newPcap(in *input, order binary.ByteOrder, magic uint32) (Source, error) {
	h, err := in.take(pcapHeader)
	if err != nil {
		return nil, fmt.Errorf("read the pcap header: want %d bytes, have %d", pcapHeader, len(h))
	}
	r := &pcapReader{file: file{in: in}, order: order, little: order == binary.ByteOrder(binary.LittleEndian), scale: 1000, record: pcapRecord}
	switch magic {
	case magicNano:
		r.scale = 1
	case magicModified:
		r.record += 8
	}
	if major := order.Uint16(h[4:]); major != 2 {
		return nil, fmt.Errorf("pcap version %d.%d, not 2.4", major, order.Uint16(h[6:]))
	}
	r.link = LinkType(order.Uint32(h[20:]))
	r.interfaces = []Interface{{Link: r.link}}
	return r, nil
}

func (r *pcapReader) Next(p *Packet) error {
	start := r.in.offset
	if r.stats.Damage != nil {
		return io.EOF
	}
	h, err := r.in.take(r.record)
	if err != nil {
		if err == io.EOF {
			return io.EOF
		}
		return r.damage(start, err, "the file ends inside the record's header (%d of %d bytes)", len(h), r.record)
	}
	var sec, frac, size, length uint32
	if r.little { // without the interface, twice as fast
		sec, frac = binary.LittleEndian.Uint32(h), binary.LittleEndian.Uint32(h[4:])
		size, length = binary.LittleEndian.Uint32(h[8:]), binary.LittleEndian.Uint32(h[12:])
	} else {
		sec, frac = r.order.Uint32(h), r.order.Uint32(h[4:])
		size, length = r.order.Uint32(h[8:]), r.order.Uint32(h[12:])
	}
	if size > maxData {
		return r.damage(start, nil, "it claims %d bytes, more than any packet has", size)
	}
	data, err := r.in.take(int(size))
	if err != nil {
		return r.damage(start, err, "the file ends inside it (%d of %d bytes)", len(data), size)
	}
	r.number++
	p.Number = r.number
	p.Nanos = int64(sec)*1e9 + int64(frac)*r.scale
	p.Interface = 0
	p.Link = r.link
	p.Length = int(max(length, size))
	p.Data = data
	p.Outgoing = false
	return nil
}
