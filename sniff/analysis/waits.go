package analysis

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"muster/internal/verdict"
	"muster/sniff/frame"
	"muster/sniff/stream"
)

// Waits tells whether the process behind a receiver does anything. A host acknowledges segments and
// takes connections by itself; only the process sends data, and closes a connection that the other
// side has closed.
type Waits struct {
	// did is when it last sent data or closed a connection.
	did int64
	// since is the earliest of the connections of which it owes an answer, 0 for none; owed is how many
	// there are.
	since int64
	owed  uint64
}

// Debt is what a process owes of one connection. The zero Debt owes nothing.
type Debt struct {
	since int64 // when the client closed its side, or asked for an ack; 0: nothing is owed
	taken bool  // the host has acknowledged it since
}

// Asked notes that the client waits for the process from now on: it closed its side, or sent a message
// that asks for an ack.
func (d *Debt) Asked(now int64) {
	if d.since == 0 {
		d.since = now
	}
}

// Segment takes one of the receiver r's connection.
func (d *Debt) Segment(r *Receiver, f *frame.Frame, dir stream.Dir, now int64) {
	switch {
	case dir == stream.ToServer:
		if f.TCPFlags&frame.RST != 0 {
			*d = Debt{}
		} else if f.TCPFlags&frame.FIN != 0 {
			d.Asked(now)
		}
	case f.TCPFlags&frame.RST != 0:
		*d = Debt{}
	case f.TCPFlags&frame.FIN != 0 || f.PayloadLen > 0:
		r.Waits.did = max(r.Waits.did, now)
		*d = Debt{}
	case f.TCPFlags&frame.ACK != 0 && d.since != 0:
		d.taken = true
	}
}

// End is called when the connection is over, or the capture.
func (d *Debt) End(r *Receiver) {
	if d.since == 0 || !d.taken {
		return
	}
	if w := &r.Waits; w.since == 0 || d.since < w.since {
		w.since = d.since
	}
	r.Waits.owed++
}

// stands reports whether the process behind r has done nothing from a moment on until the end of
// the capture, although it was asked to, and since when.
func (j *judge) stands(r *Receiver) (since int64, ok bool) {
	w := &r.Waits
	if w.owed == 0 || j.Last-w.since <= j.drop || w.did >= w.since {
		return 0, false
	}
	for _, m := range j.heard {
		if ap, _ := m.Record.AddrPort(); ap == r.Addr && m.Last > w.since+second {
			return 0, false // its heartbeats go on
		}
	}
	if h := j.hosts[r.Addr.Addr()]; h != nil && h.starts.between(w.since, j.Last+1) {
		return 0, false
	}
	return w.since, true
}

// standing: a process that stands still until the end of the capture, while its host goes on.
func (j *judge) standing() {
	const id = "tribes.gc-pause"
	for _, r := range j.SortedReceivers() {
		since, ok := j.stands(r)
		if !ok {
			continue
		}
		j.add(id, verdict.Warn, verdict.Likely, r.Addr.String(),
			fmt.Sprintf("%s takes connections and data, and from %s on, %s, its process neither answers nor closes what others closed, and no heartbeat of it comes: the process stands still, its host does not",
				r.Addr, j.at(since), span(j.Last-since)),
			evidence("connections that wait for it", "%d", r.Waits.owed),
			verdict.Fix("a stopped process: kill -CONT PID; a long collection: the garbage collector's log and a thread dump"),
			verdict.Next("muster tribes probe "+r.Addr.String()))
	}
}

// unheard: messages go to a member of which no heartbeat comes, while those of the one that sends
// them do.
func (j *judge) unheard() {
	for _, r := range j.SortedReceivers() {
		if r.Messages == 0 || j.Last-r.firstMessage <= 2*j.drop || j.known(r.Addr) {
			continue
		}
		if _, stands := j.stands(r); stands {
			continue
		}
		from := j.heardAmong(r.From.List())
		if from == nil {
			continue
		}
		j.add("tribes.one-way", verdict.Warn, verdict.Hint, r.Addr.String(),
			fmt.Sprintf("%s sends messages to %s since %s, and not one heartbeat of %s arrives here: they are lost on the way, or its membership is static",
				from.Name(), r.Addr, j.at(r.firstMessage), r.Addr),
			evidence("messages", "%d", r.Messages), verdict.Next("muster listen "+j.groupOf(from)+" -d 10s    # here, and on the other nodes"))
	}
}

// known reports whether a member at that address was heard, or is judged for what it says itself.
func (j *judge) known(addr netip.AddrPort) bool {
	for _, m := range j.heard {
		if ap, _ := m.Record.AddrPort(); ap == addr || m.Record.SecurePort == int32(addr.Port()) && m.Sources.has(addr.Addr()) {
			return true
		}
	}
	for _, m := range j.silent {
		if ap, _ := m.Record.AddrPort(); ap == addr {
			return true
		}
	}
	return false
}

// heardAmong is a member whose heartbeats come from one of the hosts, nil for none.
func (j *judge) heardAmong(hosts []netip.Addr) *Member {
	for _, m := range j.heard {
		for _, h := range hosts {
			if m.Sources.has(h) && m.Beats.count > enough {
				return m
			}
		}
	}
	return nil
}

// asks are the state transfers that were asked for and not answered yet, by who asked whom.
type asks map[[2]netip.AddrPort]int64

const (
	maxAsks = 1024
	// answerTime is how long a node that can may take to begin an answer.
	answerTime = int64(8 * time.Second)
)

// Asked notes that a member asked another for the sessions of a context.
func (a *Analysis) Asked(m *Member, of netip.AddrPort, now int64) {
	from, ok := m.Record.AddrPort()
	if k := [2]netip.AddrPort{from, of}; ok && len(a.asks) < maxAsks && a.asks[k] == 0 {
		if a.asks == nil {
			a.asks = asks{}
		}
		a.asks[k] = now
	}
}

// AskAnswered notes that a member sent another one sessions, or that it has none.
func (a *Analysis) AskAnswered(m *Member, to netip.AddrPort) {
	if from, ok := m.Record.AddrPort(); ok {
		delete(a.asks, [2]netip.AddrPort{to, from})
	}
}

// stateTransfer: a member asked another one for its sessions and got nothing, although both live.
func (j *judge) stateTransfer() {
	const id = "tribes.state-transfer"
	fix := verdict.Fix("start one node, and the next when the first has written \"Server startup in\"; a smaller stateTransferTimeout on the Manager shortens the wait")
	members := map[netip.AddrPort]*Member{}
	for _, m := range slices.Concat(j.heard, j.silent) {
		if addr, ok := m.Record.AddrPort(); ok {
			members[addr] = m
		}
	}
	pairs := slices.SortedFunc(maps.Keys(j.asks), func(a, b [2]netip.AddrPort) int {
		return cmp.Or(a[0].Compare(b[0]), a[1].Compare(b[1]))
	})
	for _, pair := range pairs {
		from, of, at := pair[0], pair[1], j.asks[pair]
		m, n := members[from], members[of]
		if m == nil || n == nil || j.Last-at < answerTime || n.Heard() && n.Last < at+answerTime || m.Goodbye != 0 || n.Goodbye != 0 {
			continue
		}
		back := j.asks[[2]netip.AddrPort{of, from}]
		switch {
		case back == 0:
			j.add(id, verdict.Warn, verdict.Hint, m.Name(),
				fmt.Sprintf("%s asked %s for its sessions at %s and got no answer for %s: its start waits for them", m.Name(), n.Name(), j.at(at), span(j.Last-at)), fix)
		case from.Compare(of) < 0:
			j.add(id, verdict.Warn, verdict.Likely, m.Name()+", "+n.Name(),
				fmt.Sprintf("%s and %s asked each other for their sessions, at %s and %s, and neither answered in %s: each waits for the other", m.Name(), n.Name(), j.at(at), j.at(back), span(j.Last-max(at, back))), fix)
		}
	}
}
