package analysis

import (
	"net/netip"

	"muster/sniff/frame"
)

// host is what is known of an address: its hardware addresses, and when packets
// of its came. With it a silence can be judged: is the host gone, is the process
// stopped, or do only its heartbeats not arrive?
type host struct {
	macs   [2]frame.MAC
	known  int // of macs
	latest int
	flips  uint64 // how often the two took turns

	ttl     uint8     // of its latest TCP segment
	last    int64     // any packet from it
	replies times     // TCP segments from it
	starts  times     // of them those that only a running process sends
	tries   uint64    // to reach it, not answered yet
	since   int64     // the first of them
	deaf    []Silence // latest few
}

// times keeps the latest moments of something, half a second apart, so that a burst does not push out
// what was before.
type times struct {
	at     [16]int64
	next   int
	latest int64
}

func (t *times) add(now int64) {
	if since := now - t.latest; since >= 0 && since < second/2 {
		return
	}
	t.latest = now
	t.at[t.next] = now
	t.next = (t.next + 1) % len(t.at)
}

// between reports whether one of them lies in the range.
func (t *times) between(from, to int64) bool {
	for _, x := range t.at {
		if x > from && x < to {
			return true
		}
	}
	return false
}

const second = int64(1e9)

func (a *Analysis) host(addr netip.Addr) *host {
	for i := range a.latest { // the two ends of a connection take turns
		if l := &a.latest[i]; l.host != nil && l.addr == addr {
			return l.host
		}
	}
	h := a.hosts[addr]
	if h == nil {
		if len(a.hosts) >= maxHosts {
			return nil
		}
		h = &host{}
		a.hosts[addr] = h
	}
	a.latest[0], a.latest[1] = a.latest[1], knownHost{addr, h}
	return h
}

// knownHost is a host that was looked up a moment ago.
type knownHost struct {
	addr netip.Addr
	host *host
}

// sent notes a packet from a host. For TCP, also what kind of segment it was.
func (a *Analysis) sent(f *frame.Frame, now int64, tcp bool) *host {
	if f.Src.IsUnspecified() {
		return nil
	}
	h := a.host(f.Src)
	if h == nil {
		a.Overflow++
		return nil
	}
	if f.HasMAC && (h.known == 0 || h.macs[h.latest] != f.SrcMAC) {
		h.mac(f.SrcMAC)
	}
	h.heard(now)
	if tcp {
		h.ttl = f.TTL
		if f.TCPFlags&(frame.RST|frame.FIN) == 0 {
			h.replies.add(now) // those two say that a process has ended
		}
		if f.TCPFlags&(frame.SYN|frame.ACK) == frame.SYN || f.PayloadLen > 0 {
			h.starts.add(now) // a FIN comes from the kernel of a killed process too
		}
	}
	return h
}

// heard: something came from the host.
func (h *host) heard(now int64) {
	if h.tries > 0 {
		if now-h.since > second {
			h.deaf = append(h.deaf, Silence{From: h.since, To: now, Unreached: h.tries})
			if len(h.deaf) > maxAliases {
				h.deaf = h.deaf[1:]
			}
		}
		h.tries = 0
	}
	h.last = now
}

// tried notes that somebody wants an answer of a host: a SYN, or data once more.
func (a *Analysis) tried(addr netip.Addr, now int64) {
	if h := a.host(addr); h != nil && h.last != 0 {
		if h.tries == 0 {
			h.since = now
		}
		h.tries++
	}
}

func (h *host) mac(m frame.MAC) {
	switch {
	case h.known == 0:
		h.known, h.macs[0] = 1, m
	case h.known == 1:
		h.known, h.macs[1] = 2, m
		h.latest, h.flips = 1, 1
	case h.macs[1-h.latest] == m:
		h.latest = 1 - h.latest
		h.flips++
	}
}

// Paused: its host answered, its process did nothing. Others kept it as a
// member meanwhile, for its receiver took their connections.
func (s *Silence) Paused() bool { return s.Answered && !s.Active && s.Unreached == 0 }

// silence judges a time without heartbeats from addr. The margins keep what
// belongs to its edges out: the last words before it, the first ones after it.
func (a *Analysis) silence(addr netip.Addr, from, to int64) Silence {
	s := Silence{From: from, To: to}
	h := a.hosts[addr]
	if h == nil {
		return s
	}
	s.Answered = h.replies.between(from+second/5, to-second)
	s.Active = h.starts.between(from+second, to-second)
	for _, d := range h.deaf {
		if min(d.To, to)-max(d.From, from) > (to-from)/2 {
			s.Unreached += d.Unreached
		}
	}
	if h.tries > 0 && h.last <= from+second/5 && a.Last-h.since > second {
		s.Unreached += h.tries // and still no answer
	}
	return s
}
