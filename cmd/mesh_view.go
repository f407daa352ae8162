package cmd

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"muster/mcast/querier"
	"muster/ping/mesh"
	"muster/sniff"
)

// membershipLook sees IGMP and MLD for a mesh, where the system and the privilege
// allow it.
type membershipLook struct {
	stop    func()
	device  string
	group   netip.Addr
	tracker *querier.Tracker
	why     string // it cannot see

	mu    sync.Mutex
	index int // of device, which may be removed and made again
	asked time.Time
}

// lookAtMembership watches all interfaces, so that one which is made again needs
// no new capture.
func (a *app) lookAtMembership(device string, group netip.AddrPort) *membershipLook {
	l := &membershipLook{stop: func() {}, device: device, group: group.Addr(), tracker: querier.NewTracker()}
	src, err := sniff.LiveMembership(sniff.MembershipOptions{Datagrams: group})
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
		if err := sniff.Membership(src, l.tracker.See); err != nil {
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

// view is what was seen about the group.
func (l *membershipLook) view() mesh.View {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.why != "" {
		return mesh.View{Why: l.why}
	}
	if now := time.Now(); now.Sub(l.asked) > time.Second {
		l.asked = now
		if i, err := net.InterfaceByName(l.device); err == nil {
			l.index = i.Index
		}
	}
	v := l.tracker.View(l.index, l.group)
	return mesh.View{
		Able: true, Queries: v.Queries, LastQuery: v.LastQuery, Unanswered: v.Unanswered, Overdue: v.Overdue,
		LastReport: v.LastReport, LastArrival: v.LastArrival,
	}
}
