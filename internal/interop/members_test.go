package interop

import (
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/tomcat"
)

// One that only looks lists exactly the members that the Tomcats themselves list,
// ids included; it sends nothing to find out, and nobody notices.
func TestMembersListsWhatTomcatsList(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t, netlab.Config{Hosts: 4})
	one := tomcat.Start(t, lab.Host(1), tomcat.Config{Domain: "staging"})
	two := tomcat.Start(t, lab.Host(2), tomcat.Config{Domain: "staging"})
	tomcat.StartPeer(t, lab.Host(4), tomcat.Tribes9, "--domain", "staging", "--payload", "hello")
	one.WaitLog(`SimpleTcpCluster\.memberAdded .*\{10, 77, 0, 14\}:4000`, 10*time.Second)

	n3 := lab.Host(3)
	capture := n3.Capture("eth0")
	m := muster(t, n3, "tribes", "members", "--json")
	if last, status := m.finish(); status != 0 || last.Type != "summary" || last.Members != 3 {
		t.Errorf("exit status %d\n%s", status, m.Tail())
	}
	before := sent(capture)

	var got []string
	for _, l := range m.lines() {
		if l.Type == "member" {
			got = append(got, l.Host+" "+l.UniqueID)
		}
	}
	listed, local := one.Members()
	want := []string{local.Host + " " + local.UniqueID}
	for _, m := range listed {
		want = append(want, m.Host+" "+m.UniqueID)
	}
	slices.Sort(got)
	slices.Sort(want)
	if len(want) != 3 || !slices.Equal(got, want) {
		t.Errorf("it lists\n  %s\nn1 lists\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}

	if n := one.Count(`10, 77, 0, 13`) + two.Count(`10, 77, 0, 13`); n != 0 {
		t.Errorf("the Tomcats noticed it %d times", n)
	}

	// The kernel reports that it wants the group, and resolves no address for us.
	for _, f := range before {
		if protocol, _, to := f.Transport(); protocol != igmp && protocol != icmpv6 {
			t.Errorf("n3 sent a frame of protocol %d to %v: %x", protocol, to, f.Bytes)
		}
	}
	if !slices.ContainsFunc(before, func(f netlab.Frame) bool {
		protocol, _, to := f.Transport()
		return protocol == igmp && to == netip.AddrFrom4([4]byte{224, 0, 0, 22})
	}) {
		t.Error("not even a membership report was captured")
	}
	// A heartbeat would have been seen.
	n3.Do(func() {
		c, err := net.Dial("udp4", "228.0.0.4:45564")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
	})
	for end := time.Now().Add(2 * time.Second); len(sent(capture)) == len(before); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the capture misses what n3 sends")
		}
	}
}

const (
	igmp   = 2
	icmpv6 = 58
)

func sent(c *netlab.Capture) (frames []netlab.Frame) {
	for _, f := range c.Frames() {
		if f.Outgoing {
			frames = append(frames, f)
		}
	}
	return frames
}
