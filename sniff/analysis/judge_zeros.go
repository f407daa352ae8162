package analysis

import (
	"fmt"

	"muster/internal/verdict"
	"muster/tribes"
)

// zeros: a member without heartbeats that sends sessions with an id of sixteen zeros. Of
// Tomcats, CloudMembershipService has it as long as it does not find itself among those
// that its provider names, and a static membership where no uniqueId is given.
func (j *judge) zeros() {
	for _, m := range j.silent {
		k := m.Talk.Kinds
		if m.Record.ID != (tribes.UniqueID{}) || m.Record.Generation == tribes.V55 || k["session"]+k["rpc"]+k["map"]+k["java"] == 0 {
			continue
		}
		id, why := verdict.ID("provider.self"), "its CloudMembershipService does not find this node among those that Kubernetes or the DNS name (labels that leave its pod out, a Service that is not headless), or has no answer yet; or it is a static member without a uniqueId. Those that do not list it take nothing from it"
		next := verdict.Next("on " + m.Name() + ": muster tribes members --server-xml FILE")
		if k["static_start"]+k["static_stop"]+k["static_member"] > 0 {
			id, why = "config.static-member", "its <LocalMember> has no uniqueId, as it seems"
			next = verdict.Next("on " + m.Name() + ": muster tribes config FILE")
		}
		j.add(id, verdict.Warn, verdict.Hint, m.Name(), fmt.Sprintf("%s sends with an id of sixteen zeros: %s", m.Name(), why),
			evidence("messages", "%d", m.Talk.Messages), next)
	}
}
