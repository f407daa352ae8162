package capture

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/bits"
)

// Block types of pcapng (draft-ietf-opsawg-pcapng section 4). All others are
// skipped.
const (
	blockSection    = 0x0a0d0d0a // the same in both byte orders
	blockInterface  = 1
	blockOldPacket  = 2
	blockSimple     = 3
	blockNames      = 4
	blockStatistics = 5
	blockSecrets    = 10
	blockPacket     = 6

	byteOrderMagic = 0x1a2b3c4d

	optionComment = 1 // in any block

	// maxInterfaces bounds what a made-up file can make us keep.
	maxInterfaces = 4096
	// maxFixed is the most of a block other than a packet that is looked at.
	maxFixed = 64 << 10
)

// ngInterface is what is needed of an interface to read its packets.
type ngInterface struct {
	link LinkType
	unit uint64 // units of its time stamps in a second
	// offset is added to its time stamps, in s.
	offset int64
	snap   uint32
}

type pcapNG struct {
	file
	order binary.ByteOrder
	ifs   []ngInterface // of this section
	base  int           // interfaces of the sections before
}

func newPcapNG(in *input) (Source, error) {
	r := &pcapNG{file: file{in: in}}
	if err := r.section(); err != nil {
		return nil, err
	}
	return r, nil
}

// section reads a section header: type, length, byte order magic, version,
// section length, options, length again.
func (r *pcapNG) section() error {
	h, err := r.in.take(16)
	if err != nil {
		return fmt.Errorf("read the pcapng section header: want 16 bytes, have %d", len(h))
	}
	switch {
	case binary.LittleEndian.Uint32(h[8:]) == byteOrderMagic:
		r.order = binary.LittleEndian
	case binary.BigEndian.Uint32(h[8:]) == byteOrderMagic:
		r.order = binary.BigEndian
	default:
		return fmt.Errorf("pcapng byte order magic is %x", h[8:12])
	}
	if major := r.order.Uint16(h[12:]); major != 1 {
		return fmt.Errorf("pcapng version %d.%d, not 1.x", major, r.order.Uint16(h[14:]))
	}
	length := r.order.Uint32(h[4:])
	if length < 28 || length%4 != 0 {
		return fmt.Errorf("pcapng section header claims a length of %d", length)
	}
	if err := r.in.skip(int64(length) - 16); err != nil {
		return fmt.Errorf("read the pcapng section header: %w", err)
	}
	r.base += len(r.ifs)
	r.ifs = nil
	return nil
}

func (r *pcapNG) Next(p *Packet) error {
	for {
		start := r.in.offset
		if r.stats.Damage != nil {
			return io.EOF
		}
		h, err := r.in.peek(8)
		if err != nil {
			if err == io.EOF && len(h) == 0 {
				return io.EOF
			}
			return r.damage(start, err, "the file ends inside a block's header (%d of 8 bytes)", len(h))
		}
		if binary.LittleEndian.Uint32(h) == blockSection {
			if err := r.section(); err != nil {
				return r.damage(start, nil, "%v", err)
			}
			continue
		}
		kind, length := r.order.Uint32(h), r.order.Uint32(h[4:])
		if length < 12 || length%4 != 0 {
			return r.damage(start, nil, "a block of type %d claims a length of %d", kind, length)
		}
		done, err := r.block(kind, int64(length), start, p)
		if done || err != nil {
			return err
		}
	}
}

// block reads one block; done is set where it was a packet.
func (r *pcapNG) block(kind uint32, length, start int64, p *Packet) (done bool, err error) {
	switch kind {
	case blockPacket, blockOldPacket, blockSimple:
		if length > maxData+maxFixed {
			return false, r.damage(start, nil, "its block claims %d bytes, more than any packet has", length)
		}
		return r.packet(kind, int(length), start, p)
	case blockInterface, blockStatistics:
		n := min(length, maxFixed)
		b, err := r.in.take(int(n))
		if err != nil {
			return false, r.damage(start, err, "the file ends inside a block (%d of %d bytes)", len(b), length)
		}
		if kind == blockInterface {
			if err := r.addInterface(b, start); err != nil {
				return false, err
			}
		} else {
			r.stats.Unkept.Statistics++
			r.statistics(b)
		}
		length -= n
	case blockNames:
		r.stats.Unkept.Names++
	case blockSecrets:
		r.stats.Unkept.Secrets++
	default:
		r.stats.Unkept.Others++
	}
	if err := r.in.skip(length); err != nil {
		return false, r.damage(start, err, "the file ends inside a block of type %d", kind)
	}
	return false, nil
}

// packet reads one of the three blocks that hold a packet:
//
//	enhanced: 8 interface, 12 time (high, low), 20 captured, 24 length, 28 data
//	old:      8 interface (2), drops (2), the rest as enhanced
//	simple:   8 length, 12 data
func (r *pcapNG) packet(kind uint32, length int, start int64, p *Packet) (bool, error) {
	b, err := r.in.take(length)
	if err != nil {
		return false, r.damage(start, err, "the file ends inside its block (%d of %d bytes)", len(b), length)
	}
	at, id := 28, uint32(0)
	if kind == blockSimple {
		at = 12
	}
	if length < at+4 {
		return false, r.damage(start, nil, "a packet's block of %d bytes", length)
	}
	switch kind {
	case blockPacket:
		id = r.order.Uint32(b[8:])
	case blockOldPacket:
		id = uint32(r.order.Uint16(b[8:]))
	}
	if uint64(id) >= uint64(len(r.ifs)) {
		return false, r.damage(start, nil, "it came by interface %d of %d", id, len(r.ifs))
	}
	itf := &r.ifs[id]
	var size, wire uint32
	p.Nanos = 0
	if kind == blockSimple {
		wire = r.order.Uint32(b[8:])
		size = wire
		if itf.snap > 0 {
			size = min(size, itf.snap)
		}
		size = min(size, uint32(length-at-4))
	} else {
		p.Nanos = itf.nanos(uint64(r.order.Uint32(b[12:]))<<32 | uint64(r.order.Uint32(b[16:])))
		size, wire = r.order.Uint32(b[20:]), r.order.Uint32(b[24:])
	}
	if uint64(size) > uint64(length-at-4) {
		return false, r.damage(start, nil, "it claims %d bytes in a block of %d", size, length)
	}
	r.number++
	p.Number = r.number
	p.Interface = r.base + int(id)
	p.Link = itf.link
	p.Length = int(max(wire, size))
	p.Data = b[at : at+int(size)]
	if rest := at + int(size+3)&^3; kind == blockPacket && length > rest+8 {
		r.options(b[rest:length-4], func(code uint16, _ []byte) {
			if code == optionComment {
				r.stats.Unkept.Comments++
			}
		})
	}
	p.Outgoing = false
	return true, nil
}

// nanos turns a time stamp into ns since the Unix epoch.
func (i *ngInterface) nanos(ts uint64) int64 {
	switch i.unit {
	case 1e9:
		return int64(ts) + i.offset*1e9
	case 1e6:
		return int64(ts)*1000 + i.offset*1e9
	}
	sec, frac := ts/i.unit, ts%i.unit
	hi, lo := bits.Mul64(frac, 1e9)
	ns, _ := bits.Div64(hi, lo, i.unit) // frac < unit, so it fits
	return (int64(sec)+i.offset)*1e9 + int64(ns)
}

// addInterface reads an interface description: 8 link type, 12 snap length,
// 16 options.
func (r *pcapNG) addInterface(b []byte, start int64) error {
	if len(b) < 20 {
		return r.damage(start, nil, "an interface's block of %d bytes", len(b))
	}
	if r.base+len(r.ifs) >= maxInterfaces {
		return r.damage(start, nil, "more than %d interfaces", maxInterfaces)
	}
	i := ngInterface{link: LinkType(r.order.Uint16(b[8:])), unit: 1e6, snap: r.order.Uint32(b[12:])}
	name, description := "", ""
	r.options(b[16:len(b)-4], func(code uint16, v []byte) {
		switch {
		case code == optionComment:
			r.stats.Unkept.Comments++
		case code == 2: // if_name
			name = string(v)
		case code == 3: // if_description
			description = string(v)
		case code == 9 && len(v) >= 1: // if_tsresol
			i.unit = resolution(v[0])
		case code == 14 && len(v) >= 8: // if_tsoffset
			i.offset = int64(r.order.Uint64(v))
		}
	})
	r.ifs = append(r.ifs, i)
	r.interfaces = append(r.interfaces, Interface{Name: name, Description: description, Link: i.link})
	return nil
}

// resolution is the number of units in a second: a negative power of ten, or of
// two where the highest bit is set. What does not fit 64 bits is taken as ns.
func resolution(v byte) uint64 {
	exp := int(v & 0x7f)
	if v&0x80 != 0 {
		if exp > 63 {
			return 1e9
		}
		return 1 << exp
	}
	if exp > 19 {
		return 1e9
	}
	return uint64(math.Pow10(exp))
}

// statistics adds what the file says was dropped (isb_ifdrop, isb_osdrop).
func (r *pcapNG) statistics(b []byte) {
	if len(b) < 24 {
		return
	}
	r.options(b[20:len(b)-4], func(code uint16, v []byte) {
		if (code == 5 || code == 7) && len(v) >= 8 {
			r.stats.Dropped += r.order.Uint64(v)
		}
	})
}

// options calls visit for each option: code and length of two bytes, then the
// value padded to four.
func (r *pcapNG) options(b []byte, visit func(code uint16, value []byte)) {
	for len(b) >= 4 {
		code, n := r.order.Uint16(b), int(r.order.Uint16(b[2:]))
		if code == 0 || n > len(b)-4 {
			return
		}
		visit(code, b[4:4+n])
		b = b[min(4+(n+3)&^3, len(b)):]
	}
}
