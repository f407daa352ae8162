package querier

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// Source gives the messages of IGMP and MLD that pass interfaces of this host.
// Run tells see of each until Close; Dropped is how many were lost before they
// could be read.
type Source interface {
	Run(see func(Seen)) error
	Dropped() uint64
	Close() error
}

// SourceOptions say what a Source gives beside IGMP and MLD.
type SourceOptions struct {
	Interfaces []string // none: all
	// Unjoined groups are let in though nobody has joined them.
	Unjoined []netip.Addr
	// Datagrams to this group and port are given too, where it is valid.
	Datagrams netip.AddrPort
}

// Open opens a Source; sniff.OpenMembership is one. Where this process may not
// see messages its error is os.ErrPermission.
type Open func(SourceOptions) (Source, error)

// Look follows what is said about one group on one interface, where the system
// and the privilege allow it.
type Look struct {
	device  string
	group   netip.Addr
	tracker *Tracker
	stop    func()

	mu    sync.Mutex
	why   string // it cannot see
	index int    // of device, which may be removed and made again
	asked time.Time
}

// StartLook watches all interfaces, so that one which is made again needs no new
// capture. It does not fail: View tells why nothing can be seen. A nil open sees
// nothing.
func StartLook(open Open, device string, group netip.AddrPort) *Look {
	l := &Look{device: device, group: group.Addr(), tracker: NewTracker(), stop: func() {}}
	if open == nil {
		l.why = "nothing was asked to look"
		return l
	}
	src, err := open(SourceOptions{Datagrams: group})
	switch {
	case errors.Is(err, os.ErrPermission):
		l.why = "seeing IGMP and MLD needs CAP_NET_RAW"
		return l
	case err != nil:
		l.why = err.Error()
		return l
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := src.Run(l.tracker.See); err != nil {
			l.mu.Lock()
			l.why = err.Error()
			l.mu.Unlock()
		}
	}()
	l.stop = func() {
		src.Close()
		<-done
	}
	return l
}

// Close ends the capture.
func (l *Look) Close() { l.stop() }

// View is what was seen so far.
func (l *Look) View() View {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.why != "" {
		return View{Why: l.why}
	}
	if now := time.Now(); now.Sub(l.asked) > time.Second {
		l.asked = now
		if i, err := net.InterfaceByName(l.device); err == nil {
			l.index = i.Index
		}
	}
	v := l.tracker.View(l.index, l.group)
	v.Able = true
	return v
}
