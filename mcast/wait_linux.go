package mcast

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// While datagrams come faster than the reader is woken for them, it sleeps for
// rest before it waits for more: waking it for each costs the sender's host more
// than the datagram. They wait in the receive buffer meanwhile, and their times
// are the kernel's.
const (
	rest = 200 * time.Microsecond
	many = 8 // datagrams in one read that make it rest
)

func (s *system) openWait() (err error) {
	if s.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return filesError(fmt.Errorf("make an epoll instance: %w", err), len(s.cfg.Groups))
	}
	if s.event, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		unix.Close(s.epoll)
		return filesError(fmt.Errorf("make an eventfd: %w", err), len(s.cfg.Groups))
	}
	if s.look, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
		unix.Close(s.event)
		unix.Close(s.epoll)
		return filesError(fmt.Errorf("make a socket: %w", err), len(s.cfg.Groups))
	}
	if err = s.poll(s.event); err != nil {
		_ = s.closeWait() // err says more
	}
	return err
}

func (s *system) closeWait() error {
	unix.Close(s.look)
	unix.Close(s.event)
	return os.NewSyscallError("close", unix.Close(s.epoll))
}

// watch lets the reader see so.
func (s *system) watch(so *socket) error {
	if err := s.poll(so.fd); err != nil {
		so.close()
		return err
	}
	s.sockets[so.fd] = so
	return nil
}

func (s *system) poll(fd int) error {
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(s.epoll, unix.EPOLL_CTL_ADD, fd, &event))
}

// interrupt makes a waiting reader look at the deadline and at closed again.
func (s *system) interrupt() {
	_, _ = unix.Write(s.event, []byte{0, 0, 0, 0, 0, 0, 0, 1}) // full is as good
}

func (s *system) setReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() {
		return errClosed
	}
	ns := int64(0)
	if !t.IsZero() {
		ns = max(t.UnixNano(), 1)
	}
	s.deadline.Store(ns)
	s.interrupt()
	return nil
}

// wait blocks until epoll names sockets with datagrams, and puts them into
// s.ready; or until the deadline or the end.
func (s *system) wait() error {
	if s.busy {
		s.busy = false
		pause := unix.NsecToTimespec(int64(rest))
		_ = unix.Nanosleep(&pause, nil) // not time.Sleep, where Go would poll meanwhile
	}
	for {
		timeout, err := s.timeout()
		if err != nil {
			return err
		}
		n, err := unix.EpollWait(s.epoll, s.events[:], timeout)
		if err != nil && err != unix.EINTR {
			return os.NewSyscallError("epoll_wait", err)
		}
		s.ready = s.readyBuf[:0]
		s.mu.Lock()
		for _, e := range s.events[:max(n, 0)] {
			if so := s.sockets[int(e.Fd)]; so != nil {
				s.ready = append(s.ready, so)
			} else if int(e.Fd) == s.event {
				var count [8]byte
				_, _ = unix.Read(s.event, count[:])
			}
		}
		s.mu.Unlock()
		if len(s.ready) > 0 {
			return nil
		}
	}
}

// timeout is how many milliseconds to wait at most, -1 for ever.
func (s *system) timeout() (int, error) {
	if s.closed.Load() {
		return 0, errClosed
	}
	at := s.deadline.Load()
	if at == 0 {
		return -1, nil
	}
	left := time.Until(time.Unix(0, at))
	if left <= 0 {
		return 0, os.ErrDeadlineExceeded
	}
	return int(min((left+time.Millisecond-1)/time.Millisecond, 1<<30)), nil
}
