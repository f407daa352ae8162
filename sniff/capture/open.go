package capture

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"muster/internal/hint"
)

// Open reads the capture file of that name.
func Open(name string) (Source, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open the capture: %w", err)
	}
	s, err := NewReader(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// NewReader reads a capture from r: pcap in either byte order and time
// resolution or pcapng, each as it is or compressed with gzip. Where r is a
// Closer, Close closes it.
func NewReader(r io.Reader) (Source, error) {
	return newInput(r).open()
}

// open finds out what the file is.
func (in *input) open() (Source, error) {
	if b, _ := in.buf.Peek(2); len(b) == 2 && b[0] == 0x1f && b[1] == 0x8b {
		z, err := gzip.NewReader(in.buf)
		if err != nil {
			return nil, fmt.Errorf("read gzip: %w", err)
		}
		in.buf = bufio.NewReaderSize(pieces{z}, bufferSize)
	}
	head, err := in.buf.Peek(4)
	if err != nil {
		if len(head) == 0 && err == io.EOF {
			return nil, errors.New("the capture is empty")
		}
		if err == io.EOF {
			return nil, fmt.Errorf("%d bytes are no capture", len(head))
		}
		return nil, fmt.Errorf("read the capture: %w", err)
	}
	switch magic := binary.LittleEndian.Uint32(head); magic {
	case blockSection:
		return newPcapNG(in)
	case magicMicro, magicNano, magicModified:
		return newPcap(in, binary.LittleEndian, magic)
	default:
		if be := binary.BigEndian.Uint32(head); be == magicMicro || be == magicNano || be == magicModified {
			return newPcap(in, binary.BigEndian, be)
		}
		return nil, notACapture(head)
	}
}

func notACapture(head []byte) error {
	err := fmt.Errorf("neither pcap nor pcapng: begins with %x", head)
	switch binary.BigEndian.Uint32(head) {
	case 0x28b52ffd:
		return hint.Wrap(errors.New("compressed with zstd, which is not read here"), "zstd -dc FILE | muster sniff -r -")
	case 0xfd377a58:
		return hint.Wrap(errors.New("compressed with xz, which is not read here"), "xz -dc FILE | muster sniff -r -")
	}
	return err
}

// bufferSize holds the largest packet with its header at once.
const bufferSize = maxData + maxFixed + 4096

// readSize is how much is read at a time: of so little, each packet is still in the
// processor's cache when it is decoded.
const readSize = 128 << 10

// pieces reads at most readSize at a time.
type pieces struct{ r io.Reader }

func (p pieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), readSize)]) }

// input reads a file through a buffer and counts what it took.
type input struct {
	buf    *bufio.Reader
	ready  []byte // what is in buf and was not taken
	taken  int    // bytes of buf before ready
	close  io.Closer
	offset int64
}

func newInput(r io.Reader) *input {
	c, _ := r.(io.Closer)
	return &input{buf: bufio.NewReaderSize(pieces{r}, bufferSize), close: c}
}

// take returns the next n bytes, valid until the next read. Where there are
// fewer, it returns what is there with io.ErrUnexpectedEOF, or io.EOF for none.
func (in *input) take(n int) ([]byte, error) {
	if n > len(in.ready) {
		if b, err := in.fill(n); err != nil {
			return b, err
		}
	}
	b := in.ready[:n]
	in.ready = in.ready[n:]
	in.taken += n
	in.offset += int64(n)
	return b, nil
}

// peek is take, but the bytes are taken only by the call after it. Its error is bufio's.
func (in *input) peek(n int) ([]byte, error) {
	in.settle()
	return in.buf.Peek(n)
}

// fill reads until n bytes are ready.
func (in *input) fill(n int) ([]byte, error) {
	in.settle()
	b, err := in.buf.Peek(n)
	if err != nil {
		if err == io.EOF && len(b) > 0 {
			err = io.ErrUnexpectedEOF
		}
		return b, err
	}
	in.ready, err = in.buf.Peek(in.buf.Buffered())
	return nil, err
}

// settle takes out of buf what was taken of it.
func (in *input) settle() {
	_, _ = in.buf.Discard(in.taken) // cannot fail: the bytes are in the buffer
	in.ready, in.taken = nil, 0
}

// skip drops n bytes, however many.
func (in *input) skip(n int64) error {
	const most = 1 << 30
	in.settle()
	for n > 0 {
		step := int(min(n, most))
		got, err := in.buf.Discard(step)
		in.offset += int64(got)
		n -= int64(got)
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

func (in *input) Close() error {
	if in.close == nil {
		return nil
	}
	return in.close.Close()
}

// file is what the readers of both forms share.
type file struct {
	in         *input
	number     uint64
	interfaces []Interface
	stats      Stats
}

func (f *file) Interfaces() []Interface { return f.interfaces }
func (f *file) Stats() Stats            { return f.stats }
func (f *file) Close() error            { return f.in.Close() }

// damage ends the file before its end. A failed read that is no end of file is
// passed on.
func (f *file) damage(offset int64, err error, format string, args ...any) error {
	reason := fmt.Sprintf(format, args...)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		if errors.Is(err, os.ErrClosed) {
			return io.EOF
		}
		reason = fmt.Sprintf("%s: %v", reason, err)
	}
	f.stats.Damage = &DamageError{Packet: f.number + 1, Offset: offset, Reason: reason}
	return io.EOF
}
