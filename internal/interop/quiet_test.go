package interop

import (
	"net"
	"syscall"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/tomcat"
)

// Verify that finding out who hears whom on the group of a running cluster leaves
// no line in the log of any Tomcat, and no member suspected.
func TestTomcatsNoticeNoProbe(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t, netlab.Config{Hosts: 3})
	n1, n2, n3 := lab.Host(1), lab.Host(2), lab.Host(3)
	n1.Sysctl("net.ipv4.icmp_echo_ignore_broadcasts", "0")
	lab.Switch().SnoopWithQuerier()
	one := tomcat.Start(t, n1, tomcat.Config{DropTime: time.Minute}) // a busy machine makes no member suspect
	two := tomcat.Start(t, n2, tomcat.Config{DropTime: time.Minute})
	one.WaitLog(`memberAdded .*\{10, 77, 0, 12\}:4000`, 10*time.Second)
	two.WaitLog(`memberAdded .*\{10, 77, 0, 11\}:4000`, 10*time.Second)
	one.WaitLog(`Server startup in`, 75*time.Second)
	two.WaitLog(`Server startup in`, 75*time.Second)

	logged := func() int { return len(one.Log()) + len(two.Log()) }
	before := logged()
	tell := func(what string) {
		t.Helper()
		if logged() != before {
			t.Fatalf("after %s the Tomcats logged\n%s\n%s", what, one.Tail(), two.Tail())
		}
	}
	run := func(status int, args ...string) {
		t.Helper()
		p := muster(t, n3, args...)
		if _, got := p.finish(); got != status {
			t.Errorf("muster %v: exit status %d, want %d\n%s", args, got, status, p.Tail())
		}
		tell(args[0])
	}

	var responders []*program
	for _, h := range lab.Hosts() {
		p := muster(t, h, "ping", "--respond", "228.0.0.4")
		p.WaitLine("answering", 10*time.Second, func(s string) bool { return len(s) > 9 && s[:9] == "answering" })
		responders = append(responders, p)
	}
	run(0, "ping", "228.0.0.4", "-c", "3", "--interval", "20ms")
	run(1, "ping", "228.0.0.4", "-c", "2", "--interval", "20ms", "--expect", "2") // asks in other ways who is there
	run(0, "ping", "--udp", "228.0.0.4", "-c", "5", "--interval", "20ms", "--expect", "2", "--both")
	run(0, "ping", "--udp", "228.0.0.4", "--ttl", "1..3", "-W", "300ms")
	run(0, "ping", "--udp", "228.0.0.4", "--size", "48..2000", "--dont-fragment", "-W", "300ms")
	for _, p := range responders {
		if _, status := p.end(syscall.SIGINT); status != 0 {
			t.Errorf("a responder ended with %d\n%s", status, p.Tail())
		}
	}

	var nodes []*program
	for _, h := range lab.Hosts() {
		nodes = append(nodes, muster(t, h, "mesh", "228.0.0.4", "-d", "8s", "--tcp-port", "4000", "--json"))
	}
	for _, p := range nodes {
		p.finish()
		p.seen = 0
		p.wait(time.Second, "matrix_complete", func(l line) bool { return l.Type == "matrix_complete" })
	}
	tell("mesh")

	run(0, "querier", "-4")
	run(0, "querier", "-4", "--provoke")

	// A heartbeat with a wrong end it logs: what these commands send is never one.
	n3.Do(func() {
		c, err := net.Dial("udp4", "228.0.0.4:45564")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte("TRIBES-B\x01\x00\x00\x00\x00\x10 MSTRMESH MSTR.. MSTRMESH.")); err != nil {
			t.Fatal(err)
		}
	})
	for end := time.Now().Add(10 * time.Second); logged() == before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the Tomcats logged nothing of a broken heartbeat: the test sees no log")
		}
	}
}
