package interop

import (
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/tomcat"
)

// muster as a guest among BackupManagers: it is a member of their map, its session
// is served by both, what they change comes back, and they hear it leave. Their
// own sessions are as they were.
func TestSmokeGuestAmongBackupManagers(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t, netlab.Config{Hosts: 3})
	cfg := tomcat.Config{Manager: "backup"}
	both := pair(t, lab, cfg)
	own, err := both[0].Request("maxinactive=600", "")
	if err != nil {
		t.Fatal(err)
	}
	if own, err = both[0].Request("set=k=v", own.ID); err != nil {
		t.Fatal(err)
	}

	run := smokeTomcats(t, lab.Host(3), pages("/lab", lab.Host(1), lab.Host(2)), nil, append(labPage[:4:4], "--guest")...)
	run.passes(t)
	if got := run.detail(t, 3, "manager"); got != "BackupManager" {
		t.Errorf("muster replicates as a %v", got)
	}
	for _, s := range both {
		s.WaitLog(`Map member added.*\{10, 77, 0, 13\}`, 5*time.Second)
		s.WaitLog(`[Mm]ember.*\{10, 77, 0, 13\}.*disappeared|disappeared.*\{10, 77, 0, 13\}`, 5*time.Second)
		if n := s.Count(unreadable); n != 0 {
			t.Errorf("a Tomcat complains %d times\n%s", n, s.Tail())
		}
	}
	if got, err := both[1].Request("new=0", own.ID); err != nil || got.Attributes["k"] != "v" {
		t.Errorf("the Tomcats' own session is %+v, %v", got, err)
	}
}
