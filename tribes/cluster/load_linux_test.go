package cluster

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/mcast"
	"muster/tribes"
	"muster/tribes/cluster/channel"
	"muster/tribes/cluster/membership"
)

// The load: ten thousand members, each heard twice a second. In a flood only a
// hundred of them are true; the rest are other ids each time, at addresses where
// nobody is.
const (
	loadMembers  = 10000
	loadTrue     = 100
	loadInterval = 500 * time.Millisecond
	loadTime     = 10 * time.Second
	floodTime    = time.Minute
	// Set in the process that makes the load: the group, and what it makes.
	loadEnv  = "MUSTER_TEST_LOAD"
	floodEnv = "MUSTER_TEST_FLOOD_FROM" // the first member that is made up
)

func TestMain(m *testing.M) {
	if to := os.Getenv(loadEnv); to != "" {
		madeUp, err := strconv.Atoi(os.Getenv(floodEnv))
		if err == nil {
			err = makeLoad(netip.MustParseAddrPort(to), madeUp)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if to := os.Getenv(stateEnv); to != "" {
		if err := holdState(to); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// makeLoad is the process beside: it sends the heartbeats of all members, evenly
// in time, and its receiver answers for all of them, on 127.1.0.0/16. Those from
// madeUp on have other ids each time, and a port where nobody listens.
func makeLoad(to netip.AddrPort, madeUp int) error {
	r, err := channel.Listen(channel.ReceiverConfig{Port: 0, MaxConns: 20000})
	if err != nil {
		return err
	}
	go r.Serve(context.Background())
	lo, err := mcast.FindInterface("lo", to.Addr())
	if err != nil {
		return err
	}
	conn, err := mcast.Listen(mcast.Config{
		Interface: lo, Groups: []mcast.Group{{Addr: to.Addr(), Port: to.Port(), Count: 1}}, TTL: -1, SendOnly: true,
	})
	if err != nil {
		return err
	}
	records := make([][]byte, loadMembers)
	for i := range records {
		m := tribes.Member{Host: []byte{127, 1, byte(i >> 8), byte(i)}, Port: int32(r.AddrPort().Port()), SecurePort: -1, UDPPort: -1, ID: tribes.NewUniqueID()}
		if i >= madeUp {
			m.Port = 1
		}
		if records[i], err = m.AppendTo(nil); err != nil {
			return err
		}
	}
	const aliveAt, idAt, batch = 14, 47, 20 // of a record with an IPv4 host
	const step = loadInterval * batch / loadMembers
	alive := uint64(1)
	next := 0
	for due := time.Now(); ; due = due.Add(step) { // what is late is made up for
		time.Sleep(time.Until(due))
		ps := records[next : next+batch]
		for i, p := range ps {
			binary.BigEndian.PutUint64(p[aliveAt:], alive)
			if next+i >= madeUp {
				id := tribes.NewUniqueID()
				copy(p[idAt:], id[:])
			}
		}
		if _, err := conn.SendBatch(ps, to); err != nil {
			return err
		}
		if next += batch; next == loadMembers {
			next = 0
			alive += uint64(loadInterval.Milliseconds())
		}
	}
}

// BenchmarkTenThousandMembers follows ten thousand members at 500 ms over real
// sockets of the loopback: as a member that checks each of them over TCP, and as
// one that only looks. What it reports is of the steady state, for ten seconds:
// the share of one core that this process took (user and system), its peak
// memory, heartbeats taken a second, and the members that it lost or suspected.
func BenchmarkTenThousandMembers(b *testing.B) {
	b.Run("join", func(b *testing.B) { followLoad(b, Join, loadMembers, loadTime) })
	b.Run("look", func(b *testing.B) { followLoad(b, Observe, loadMembers, loadTime) })
}

// BenchmarkFlood follows a hundred members among 19,800 made-up ones a second,
// for a minute.
func BenchmarkFlood(b *testing.B) {
	followLoad(b, Join, loadTrue, floodTime)
}

func followLoad(b *testing.B, start func(context.Context, Config) (*Node, error), members int, d time.Duration) {
	cfg := Defaults()
	cfg.Group = netip.AddrPortFrom(netip.MustParseAddr("239.255.77.1"), freePort(b))
	cfg.Interface, cfg.TCPPort, cfg.StateDir = "lo", 0, b.TempDir()
	for b.Loop() {
		node, err := start(b.Context(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		load := exec.Command(os.Args[0])
		load.Env = append(os.Environ(), loadEnv+"="+cfg.Group.String(), fmt.Sprintf("%s=%d", floodEnv, members))
		load.Stderr = os.Stderr
		if err := load.Start(); err != nil {
			b.Fatal(err)
		}
		added := waitAdded(b, node, members)
		before, was := cpu(b), node.Stats().Membership
		began := time.Now()
		lost := countLost(b, node, d)
		took := time.Since(began).Seconds()
		st := node.Stats().Membership
		b.ReportMetric((cpu(b)-before).Seconds()/took*100, "%core")
		b.ReportMetric(float64(st.Heartbeats-was.Heartbeats)/took, "heartbeats/s")
		b.ReportMetric(float64(st.Drops-was.Drops), "drops")
		b.ReportMetric(float64(st.Refused-was.Refused)/took, "refused/s")
		b.ReportMetric(float64(lost), "lost")
		b.ReportMetric(peakMemory(b), "MB-peak")
		b.ReportMetric(added.Seconds(), "s-to-all")
		b.ReportMetric(0, "ns/op")
		if err := load.Process.Kill(); err != nil {
			b.Fatal(err)
		}
		_ = load.Wait() // its error is the kill
		if err := node.Leave(); err != nil {
			b.Fatal(err)
		}
	}
}

func freePort(b *testing.B) uint16 {
	c, err := net.ListenUDP("udp4", nil)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Port()
}

// waitAdded waits until all members are there, and returns how long it took.
func waitAdded(b *testing.B, n *Node, members int) time.Duration {
	ctx, cancel := context.WithTimeout(b.Context(), 2*time.Minute)
	defer cancel()
	began := time.Now()
	for there := 0; there < members; {
		ev, err := n.Next(ctx)
		if err != nil {
			b.Fatalf("only %d members after %s", there, time.Since(began))
		}
		switch ev.Kind {
		case membership.Added:
			there++
		case membership.Disappeared:
			there--
		}
	}
	return time.Since(began)
}

// countLost counts the members that are suspected or gone within d.
func countLost(b *testing.B, n *Node, d time.Duration) (lost int) {
	ctx, cancel := context.WithTimeout(b.Context(), d)
	defer cancel()
	for {
		ev, err := n.Next(ctx)
		if err != nil {
			return lost
		}
		if ev.Member.Port != 1 && (ev.Kind == membership.Disappeared || ev.Kind == membership.Suspect) {
			lost++
		}
	}
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peakMemory is the most that this process had resident, in MB.
func peakMemory(b *testing.B) float64 { return peakMemoryOf(b, os.Getpid()) }

func peakMemoryOf(b testing.TB, pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for _, line := range strings.Split(string(status), "\n") {
		if kb, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(kb), " kB"))
			if err != nil {
				b.Fatal(err)
			}
			return float64(n) / 1000
		}
	}
	b.Fatal("no VmHWM")
	return 0
}
