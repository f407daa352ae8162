package tomcat

import (
	"fmt"

	"muster/internal/verdict"
)

// evidence is what the wire showed of the two.
func (j *judge) evidence() (all []verdict.Evidence) {
	for i, n := range []*NodeFacts{j.from, j.to} {
		if n.Down || i == 0 && j.f.From < 0 {
			continue
		}
		add := func(what, value, from string) {
			all = append(all, verdict.Evidence{What: n.Name + ": " + what, Value: value, ReadFrom: from})
		}
		if j.f.Routes {
			add("jvmRoute", orNone(n.Route), "the ids of its sessions")
		}
		if !j.f.Joined {
			continue
		}
		add("heartbeats", yesNo(n.Heard, "heard, receiver "+n.Receiver, "none"), "UDP "+j.f.Group)
		if !n.Heard {
			continue
		}
		add("receiver", yesNo(n.Reached, "answers", "does not answer: "+n.ReachErr), "TCP "+n.Receiver)
		add("counts muster as a member", yesNo(n.CountsUs, "yes", "not seen"), "connections to us")
		if !n.Reached {
			continue
		}
		if n.Examined {
			add("messages about a new session", messages(n), "TCP to us")
		}
		if n.Asked {
			add("manager of the application", yesNo(n.Manager != silentManager, string(n.Manager), "no answer"), "asked for its state")
			if j.f.Lost || j.f.Behind {
				add("has the session", yesNo(n.Holds, "yes", "no"), "asked for its state")
			}
		}
	}
	return all
}

func messages(n *NodeFacts) string {
	switch {
	case n.Seen > 0:
		return fmt.Sprintf("%d", n.Seen)
	case n.Sent > 0 && n.Sealed:
		return fmt.Sprintf("%d that cannot be read (encrypted)", n.Sent)
	}
	return "none"
}

func yesNo(ok bool, yes, no string) string {
	if ok {
		return yes
	}
	return no
}
