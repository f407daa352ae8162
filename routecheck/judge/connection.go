package judge

import (
	"fmt"
	"net/netip"
	"time"

	"muster/internal/verdict"
	"muster/routecheck/facts"
)

// unacked looks at the kernel's side of the replication connections: data that is sent
// again and again is data that does not arrive, whatever the process believes.
var unacked = Check{
	ID: "sock.unacked",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case !h.linux():
			return unknown(fmt.Sprintf("muster does not read the state of connections on %s", facts.OSName(h.OS)))
		case !h.Connections.Known():
			return unknown("the connections are not known: " + h.Connections.Reason())
		case len(h.Connections.Value) == 0:
			return skip("no replication connection is open")
		}
		var out []verdict.Verdict
		seen := map[netip.AddrPort]bool{}
		for _, c := range h.Connections.Value {
			if !c.Stuck() || seen[c.Remote] {
				continue
			}
			seen[c.Remote] = true
			v := bad(verdict.Warn, verdict.Likely,
				fmt.Sprintf("%d bytes lie in a connection to %s: the kernel has sent the first of them again %d times in a row and got no answer (the last one came %s ago)", c.Unacked, c.Remote, c.Repeats, quiet(c)),
				nil, evidence("connection", fmt.Sprintf("%s to %s", c.Local, c.Remote), h.Connections.From),
				evidence("bytes without an acknowledgement", fmt.Sprint(c.Unacked), h.Connections.From),
				evidence("times that the first of them was sent again", fmt.Sprint(c.Repeats), h.Connections.From))
			v[0].Subject = c.Remote.String()
			v[0].Next = append(v[0].Next, fmt.Sprintf("muster doctor --expect %s   # is it there, and do large packets get to it?", c.Remote.Addr().WithZone("")))
			out = append(out, v...)
		}
		if out != nil {
			return out
		}
		return pass(fmt.Sprintf("in %d replication connections nothing waits for an answer", len(h.Connections.Value)), evidence("connections", fmt.Sprint(len(h.Connections.Value)), h.Connections.From))
	},
}

// quiet is how long ago the other end acknowledged something.
func quiet(c facts.Connection) time.Duration {
	return (time.Duration(c.Quiet) * time.Millisecond).Round(time.Second)
}
