package netlab

import (
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Capture starts to record every frame that passes the host's interface, both
// ways.
func (h *Host) Capture(iface string) *Capture {
	h.lab.tb.Helper()
	c := &Capture{ended: make(chan struct{})}
	err := h.ns.do(func() (err error) {
		c.socket, err = openPacketSocket(iface)
		return err
	})
	if err != nil {
		h.lab.tb.Fatalf("netlab: capturing on %s: %v", h.Name(), err)
	}
	go c.run()
	h.lab.tb.Cleanup(func() { c.Stop() })
	return c
}

// Capture is a recording that goes on.
type Capture struct {
	socket *os.File
	ended  chan struct{}
	mu     sync.Mutex
	frames []Frame
}

func (c *Capture) run() {
	defer close(c.ended)
	raw, err := c.socket.SyscallConn()
	if err != nil {
		return
	}
	buf := make([]byte, 1<<17)
	for {
		var n int
		var from unix.Sockaddr
		var rerr error
		err := raw.Read(func(fd uintptr) bool {
			n, from, rerr = unix.Recvfrom(int(fd), buf, 0)
			return !errors.Is(rerr, unix.EAGAIN)
		})
		if err != nil {
			return // closed
		}
		if rerr != nil {
			continue // the interface is down
		}
		link, ok := from.(*unix.SockaddrLinklayer)
		c.mu.Lock()
		c.frames = append(c.frames, Frame{
			Time: time.Now(), Outgoing: ok && link.Pkttype == unix.PACKET_OUTGOING, Bytes: append([]byte(nil), buf[:n]...),
		})
		c.mu.Unlock()
	}
}

// Frames returns what passed so far.
func (c *Capture) Frames() []Frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Frame(nil), c.frames...)
}

// Stop ends the capture and returns all that passed.
func (c *Capture) Stop() []Frame {
	c.socket.Close()
	<-c.ended
	return c.Frames()
}
