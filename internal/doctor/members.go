package doctor

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"muster/internal/expect"
	"muster/internal/verdict"
	"muster/ping/mesh"
	"muster/routecheck/facts"
	"muster/sniff"
	"muster/tribes"
	"muster/tribes/cluster/channel"
)

// maxReceivers bounds how many receivers are tried, so that made-up members make
// nobody scan a network.
const maxReceivers = 32

// maxMembers bounds how many members are judged one by one: of a crowd of made-up ones,
// those that were named, and those that were heard most.
const maxMembers = 256

// tries is how often a receiver is tried before it is judged, each time in another
// second: one connection that timed out is no firewall.
const tries = 3

// dialTimes are how long each try waits: a path with a long delay answers late.
var dialTimes = [tries]time.Duration{time.Second, 2 * time.Second, 2 * time.Second}

// between is how long to wait before the next try.
const between = 500 * time.Millisecond

// receivers tries the receiver of each member that is heard or expected.
func (w *watcher) receivers(ctx context.Context) {
	var all sync.WaitGroup
	for {
		w.look()
		for _, m := range w.expected() {
			if m.Own || len(w.tried) >= maxReceivers || w.tried[m.Addr] != nil || !w.ours(m.Addr.Addr()) {
				continue
			}
			w.mu.Lock()
			w.tried[m.Addr] = m
			w.mu.Unlock()
			all.Go(func() { w.try(ctx, m) })
		}
		if !pause(ctx, 500*time.Millisecond) {
			break
		}
	}
	all.Wait()
}

// ours: an address that a member of this cluster can have: one of this host's own
// networks, or one that the operator named. Somebody else's is not connected to because
// a datagram names it.
func (w *watcher) ours(a netip.Addr) bool {
	if w.named(a) {
		return true
	}
	for _, x := range w.r.Facts.Addrs.Value {
		if x.Prefix.Masked().Contains(a.WithZone("")) {
			return true
		}
	}
	return false
}

func (w *watcher) named(a netip.Addr) bool {
	if slices.ContainsFunc(w.o.Expect.Hosts, func(h expect.Host) bool { return h.Is(a, "") }) {
		return true
	}
	for addr := range w.doctor.named {
		if addr.Addr() == a {
			return true
		}
	}
	if s := w.o.Settings; s != nil {
		for _, m := range s.Members {
			if m.Host == a.String() {
				return true
			}
		}
	}
	return false
}

// look notes which hosts seem to be in the group, from the capture.
func (w *watcher) look() {
	for _, c := range w.r.Facts.Connections.Value {
		w.suspect(c.Remote.Addr().Unmap())
	}
	if w.capture == nil {
		return
	}
	w.capture.View(func(r *sniff.Result) {
		for _, host := range r.Analysis.JoinedBy(w.o.Query.Group) {
			w.suspect(host)
		}
		for _, m := range r.Analysis.Members { // of any group: one may have a slip in its address
			for _, host := range m.Hosts() {
				w.suspect(host)
			}
		}
	})
}

// suspect remembers a host that may run the doctor too.
func (w *watcher) suspect(host netip.Addr) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.peers == nil {
		w.peers = map[netip.Addr]bool{}
	}
	if !w.own(host) && w.ours(host) && len(w.peers) < maxReceivers {
		w.peers[host] = true
	}
}

// expected are the members to ask for: those of server.xml, of other nodes that run the
// doctor and otherwise named, and those that are heard, the most heard first.
func (w *watcher) expected() []*Member {
	all := w.members()
	add := func(addr netip.AddrPort, name, from string) {
		if m := all[addr]; m != nil {
			m.Name, m.named = name, true
		} else {
			all[addr] = &Member{Name: name, Addr: addr, Own: w.own(addr.Addr()), From: from, named: true}
		}
	}
	if s := w.o.Settings; s != nil {
		for _, m := range s.Members {
			if a, err := netip.ParseAddr(m.Host); err == nil {
				add(netip.AddrPortFrom(a, m.Port), "", "server.xml")
			}
		}
	}
	for addr, pod := range w.doctor.named {
		add(addr, pod, fromProvider)
	}
	for _, h := range w.o.Expect.Hosts {
		if len(h.Addrs) > 0 && !slices.ContainsFunc(h.Addrs, func(a netip.Addr) bool { return w.has(all, a) }) {
			add(netip.AddrPortFrom(h.Addrs[0], w.o.Query.TCPPort), h.Name, "--expect")
		}
	}
	for _, c := range w.r.Facts.Connections.Value {
		if a := c.Remote.Addr().Unmap(); c.State == "" && !w.own(a) && !w.has(all, a) {
			add(netip.AddrPortFrom(a, w.receiverOf(c)), "", fromConnection)
		}
	}
	w.mu.Lock()
	for _, n := range w.notes {
		host, port, err := net.SplitHostPort(n.Receiver)
		p, _ := strconv.ParseUint(port, 10, 16)
		a, err2 := netip.ParseAddr(host)
		if n.Tomcat && err == nil && err2 == nil && p > 0 && !w.has(all, a) {
			add(netip.AddrPortFrom(a, uint16(p)), n.Name, "muster doctor on "+label(n))
		}
	}
	w.mu.Unlock()
	out := make([]*Member, 0, len(all))
	for _, m := range all {
		out = append(out, m)
	}
	rank := func(m *Member) int {
		if m.named {
			return 0
		}
		return 1
	}
	slices.SortFunc(out, func(a, b *Member) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(b.Heard, a.Heard), a.Addr.Compare(b.Addr))
	})
	return out[:min(len(out), maxMembers)]
}

// queries is how many general queries the capture saw so far; nil without a capture.
func (w *watcher) queries() *int {
	if w.capture == nil {
		return nil
	}
	n := 0
	w.capture.View(func(r *sniff.Result) {
		for _, q := range r.Analysis.Queriers {
			if q.Addr.Is4() == w.o.Query.Group.Is4() { // IGMP or MLD, whichever the group needs
				n += int(q.General)
			}
		}
	})
	return &n
}

// reached are the receivers that took a connection so far.
func (w *watcher) reached() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for addr, m := range w.tried {
		if m.TCP == mesh.TCPOpen {
			out = append(out, addr.String())
		}
	}
	slices.Sort(out)
	return out
}

// fromHeartbeats: it announces itself.
const fromHeartbeats = "heartbeats"

// fromConnection: a replication connection of this host's Tomcat to it is open.
const fromConnection = "an open replication connection"

// receiverOf is the port of the receiver at the other end: the connection goes there, or
// comes from there to our own, which has the same number as a rule.
func (w *watcher) receiverOf(c facts.Connection) uint16 {
	if p := c.Remote.Port(); p >= w.o.Query.TCPPort && p <= w.o.Query.LastTCPPort() {
		return p
	}
	return w.o.Query.TCPPort
}

func (w *watcher) has(all map[netip.AddrPort]*Member, a netip.Addr) bool {
	for addr := range all {
		if addr.Addr() == a {
			return true
		}
	}
	return false
}

// try connects to a receiver, and where the member is not heard asks it a question.
func (w *watcher) try(ctx context.Context, m *Member) {
	for m.Tries = 1; ; m.Tries++ {
		dial, cancel := context.WithTimeout(ctx, dialTimes[m.Tries-1])
		state := w.dial(dial, m.Addr)
		cancel()
		if ctx.Err() != nil && state != mesh.TCPOpen { // the run ended before an answer was due
			m.Tries--
			return
		}
		w.mu.Lock()
		m.TCP = state
		w.mu.Unlock()
		if state == mesh.TCPOpen || m.Tries == tries {
			break
		}
		if !pause(ctx, between) {
			return
		}
	}
	if m.TCP != mesh.TCPOpen {
		return
	}
	w.trySize(ctx, m)
	if m.Heard > 0 || w.heardSince(ctx, m) {
		return
	}
	form, known := w.form()
	if !known || form == tribes.V55 {
		return // in another form than its own the question alarms it, and a 5.5 has none
	}
	e := channel.Probe(ctx, m.Addr, channel.ProbeConfig{ReadTest: true, ReadTimeout: 2 * time.Second, Member: tribes.Member{Generation: form}})
	acked := e.Outcome == channel.Acked
	m.Acked = &acked
}

// form is the generation of the members that are heard here, this host's own too; not
// known where none is heard, or where they differ.
func (w *watcher) form() (form tribes.Generation, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, i := range w.heard {
		if known && i.Member.Generation != form {
			return form, false
		}
		form, known = i.Member.Generation, true
	}
	return form, known
}

// heardSince waits for a member's heartbeat a little: it may just not have come yet.
func (w *watcher) heardSince(ctx context.Context, m *Member) bool {
	for range 12 {
		if !pause(ctx, 250*time.Millisecond) {
			return true
		}
		if x := w.members()[m.Addr]; x != nil && x.Heard > 0 {
			return true
		}
	}
	return false
}

// judgeMembers goes through the members: heartbeat heard? TCP accepted? acked?
func (d *doctor) judgeMembers(w *watcher) {
	heard := w.members()
	members := w.expected()
	slices.SortFunc(members, func(a, b *Member) int { return a.Addr.Compare(b.Addr) })
	for _, m := range members {
		if t := w.tried[m.Addr]; t != nil {
			m.TCP, m.Acked, m.Tries, m.Segment = t.TCP, t.Acked, t.Tries, t.Segment
		}
		if h := heard[m.Addr]; h != nil {
			m.Heard = h.Heard
		}
		d.r.Members = append(d.r.Members, *m)
		if !m.Own {
			d.judgeMember(*m)
		}
	}
}

func (d *doctor) judgeMember(m Member) {
	tcp := verdict.Evidence{What: fmt.Sprintf("TCP connections to %s", m.Addr), Value: fmt.Sprintf("%s, %d tried", m.TCP, m.Tries), ReadFrom: "connect"}
	beats := verdict.Evidence{What: "heartbeats of " + m.Addr.String(), Value: fmt.Sprintf("%d in %s", m.Heard, d.r.Watched.Round(time.Second)), ReadFrom: "the group"}
	d.judgeSize(m)
	unreached := (m.TCP == mesh.TCPTimeout || m.TCP == mesh.TCPRefused || m.TCP == mesh.TCPUnreachable) && m.Tries >= tries
	switch {
	case m.Heard > 0 && unreached:
		d.add(verdict.New("tribes.half-open", verdict.Fail, verdict.Likely, m.Addr.String(),
			fmt.Sprintf("its heartbeats arrive, and its receiver cannot be reached: %s", unreachable(m)), beats, tcp))
	case unreached && m.From == "server.xml":
		d.add(verdict.New("tribes.static-dead", verdict.Fail, verdict.Likely, m.Addr.String(), "server.xml names it as a member, and its receiver cannot be reached: "+unreachable(m), tcp,
			verdict.Next("is Tomcat running there? does its firewall let TCP "+strconv.Itoa(int(m.Addr.Port()))+" in?")))
	case m.Heard > 0 || m.Tries == 0 || !d.multicast():
	case m.TCP == mesh.TCPOpen && m.Acked != nil && *m.Acked:
		d.add(verdict.New("tribes.one-way", verdict.Fail, verdict.Likely, m.Addr.String(),
			"its receiver answers, and not one heartbeat of it arrives here", beats, tcp))
	case m.TCP == mesh.TCPOpen && m.Acked != nil:
		d.add(verdict.New("tribes.gc-pause", verdict.Fail, verdict.Likely, m.Addr.String(),
			"its receiver takes connections and answers nothing, and no heartbeat comes: the process stands still", beats, tcp))
	case unreached && m.From == fromConnection && m.TCP != mesh.TCPRefused: // who refuses is there
		d.add(verdict.New("mesh.cut", verdict.Fail, verdict.Likely, m.Addr.String(),
			"this host's Tomcat has an open replication connection to it, and now neither a heartbeat nor an answer comes: "+unreachable(m)+d.neighbour(m.Addr.Addr()), beats, tcp))
	case unreached && strings.HasPrefix(m.From, "muster doctor"):
		d.add(verdict.New("tribes.not-joined", verdict.Fail, verdict.Hint, m.Addr.String(),
			"neither a heartbeat nor an answer of its receiver comes from it; is that Tomcat running?", beats, tcp))
	}
}

// neighbour adds what the kernel knows of a host on the same link.
func (d *doctor) neighbour(a netip.Addr) string {
	for _, n := range d.r.Facts.Neighbours.Value {
		if n.Addr == a && n.MAC == "" {
			return "; it does not answer ARP either: the way is cut below IP, or the host is down"
		}
	}
	return ""
}

func unreachable(m Member) string {
	switch m.TCP {
	case mesh.TCPTimeout:
		return fmt.Sprintf("no answer to %d connections in different seconds", m.Tries)
	case mesh.TCPRefused:
		return fmt.Sprintf("%d connections were refused", m.Tries)
	}
	return fmt.Sprintf("%d connections failed", m.Tries)
}
