package logs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// headSize is how much of a file's beginning is remembered, to notice that it was
// emptied and written again beyond where it had been read.
const headSize = 64

// tail reads a file and what is written to it later.
type tail struct {
	in   Input
	f    io.ReadCloser
	file *os.File // the same where it is a file with a name, else nil
	at   int64    // how much of it was read
	head []byte   // its first bytes
	part []byte   // the line that has no end yet
}

// set begins to read another file.
func (t *tail) set(f io.ReadCloser) {
	t.f, t.file, t.at, t.head = f, nil, 0, nil
	if file, ok := f.(*os.File); ok {
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			t.file = file
		}
	}
}

// run sends what it reads until ctx ends or nothing more can come.
func (t *tail) run(ctx context.Context, input int, every time.Duration, out chan<- news) {
	send := func(n news) bool {
		n.input = input
		select {
		case out <- n:
			return true
		case <-ctx.Done():
			return false
		}
	}
	f, err := openInput(ctx, t.in)
	if err != nil {
		send(news{ended: true, unopened: err})
		return
	}
	t.set(f)
	stop := context.AfterFunc(ctx, func() { f.Close() }) // ends a read from a FIFO
	defer stop()
	defer func() { t.f.Close() }()
	buf := make([]byte, readSize)
	idle := false
	for ctx.Err() == nil {
		if idle { // before more is read: what follows may be of another file
			if lines := t.moved(); len(lines) > 0 && !send(news{lines: lines}) {
				return
			}
		}
		n, err := t.f.Read(buf)
		if n > 0 && idle && t.file != nil && !t.sameHead() {
			continue // emptied and written anew since it was looked at: it is read from its beginning
		}
		if n > 0 {
			idle = false
			if t.at == 0 && bytes.HasPrefix(buf[:n], []byte{0x1f, 0x8b}) {
				send(news{ended: true, err: errPacked})
				return
			}
			if !send(news{lines: t.take(buf[:n])}) {
				return
			}
			continue
		}
		switch {
		case err == nil:
			continue
		case !errors.Is(err, io.EOF):
			send(news{ended: true, err: fmt.Errorf("reading %s: %w", t.in.Name, err)})
			return
		case t.file == nil && !t.again():
			send(news{lines: t.rest(), ended: true})
			return
		}
		if !idle {
			idle = true
			if !send(news{idle: true}) {
				return
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(every):
		}
	}
}

// again reports whether something that is no regular file may give more after its
// end: a FIFO does when the next writer opens it, a pipe does not.
func (t *tail) again() bool {
	file, ok := t.f.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	named, err2 := os.Stat(t.in.Name)
	return err == nil && err2 == nil && info.Mode()&os.ModeNamedPipe != 0 && os.SameFile(info, named)
}

// moved looks whether the file that was read to its end is another one now: renamed
// and made again, or emptied, and goes on with that. It returns the last line of the
// old one, if that has no end.
func (t *tail) moved() [][]byte {
	if t.file == nil {
		return nil
	}
	info, err := t.file.Stat()
	if err != nil {
		return nil
	}
	if info.Size() < t.at || !t.sameHead() {
		if _, err := t.file.Seek(0, io.SeekStart); err != nil {
			return nil
		}
		t.at, t.head = 0, nil
		return t.rest()
	}
	named, err := os.Stat(t.in.Name)
	if err != nil || os.SameFile(info, named) || info.Size() > t.at {
		return nil // in the middle of a rotation there is none
	}
	f, err := t.in.Open()
	if err != nil {
		return nil
	}
	old := t.f
	t.set(f)
	old.Close()
	return t.rest()
}

// sameHead reports whether the file begins as it did.
func (t *tail) sameHead() bool {
	now := make([]byte, len(t.head))
	n, _ := t.file.ReadAt(now, 0)
	return bytes.Equal(now[:n], t.head)
}

// take cuts what was read into lines; what has no end yet waits for it.
func (t *tail) take(b []byte) [][]byte {
	if room := headSize - len(t.head); room > 0 && t.at == int64(len(t.head)) {
		t.head = append(t.head, b[:min(room, len(b))]...)
	}
	t.at += int64(len(b))
	var lines [][]byte
	for {
		end := bytes.IndexByte(b, '\n')
		piece := b
		if end >= 0 {
			piece = b[:end]
		}
		if room := maxLine - len(t.part); room > 0 {
			t.part = append(t.part, piece[:min(room, len(piece))]...)
		}
		if end < 0 {
			return lines
		}
		lines = append(lines, bytes.TrimRight(t.part, "\r"))
		t.part = nil
		b = b[end+1:]
	}
}

// rest is the line that is under way, as a list of none or one.
func (t *tail) rest() [][]byte {
	line := bytes.TrimRight(t.part, "\r")
	t.part = nil
	if len(line) == 0 {
		return nil
	}
	return [][]byte{line}
}
