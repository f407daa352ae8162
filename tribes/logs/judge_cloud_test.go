package logs

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// What a Tomcat with CloudMembershipService writes whose host name is 127.0.1.1: it
// lists itself, and asks itself for the sessions.
const memberOfItself = `29-Nov-2026 18:00:01.000 INFO [main] org.apache.catalina.ha.tcp.SimpleTcpCluster.startInternal Cluster is about to start
29-Nov-2026 18:00:01.100 INFO [main] org.apache.catalina.tribes.transport.ReceiverBase.bind Receiver Server Socket bound to:[/10.77.0.11:4000]
29-Nov-2026 18:00:01.300 INFO [main] org.apache.catalina.ha.tcp.SimpleTcpCluster.memberAdded Replication member added:[org.apache.catalina.tribes.membership.MemberImpl[tcp://10.77.0.11:4000,10.77.0.11,4000, alive=-1, securePort=-1, UDP Port=-1, id={1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 }, payload={}, command={}, domain={}]]
29-Nov-2026 18:01:01.400 SEVERE [main] org.apache.catalina.ha.session.DeltaManager.waitForSendAllSessions Manager [localhost#]: No session state sent at [11/29/26, 6:00 PM] received, timing out after [60,029] ms.
`

func TestMemberOfItself(t *testing.T) {
	if got := bad(run(t, text("catalina.out", memberOfItself))); !slices.Contains(got, "fail likely provider.self") || slices.Contains(got, "fail definite tribes.duplicate-id") {
		t.Errorf("without multicast: %v", got)
	}
	multicast := strings.Replace(memberOfItself, "29-Nov-2026 18:00:01.300", `29-Nov-2026 18:00:01.200 INFO [main] org.apache.catalina.tribes.membership.McastServiceImpl.waitForMembers Sleeping for [1000] milliseconds to establish cluster membership, start level:[4]
29-Nov-2026 18:00:01.300`, 1)
	if got := bad(run(t, text("catalina.out", multicast))); !slices.Contains(got, "fail definite tribes.duplicate-id") {
		t.Errorf("with multicast somebody else is there: %v", got)
	}
}

// The log of a 9.0.113 holds the token: told, and not repeated.
func TestTokenInLog(t *testing.T) {
	const token = "eyJhbGciOiJSUzI1NiJ9.payload.signature"
	r := run(t, text("catalina.out", `29-Nov-2026 18:00:00.100 INFO [main] org.apache.catalina.startup.VersionLoggerListener.log Server version name:   Apache Tomcat/9.0.113
29-Nov-2026 18:00:01.000 INFO [main] org.apache.catalina.ha.tcp.SimpleTcpCluster.startInternal Cluster is about to start
29-Nov-2026 18:00:02.000 SEVERE [main] org.apache.catalina.tribes.membership.cloud.KubernetesMembershipProvider.fetchMembers Failed connection to [https://10.77.0.1:6443/api/v1/namespaces/tomcat/pods] with token [`+token+`]
`))
	if got := bad(r); !slices.Contains(got, "fail definite config.advisory") {
		t.Errorf("%v", got)
	}
	for _, v := range r.Verdicts {
		if b, _ := json.Marshal(v); strings.Contains(string(b), token) {
			t.Errorf("the token is shown by %s: %s", v.ID, b)
		}
	}
	if b, _ := json.Marshal(r.Events); strings.Contains(string(b), token) || len(r.Events) < 2 {
		t.Errorf("the token is shown by an event: %s", b)
	}
}

func TestAdvisoryOfRelease(t *testing.T) {
	log := func(release, more string) *Result {
		return run(t, text("catalina.out", "29-Nov-2026 18:00:00.100 INFO [main] org.apache.catalina.startup.VersionLoggerListener.log Server version name:   Apache Tomcat/"+release+
			"\n29-Nov-2026 18:00:01.000 INFO [main] org.apache.catalina.ha.tcp.SimpleTcpCluster.startInternal Cluster is about to start\n"+more))
	}
	const encrypted = "29-Nov-2026 18:00:02.000 SEVERE [Tribes-Task-Receiver[Catalina-Channel]-1] org.apache.catalina.tribes.group.interceptors.EncryptInterceptor.messageReceived Failed to decrypt message\n"
	for _, c := range []struct {
		release, more, want string
	}{
		{"11.0.20", encrypted, "fail likely config.advisory"},
		{"11.0.20", "", "warn hint config.advisory"},
		{"11.0.21", encrypted, ""},
		{"10.1.53", "", "warn hint config.advisory"},
	} {
		got := slices.DeleteFunc(bad(log(c.release, c.more)), func(s string) bool { return !strings.HasSuffix(s, "config.advisory") })
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s %q: %v, want %q", c.release, c.more, got, c.want)
		}
	}
}
