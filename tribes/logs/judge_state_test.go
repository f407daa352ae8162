package logs

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	startLines = `29-Nov-2026 21:55:25.900 INFO [main] org.apache.catalina.ha.tcp.SimpleTcpCluster.startInternal Cluster is about to start
29-Nov-2026 21:55:28.537 INFO [main] org.apache.catalina.startup.HostConfig.deployDirectory Deploying web application directory [/srv/webapps/ROOT]
29-Nov-2026 21:55:28.538 INFO [Catalina-utility-1] org.apache.catalina.ha.tcp.SimpleTcpCluster.memberAdded Replication member added:[org.apache.catalina.tribes.membership.MemberImpl[tcp://{10, 77, 0, 12}:4000,{10, 77, 0, 12},4000, alive=2177, securePort=-1, UDP Port=-1, id={1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 }, payload={}, command={}, domain={}]]
29-Nov-2026 21:55:29.234 INFO [main] org.apache.catalina.ha.session.DeltaManager.startInternal Register manager [localhost#] to cluster element [Engine] with name [Catalina]
`
	askLine = `29-Nov-2026 21:55:29.253 INFO [main] org.apache.catalina.ha.session.DeltaManager.getAllClusterSessions Manager [localhost#], requesting session state from [org.apache.catalina.tribes.membership.MemberImpl[tcp://{10, 77, 0, 12}:4000,{10, 77, 0, 12},4000, alive=2110, securePort=-1, UDP Port=-1, id={1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 }, payload={}, command={}, domain={}]]. This operation will timeout if no session state has been received within [60] seconds.
`
	noAppLine = `29-Nov-2026 21:55:29.512 WARNING [main] org.apache.catalina.ha.session.DeltaManager.waitForSendAllSessions Manager [localhost#]: In reply to the 'Get all session data' message sent at [11/29/26, 9:55 PM], a 'No matching context manager' message was received after [259] ms.
`
	upLine = `29-Nov-2026 21:55:30.327 INFO [main] org.apache.catalina.startup.Catalina.start Server startup in [5148] milliseconds
`
	laterLine = `29-Nov-2026 21:55:39.000 INFO [Catalina-utility-1] org.apache.catalina.ha.tcp.SimpleTcpCluster.memberAdded Replication member added:[org.apache.catalina.tribes.membership.MemberImpl[tcp://{10, 77, 0, 13}:4000,{10, 77, 0, 13},4000, alive=1177, securePort=-1, UDP Port=-1, id={2 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 }, payload={}, command={}, domain={}]]
`
)

// A start that waits for another node's sessions is told from one that got an answer,
// has just asked, or ended long ago.
func TestWaitsForSessions(t *testing.T) {
	at := func(s string) time.Time {
		now, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return now
	}
	for _, c := range []struct {
		name, log string
		now       time.Time
		want      string // a part of what was seen
	}{
		{"it waits", askLine, at("2026-11-29T21:55:45Z"), "asked 10.77.0.12:4000 for its sessions at 21:55:29.253 and has waited 16s"},
		{"the log is in local time", askLine, at("2026-11-29T21:55:45+02:00"), "has waited 16s"},
		{"the log goes on", askLine + laterLine, time.Time{}, "has waited 10s"},
		{"it has just asked", askLine, at("2026-11-29T21:55:33Z"), ""},
		{"nobody knows the time", askLine, time.Time{}, ""},
		{"another day", askLine, at("2026-11-30T21:55:45Z"), ""},
		{"it was answered", askLine + noAppLine, at("2026-11-29T21:55:45Z"), ""},
		{"it is up", askLine + upLine + laterLine, at("2026-11-29T21:55:45Z"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Run(context.Background(), Options{Inputs: []Input{text("a", startLines+c.log)}, Now: c.now})
			if err != nil {
				t.Fatal(err)
			}
			saw := ""
			for _, v := range r.Verdicts {
				if v.ID == "tribes.state-transfer" {
					saw = v.Saw
				}
			}
			if (saw != "") != (c.want != "") || !strings.Contains(saw, c.want) {
				t.Errorf("%q, want %q", saw, c.want)
			}
			if c.want != "" && !slices.Contains(bad(r), "warn likely tribes.state-transfer") {
				t.Errorf("verdicts %q", bad(r))
			}
		})
	}
}
