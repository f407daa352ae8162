package javaser

import (
	"encoding/binary"
	"fmt"
)

// maxSegment is the buffer of java.io.ObjectOutputStream: primitive data goes
// out in segments of this size, the last one shorter.
const maxSegment = 1024

// Builder makes the contents that a class's own method writes, segmented as
// Java's ObjectOutputStream does it. The zero value is ready.
type Builder struct {
	contents []Value
	block    []byte
	err      error
}

func (b *Builder) Bool(v bool) {
	if v {
		b.Byte(1)
	} else {
		b.Byte(0)
	}
}
func (b *Builder) Byte(v byte)    { b.block = append(b.block, v) }
func (b *Builder) Int32(v int32)  { b.block = binary.BigEndian.AppendUint32(b.block, uint32(v)) }
func (b *Builder) Int64(v int64)  { b.block = binary.BigEndian.AppendUint64(b.block, uint64(v)) }
func (b *Builder) Bytes(p []byte) { b.block = append(b.block, p...) }
func (b *Builder) Sized(p []byte) { b.Int32(int32(len(p))); b.Bytes(p) }
func (b *Builder) Object(v Value) { b.flush(); b.contents = append(b.contents, v) }

// UTF writes s as DataOutput.writeUTF does, which has no form for more than
// 65535 bytes.
func (b *Builder) UTF(s string) {
	utf := toModified(s)
	if len(utf) > maxUTF {
		b.err = fmt.Errorf("a text of %d bytes, more than the %d that writeUTF takes", len(utf), maxUTF)
		return
	}
	b.block = binary.BigEndian.AppendUint16(b.block, uint16(len(utf)))
	b.block = append(b.block, utf...)
}

// Contents returns what was written.
func (b *Builder) Contents() ([]Value, error) {
	b.flush()
	return b.contents, b.err
}

func (b *Builder) flush() {
	for p := b.block; len(p) > 0; {
		n := min(len(p), maxSegment)
		b.contents = append(b.contents, Block{p[:n:n], n > 0xff})
		p = p[n:]
	}
	b.block = nil
}
