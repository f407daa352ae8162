package interop

import (
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/tomcat"
)

// Verify that the harness's own peers find each other: two Tomcats of 10.1 and a
// member made of the jars of Tomcat 9.
func TestClusterOfTomcats(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t, netlab.Config{Hosts: 3})
	one := tomcat.Start(t, lab.Host(1), tomcat.Config{})
	two := tomcat.Start(t, lab.Host(2), tomcat.Config{})
	one.WaitLog(`memberAdded .*\{10, 77, 0, 12\}:4000`, 5*time.Second)
	two.WaitLog(`memberAdded .*\{10, 77, 0, 11\}:4000`, 5*time.Second)

	peer := tomcat.StartPeer(t, lab.Host(3), tomcat.Tribes9)
	for _, want := range []string{"10.77.0.11", "10.77.0.12"} {
		peer.WaitEvent("memberAdded", 5*time.Second, func(e tomcat.Event) bool { return e.Member.Host == want })
	}
	one.WaitLog(`memberAdded .*\{10, 77, 0, 13\}:4000`, 5*time.Second)
	two.WaitLog(`memberAdded .*\{10, 77, 0, 13\}:4000`, 5*time.Second)

	// Each lists the two others, by the ids that they have themselves.
	ids := map[string]string{}
	lists := map[string][]tomcat.Member{}
	for _, m := range []interface {
		Members() ([]tomcat.Member, tomcat.Member)
	}{one, two, peer} {
		members, local := m.Members()
		ids[local.Host] = local.UniqueID
		lists[local.Host] = members
	}
	for host, members := range lists {
		if len(members) != 2 {
			t.Errorf("%s lists %d members, want 2: %+v", host, len(members), members)
		}
		for _, m := range members {
			if m.Host == host || m.UniqueID != ids[m.Host] {
				t.Errorf("%s lists %s as %s, whose id is %s", host, m.Host, m.UniqueID, ids[m.Host])
			}
		}
	}

	// A session goes from one to the other: its change after its creation, as the
	// other may take the two in any order.
	s, err := one.Request("maxinactive=60", "")
	if err != nil {
		t.Fatal(err)
	}
	arrived(t, two, s.ID, "k", "")
	if s, err = one.Request("set=k=v", s.ID); err != nil || s.Attributes["k"] != "v" {
		t.Fatalf("%+v, %v", s, err)
	}
	arrived(t, two, s.ID, "k", "v")
	if got, err := two.Request("new=0", s.ID); err != nil || got.New || got.Attributes["k"] != "v" {
		t.Fatalf("n2 serves the session as %+v, %v", got, err)
	}

	two.Kill()
	one.WaitLog(`Received member disappeared:.*\{10, 77, 0, 12\}:4000`, 10*time.Second)
	peer.Stop()
	one.WaitLog(`Received member disappeared:.*\{10, 77, 0, 13\}:4000`, 3*time.Second)
	one.Stop()
}
