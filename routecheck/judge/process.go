package judge

import (
	"fmt"
	"net/netip"

	"muster/internal/verdict"
	"muster/routecheck/facts"
)

var stopped = Check{
	ID: "tribes.gc-pause",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case !h.linux():
			return unknown(fmt.Sprintf("muster does not read the state of processes on %s", facts.OSName(h.OS)))
		case !h.Processes.Known():
			return unknown("the processes are not known: " + h.Processes.Reason())
		}
		p, ok := h.Member()
		if !ok {
			if c := h.Query.Cluster; c != nil {
				return skip(fmt.Sprintf("no Tomcat runs here now, although %s was given: nothing is judged of a running one", c.From))
			}
			return skip("no Tomcat runs here")
		}
		who := fmt.Sprintf("%s (pid %d)", p.Name, p.PID)
		ev := []verdict.Evidence{evidence("state of "+who, orWord(p.State, "not readable"), fmt.Sprintf("/proc/%d/status", p.PID))}
		unread, where := h.unread(p.PID)
		if unread > 0 {
			ev = append(ev, evidence("bytes that it has not read", fmt.Sprintf("%d, %s", unread, where), h.UDP.From))
		}
		var v []verdict.Verdict
		switch {
		case p.Tracer != 0:
			v = bad(verdict.Fail, verdict.Definite, fmt.Sprintf("%s is held by a debugger (pid %d): it sends no heartbeats and answers nobody while it stands still", who, p.Tracer),
				[]string{fmt.Sprintf("kill -CONT %d   # after the debugger (pid %d) has let go of it", p.PID, p.Tracer)}, ev...)
			if p.State != "t" && p.State != "T" { // attached, and running
				v = bad(verdict.Warn, verdict.Likely, fmt.Sprintf("a debugger (pid %d) is attached to %s, which stands still whenever that says so", p.Tracer, who), nil, ev...)
				v[0].Next = append(v[0].Next, fmt.Sprintf("ps -o pid,args -p %d   # which program it is", p.Tracer))
			}
		case p.State == "T" || p.State == "t":
			v = bad(verdict.Fail, verdict.Definite, who+" is stopped: it sends no heartbeats, reads nothing, and the others drop it", []string{fmt.Sprintf("kill -CONT %d", p.PID)}, ev...)
		case p.State == "Z":
			v = bad(verdict.Fail, verdict.Definite, who+" has ended and only its entry is left", nil, ev...)
			v[0].Next = append(v[0].Next, "muster tribes logs catalina.out   # why it ended")
		case p.SwappedKB > 1024 && p.SwappedKB > p.ResidentKB/4:
			ev = append(ev, evidence("memory in RAM and swapped out", fmt.Sprintf("%d kB and %d kB", p.ResidentKB, p.SwappedKB), fmt.Sprintf("/proc/%d/status", p.PID)))
			v = bad(verdict.Warn, verdict.Likely, who+" is swapped out in part: its pauses can be longer than dropTime", nil, ev...)
			v[0].Next = append(v[0].Next, "free -m   # what fills the memory")
		case unread > maxUnread:
			v = bad(verdict.Warn, verdict.Likely, fmt.Sprintf("%s has not read %d bytes that lie in its sockets (%s): it does not keep up, or hangs", who, unread, where), nil, ev...)
			v[0].Next = append(v[0].Next, fmt.Sprintf("jstack %d   # what its threads wait for", p.PID))
		case p.State == "":
			return unknown("the state of "+who+" may not be read here", ev...)
		default:
			return pass(who+" runs", ev...)
		}
		return v
	},
}

// maxUnread is how much may lie in a member's sockets between two of its reads: a
// busy one has some heartbeats and a session message or two.
const maxUnread = 64 << 10

// unread is what lies in the cluster's sockets of a process.
func (h *Host) unread(pid int) (bytes uint32, where string) {
	add := func(n uint32, local netip.AddrPort) {
		if n > 0 {
			bytes += n
			if where != "" {
				where += ", "
			}
			where += local.String()
		}
	}
	for _, s := range h.UDP.Value {
		if s.PID == pid {
			add(s.Queued, s.Local)
		}
	}
	for _, c := range h.Connections.Value {
		if c.PID == pid && h.receiverRange(c.Local.Port()) {
			add(c.Queued, c.Local)
		}
	}
	return bytes, where
}

var deaf = Check{
	ID: "sock.deaf",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.noSockets(); v != nil {
			return v
		}
		if !h.OK {
			return h.noLink()
		}
		group := h.Query.Group.WithZone("")
		hearing := ""
		for _, s := range h.UDP.Value {
			a := s.Local.Addr()
			if s.V6 != h.V6 && a.Is6() != h.V6 && !a.IsUnspecified() {
				continue
			}
			switch {
			case a == group, a.IsUnspecified() && !h.boundElsewhere(s):
				hearing = h.holder(s)
			}
		}
		for _, s := range h.UDP.Value {
			a := s.Local.Addr()
			ev := h.socketEvidence(s)
			fix := []string{"restart " + h.holder(s) + " with its socket bound to the group or to every address"}
			switch {
			case s.PID != 0 && !h.joiner(s.PID) && hearing != "":
				continue
			case a.IsValid() && !a.IsUnspecified() && !a.IsMulticast() && a.Is6() == h.V6:
				status := verdict.Fail
				if hearing != "" { // another socket of the port does hear: this one may be for answers only
					status = verdict.Warn
				}
				return bad(status, verdict.Likely, fmt.Sprintf("%s has UDP port %d bound to %s, its own address: Linux delivers no group to such a socket", h.holder(s), h.Query.Port, a), fix, ev)
			case h.boundElsewhere(s):
				bound := h.LinkName(s.Bound)
				return bad(verdict.Fail, verdict.Likely, fmt.Sprintf("%s has UDP port %d bound to the interface %s, and the group is expected on %s: it does not hear that", h.holder(s), h.Query.Port, bound, h.Link.Name),
					[]string{"restart " + h.holder(s) + " without the binding to " + bound}, ev, evidence("interface that the socket is bound to", bound, h.UDP.From))
			}
		}
		if s, ok := h.lostReceiver(); ok {
			return bad(verdict.Fail, verdict.Definite, fmt.Sprintf("the receiver of %s listens on %s, an address that this host no longer has", h.holder(s), s.Local),
				h.perOS(map[string][]string{"linux": {fmt.Sprintf("ip addr add %s dev %s", netip.PrefixFrom(s.Local.Addr(), h.bitsLike(s.Local.Addr())), h.Link.Name)}, "": {"restart " + h.holder(s)}}),
				evidence("receiver", s.Local, h.Listeners.From))
		}
		if len(h.UDP.Value) == 0 {
			return skip(fmt.Sprintf("no socket here has UDP port %d", h.Query.Port))
		}
		return pass(fmt.Sprintf("the sockets of UDP port %d are bound so that they hear groups on %s", h.Query.Port, h.Link.Name), h.socketEvidence(h.UDP.Value[0]))
	},
}

// boundElsewhere: the socket is bound to another interface than the judged one,
// and not to the VRF or bridge above it.
func (h *Host) boundElsewhere(s facts.Socket) bool {
	return s.Bound != 0 && s.Bound != h.Link.Index && s.Bound != h.Link.Master
}

// joiner: the process is a member, or the only one that holds the port.
func (h *Host) joiner(pid int) bool {
	if p, ok := h.Member(); ok && p.PID == pid {
		return true
	}
	for _, s := range h.UDP.Value {
		if s.PID != pid {
			return false
		}
	}
	return true
}

// lostReceiver is a member's receiver on an address that is gone.
func (h *Host) lostReceiver() (facts.Socket, bool) {
	if !h.Addrs.Known() {
		return facts.Socket{}, false
	}
	for _, s := range h.memberListeners() {
		if a := s.Local.Addr(); !a.IsUnspecified() && !a.IsLoopback() && !h.own(a.WithZone("")) {
			return s, true
		}
	}
	return facts.Socket{}, false
}

// bitsLike is the prefix length that an address of this interface's network has.
func (h *Host) bitsLike(a netip.Addr) int {
	if h.Peers.IsValid() && h.Peers.Contains(a) {
		return h.Peers.Bits()
	}
	return a.BitLen()
}
