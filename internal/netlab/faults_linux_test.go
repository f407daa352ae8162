package netlab_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"muster/internal/netlab"
)

// rate is how many of n datagrams from one host to the group reach the interface
// of another.
func rate(t *testing.T, from, to *netlab.Host, iface string, n int) int {
	t.Helper()
	conn := receive(t, to, iface)
	defer conn.Close()
	send(t, from, n)
	got, _ := count(t, conn, n, 150*time.Millisecond)
	return got
}

// passes tells whether all of ten datagrams arrive, if not at once then soon: a
// snooping switch learns of a receiver a moment after it joined.
func passes(t *testing.T, from, to *netlab.Host, iface string) bool {
	t.Helper()
	for range 10 {
		if rate(t, from, to, iface, 10) == 10 {
			return true
		}
	}
	return false
}

// Verify that each fault does what its name says, and that healing undoes it.
func TestFaults(t *testing.T) {
	type path struct{ from, to, iface string }
	for _, tt := range []struct {
		name  string
		fault func(lab *netlab.Lab, n1 *netlab.Host) func()
		cut   []path // nothing passes
		open  []path // all passes
	}{
		{"partition", func(l *netlab.Lab, h *netlab.Host) func() { return l.Switch().Partition(h) },
			[]path{{"n1", "n2", "eth0"}, {"n3", "n1", "eth0"}}, []path{{"n2", "n3", "eth0"}}},
		{"partition of two", func(l *netlab.Lab, h *netlab.Host) func() { return l.Switch().Partition(h, l.Host(2)) },
			[]path{{"n1", "n3", "eth0"}, {"n3", "n2", "eth0"}}, []path{{"n1", "n2", "eth0"}}},
		{"unplug", func(l *netlab.Lab, h *netlab.Host) func() { return l.Switch().Unplug(h) },
			[]path{{"n2", "n1", "eth0"}}, []path{{"n2", "n3", "eth0"}}},
		{"all is lost", func(l *netlab.Lab, h *netlab.Host) func() { return l.Switch().Loss(h, 100, netlab.Both) },
			[]path{{"n1", "n2", "eth0"}, {"n2", "n1", "eth0"}}, []path{{"n2", "n3", "eth0"}}},
		{"loss on the way in", func(l *netlab.Lab, h *netlab.Host) func() { return l.Switch().Loss(h, 100, netlab.In) },
			[]path{{"n2", "n1", "eth0"}}, []path{{"n1", "n2", "eth0"}}},
		{"loss on the way out", func(l *netlab.Lab, h *netlab.Host) func() { return l.Switch().Loss(h, 100, netlab.Out) },
			[]path{{"n1", "n2", "eth0"}}, []path{{"n2", "n1", "eth0"}}},
		{"the switch drops the port", func(l *netlab.Lab, h *netlab.Host) func() {
			return l.Switch().Drop(h, netlab.Traffic{Protocol: "udp", Port: 45564})
		}, []path{{"n1", "n2", "eth0"}, {"n2", "n1", "eth0"}}, []path{{"n2", "n3", "eth0"}}},
		{"the switch drops another port", func(l *netlab.Lab, h *netlab.Host) func() {
			return l.Switch().Drop(h, netlab.Traffic{Protocol: "udp", Port: 45565})
		}, nil, []path{{"n1", "n2", "eth0"}}},
		{"firewall", func(l *netlab.Lab, h *netlab.Host) func() {
			return h.Firewall(netlab.Traffic{Protocol: "udp", Port: 45564})
		}, []path{{"n2", "n1", "eth0"}}, []path{{"n1", "n2", "eth0"}}},
		{"wrong interface", func(l *netlab.Lab, h *netlab.Host) func() { return h.WrongInterface() },
			[]path{{"n1", "n2", "eth0"}}, []path{{"n1", "n2", "eth1"}}},
		{"reverse-path filter", func(l *netlab.Lab, h *netlab.Host) func() { return h.ReversePathFilter() },
			[]path{{"n2", "n1", "eth0"}}, []path{{"n1", "n2", "eth0"}}},
		{"no multicast flag", func(l *netlab.Lab, h *netlab.Host) func() { return h.NoMulticast() },
			nil, []path{{"n1", "n2", "eth0"}, {"n2", "n1", "eth0"}}},
		{"delay", func(l *netlab.Lab, h *netlab.Host) func() {
			return l.Switch().Delay(h, netlab.Impairment{Delay: 20 * time.Millisecond})
		}, nil, []path{{"n1", "n2", "eth0"}, {"n2", "n1", "eth0"}}},
		{"snooping, nobody's reports pass", func(l *netlab.Lab, h *netlab.Host) func() {
			drop := l.Switch().Drop(h, netlab.Traffic{Protocol: "igmp"})
			snoop := l.Switch().SnoopWithoutQuerier(time.Minute)
			return func() { snoop(); drop() }
		}, []path{{"n2", "n1", "eth0"}}, []path{{"n1", "n2", "eth0"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			lab := netlab.New(t, netlab.Config{Hosts: 3, Dual: true})
			heal := tt.fault(lab, lab.Host(1))
			for _, p := range tt.cut {
				if got := rate(t, lab.Named(p.from), lab.Named(p.to), p.iface, 10); got != 0 {
					t.Errorf("%s to %s on %s: %d of 10 arrived, want none", p.from, p.to, p.iface, got)
				}
			}
			for _, p := range tt.open {
				if !passes(t, lab.Named(p.from), lab.Named(p.to), p.iface) {
					t.Errorf("%s to %s on %s: lost", p.from, p.to, p.iface)
				}
			}
			heal()
			for _, p := range []path{{"n1", "n2", "eth0"}, {"n2", "n1", "eth0"}} {
				if !passes(t, lab.Named(p.from), lab.Named(p.to), p.iface) {
					t.Errorf("healed, %s to %s: lost", p.from, p.to)
				}
			}
		})
	}
}

// Verify that a share of the frames is lost: of 200 datagrams at 40 %, within
// eight standard deviations.
func TestLoss(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t, netlab.Config{})
	heal := lab.Switch().Loss(lab.Host(1), 40, netlab.Out)
	if got := rate(t, lab.Host(1), lab.Host(2), "eth0", 200); got < 65 || got > 175 {
		t.Errorf("%d of 200 arrived at 40 %% loss", got)
	}
	heal()
}

// Verify that a relay delays, duplicates, and keeps TCP intact, whose segments are
// larger than the MTU on a veth.
func TestDelay(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t, netlab.Config{})
	n1, n2 := lab.Host(1), lab.Host(2)
	heal := lab.Switch().Delay(n1, netlab.Impairment{Delay: 30 * time.Millisecond, Duplicate: 100})
	conn := receive(t, n2, "eth0")
	start := time.Now()
	send(t, n1, 1)
	if _, _, err := conn.ReadFromUDPAddrPort(make([]byte, 9)); err != nil || time.Since(start) < 30*time.Millisecond {
		t.Errorf("arrived after %v, %v", time.Since(start), err)
	}
	if n, _ := count(t, conn, 9, 150*time.Millisecond); n != 1 {
		t.Errorf("%d more arrived, want one duplicate", n)
	}

	var l net.Listener
	n2.Do(func() {
		var err error
		if l, err = net.Listen("tcp4", n2.Addr().String()+":4000"); err != nil {
			t.Fatal(err)
		}
	})
	defer l.Close()
	sent := strings.Repeat("0123456789", 50_000)
	go func() {
		c, err := n1.Dial(t.Context(), "tcp4", l.Addr().String())
		if err == nil {
			_, _ = c.Write([]byte(sent))
			c.Close()
		}
	}()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var got strings.Builder
	buf := make([]byte, 1<<16)
	for {
		n, err := c.Read(buf)
		got.Write(buf[:n])
		if err != nil {
			break
		}
	}
	if got.String() != sent {
		t.Errorf("%d bytes arrived of %d", got.Len(), len(sent))
	}
	heal()
}

// Verify that without a querier a group's delivery stops, while a new receiver is
// served at once.
func TestSnoopWithoutQuerier(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t, netlab.Config{Hosts: 3})
	conn := receive(t, lab.Host(2), "eth0")
	lab.Switch().SnoopWithoutQuerier(time.Second)
	if !passes(t, lab.Host(1), lab.Host(3), "eth0") {
		t.Error("a new receiver gets nothing")
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		count(t, conn, 99, time.Millisecond) // what came so far
		send(t, lab.Host(1), 1)
		if n, _ := count(t, conn, 1, 100*time.Millisecond); n == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the old receiver still gets everything")
		}
	}
}
