package sock

import (
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// polled is a descriptor that Go's poller does not know. The poller wakes a thread
// for each packet that comes, also while the reader lets packets gather and nobody
// waits for them, which at some 100,000 packets a second is half of all the work.
// Here the reader waits in a thread of its own and is woken only while it waits.
//
// It is a syscall.RawConn: Read and Write call their function again once the
// descriptor is ready, until it returns true.
type polled struct {
	fd   int
	wake int // an eventfd that ends all waiting

	closed atomic.Bool
	using  sync.WaitGroup
	mu     sync.Mutex // orders enter and Close
}

var _ syscall.RawConn = (*polled)(nil)

// newPolled takes over a non-blocking fd.
func newPolled(fd int) (*polled, error) {
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	return &polled{fd: fd, wake: wake}, nil
}

// enter keeps the descriptor open until using.Done; it reports whether it is.
func (p *polled) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed.Load() {
		return false
	}
	p.using.Add(1)
	return true
}

func (p *polled) Control(fn func(fd uintptr)) error {
	if !p.enter() {
		return os.ErrClosed
	}
	defer p.using.Done()
	fn(uintptr(p.fd))
	return nil
}

func (p *polled) Read(fn func(fd uintptr) bool) error { return p.until(unix.POLLIN, fn) }

func (p *polled) Write(fn func(fd uintptr) bool) error { return p.until(unix.POLLOUT, fn) }

func (p *polled) until(events int16, fn func(fd uintptr) bool) error {
	if !p.enter() {
		return os.ErrClosed
	}
	defer p.using.Done()
	for !fn(uintptr(p.fd)) {
		fds := []unix.PollFd{{Fd: int32(p.fd), Events: events}, {Fd: int32(p.wake), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR {
			return os.NewSyscallError("poll", err)
		}
		if p.closed.Load() {
			return os.ErrClosed
		}
	}
	return nil
}

// Close ends all waiting and closes the descriptor once nobody uses it.
func (p *polled) Close() error {
	p.mu.Lock()
	closed := p.closed.Swap(true)
	p.mu.Unlock()
	if closed {
		return os.ErrClosed
	}
	_, err := unix.Write(p.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	p.using.Wait()
	unix.Close(p.wake)
	if cerr := unix.Close(p.fd); err == nil {
		err = cerr
	}
	return err
}
