package judge

import (
	"fmt"

	"muster/internal/verdict"
)

var javaIPv6 = Check{
	ID: "java.ipv6-stack",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case h.V6:
			return skip("the group is an IPv6 one")
		case h.noSockets() != nil:
			return h.noSockets()
		}
		for _, s := range h.UDP.Value {
			for _, p := range h.Processes.Value {
				if p.PID != s.PID || !s.V6 || !p.Tomcat {
					continue
				}
				ev := []verdict.Evidence{h.socketEvidence(s), evidence("IPv4 route to the group", orWord(h.ToGroup.Value.Errno, "there"), h.ToGroup.From)}
				if p.PreferIPv4 || h.ToGroup.Value.Errno == "" { // measured: JDK 17's dual sockets work where there is a route
					return pass(fmt.Sprintf("%s (pid %d) uses a dual socket, which works here", p.Name, p.PID), ev...)
				}
				return bad(verdict.Warn, verdict.Hint, fmt.Sprintf("%s (pid %d) uses an IPv6 socket for an IPv4 group, and there is no IPv4 route: its sends fail with \"Invalid argument\"", p.Name, p.PID),
					[]string{"CATALINA_OPTS=-Djava.net.preferIPv4Stack=true"}, ev...)
			}
		}
		return skip("no Java program here has the group's port")
	},
}
