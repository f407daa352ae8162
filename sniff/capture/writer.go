package capture

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// Writer writes pcapng: little-endian, times in ns, one section. Interfaces are
// described when their first packet comes, so that packets of any mix of link
// types can follow each other.
type Writer struct {
	w     *bufio.Writer
	ids   map[int]uint32
	block []byte
	err   error
}

// NewWriter writes a section header that names app as the writer.
func NewWriter(w io.Writer, app string) (*Writer, error) {
	out := &Writer{w: bufio.NewWriterSize(w, 256<<10), ids: map[int]uint32{}}
	b := binary.LittleEndian.AppendUint32(nil, byteOrderMagic)
	b = append(b, 1, 0, 0, 0)                             // version 1.0
	b = append(b, 255, 255, 255, 255, 255, 255, 255, 255) // section length not told
	b = option(b, 4, []byte(app))                         // shb_userappl
	out.put(blockSection, append(b, 0, 0, 0, 0))
	if err := out.Flush(); err != nil {
		return nil, fmt.Errorf("write the pcapng header: %w", err)
	}
	return out, nil
}

// Write appends p, which came by itf.
func (w *Writer) Write(p *Packet, itf Interface) error {
	id, ok := w.ids[p.Interface]
	if !ok {
		id = uint32(len(w.ids))
		w.ids[p.Interface] = id
		itf.Link = p.Link
		w.describe(itf)
	}
	le := binary.LittleEndian
	b := le.AppendUint32(w.block[:0], id)
	b = le.AppendUint32(b, uint32(uint64(p.Nanos)>>32))
	b = le.AppendUint32(b, uint32(p.Nanos))
	b = le.AppendUint32(b, uint32(len(p.Data)))
	b = le.AppendUint32(b, uint32(max(p.Length, len(p.Data))))
	b = pad(append(b, p.Data...))
	w.block = b
	w.put(blockPacket, b)
	return w.err
}

// describe writes the interface's block.
func (w *Writer) describe(itf Interface) {
	b := binary.LittleEndian.AppendUint16(nil, uint16(itf.Link))
	b = append(b, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, 0) // no snap length
	if itf.Name != "" {
		b = option(b, 2, []byte(itf.Name)) // if_name
	}
	if itf.Description != "" {
		b = option(b, 3, []byte(itf.Description)) // if_description
	}
	b = option(b, 9, []byte{9}) // if_tsresol: ns
	w.put(blockInterface, append(b, 0, 0, 0, 0))
}

// Flush hands all that was written on.
func (w *Writer) Flush() error {
	if w.err == nil {
		w.err = w.w.Flush()
	}
	return w.err
}

// put writes a block around body, whose length is a multiple of four.
func (w *Writer) put(kind uint32, body []byte) {
	if w.err != nil {
		return
	}
	var h [8]byte
	binary.LittleEndian.PutUint32(h[:], kind)
	binary.LittleEndian.PutUint32(h[4:], uint32(len(body)+12))
	if _, w.err = w.w.Write(h[:]); w.err != nil {
		return
	}
	if _, w.err = w.w.Write(body); w.err != nil {
		return
	}
	_, w.err = w.w.Write(h[4:])
}

func option(b []byte, code uint16, value []byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	return pad(append(b, value...))
}

func pad(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}
