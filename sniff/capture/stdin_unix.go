//go:build unix

package capture

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Stdin reads a capture from f, a pipe or a file that another program fills.
// Close ends a read that waits, which closing an *os.File that is no part of
// Go's poller does not.
func Stdin(f *os.File) (Source, error) {
	var fds [2]int
	if err := unix.Pipe(fds[:]); err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	unix.CloseOnExec(fds[0])
	unix.CloseOnExec(fds[1])
	p := &pollReader{f: f, wait: os.NewFile(uintptr(fds[0]), "wake"), wake: os.NewFile(uintptr(fds[1]), "wake")}
	s, err := NewReader(p)
	if err != nil {
		p.Close()
		p.wait.Close()
		return nil, err
	}
	return s, nil
}

// pollReader waits for data or for Close, whichever comes first.
type pollReader struct {
	f          *os.File
	wait, wake *os.File
}

func (p *pollReader) Read(b []byte) (int, error) {
	fds := []unix.PollFd{
		{Fd: int32(p.f.Fd()), Events: unix.POLLIN},
		{Fd: int32(p.wait.Fd()), Events: unix.POLLIN},
	}
	for {
		_, err := unix.Poll(fds, -1)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("wait for the capture: %w", err)
		}
		if fds[1].Revents != 0 {
			return 0, io.EOF
		}
		return p.f.Read(b)
	}
}

func (p *pollReader) Close() error { return p.wake.Close() }
