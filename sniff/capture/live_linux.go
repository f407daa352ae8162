package capture

import (
	"fmt"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// live captures with an AF_PACKET socket and a ring of TPACKET_V3 blocks that the
// kernel fills and this process reads without a system call for each packet. It
// carries the kernel's time in ns and the VLAN tag beside each frame.
type live struct {
	fd   int
	wake [2]int // a pipe: its closed end wakes the reader
	ring []byte
	size int // of a block
	n    int // of blocks

	block int // that is read, or waited for
	left  int // packets of it that were not read yet
	next  int // offset of the next of them in the block
	taken bool
	over  int // blocks looked at since Close: no more than the ring has

	number     uint64
	index      map[int]int // into interfaces, by the kernel's index
	interfaces []Interface

	stop sync.Once
	done atomic.Bool
	mu   sync.Mutex // of stats
	stat Stats
}

// Live captures on interfaces of this host. After Close, Next must be called
// until it returns io.EOF: it gives what the ring still holds, and only then is the
// memory given back. Other rooms capture by it too, so it changes by addition only.
func Live(o LiveOptions) (Source, error) {
	l := &live{fd: -1, wake: [2]int{-1, -1}, index: map[int]int{}}
	if err := l.open(o); err != nil {
		l.release()
		return nil, err
	}
	return l, nil
}

// interfaceOf is the index of the row of an interface.
func (l *live) interfaceOf(index int, link LinkType) int {
	i, ok := l.index[index]
	if !ok {
		i = len(l.interfaces)
		l.index[index] = i
		l.interfaces = append(l.interfaces, Interface{Name: l.nameOf(index), Link: link, Index: index})
	}
	return i
}

// nameOf asks the socket's own network namespace.
func (l *live) nameOf(index int) string {
	if ifr, err := unix.NewIfreq("x"); err == nil {
		ifr.SetUint32(uint32(index))
		if unix.IoctlIfreq(l.fd, unix.SIOCGIFNAME, ifr) == nil {
			return ifr.Name()
		}
	}
	return fmt.Sprintf("interface %d", index)
}

func (l *live) Interfaces() []Interface { return l.interfaces }

// Stats asks the kernel, which starts again at zero each time.
func (l *live) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count()
	return l.stat
}

func (l *live) count() {
	if l.fd < 0 {
		return
	}
	if s, err := unix.GetsockoptTpacketStatsV3(l.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
		l.stat.Received += uint64(s.Packets)
		l.stat.Dropped += uint64(s.Drops)
	}
}

func (l *live) Close() error {
	l.stop.Do(func() {
		l.done.Store(true)
		unix.Close(l.wake[1])
	})
	return nil
}

// release gives everything back, once.
func (l *live) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count()
	if l.ring != nil {
		_ = unix.Munmap(l.ring) // fails only for what is no mapping
		l.ring = nil
	}
	if l.fd >= 0 {
		unix.Close(l.fd)
		l.fd = -1
	}
	if l.wake[0] >= 0 {
		unix.Close(l.wake[0])
		l.wake[0] = -1
	}
	l.stop.Do(func() { // never opened, or closed already
		l.done.Store(true)
		if l.wake[1] >= 0 {
			unix.Close(l.wake[1])
		}
	})
}
