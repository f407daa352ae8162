package cmd

import (
	"bytes"
	"errors"
	"muster/internal/expect"
	"muster/tribes"
	"muster/tribes/cluster/membership"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/term"
	"muster/tribes/cluster"
)

// memberConfigOf parses a command line of one that joins.
func memberConfigOf(args ...string) (cluster.Config, error) {
	s, _, _ := term.Test("")
	var f clusterFlags
	c := &cobra.Command{Use: "join"}
	f.join(c)
	if err := c.ParseFlags(args); err != nil {
		return cluster.Config{}, err
	}
	return f.memberConfig(&app{Streams: s})
}

func TestClusterFlags(t *testing.T) {
	file := filepath.Join(t.TempDir(), "payload")
	if err := os.WriteFile(file, []byte("\x00\xff"), 0o600); err != nil {
		t.Fatal(err)
	}
	plain, err := memberConfigOf()
	if err != nil {
		t.Fatal(err)
	}
	if plain.Group.String() != "228.0.0.4:45564" || plain.Frequency != 500*time.Millisecond || plain.DropTime != 3*time.Second ||
		plain.TTL != -1 || plain.TCPPort != 4000 || plain.AutoBind != 100 || plain.Interface != "" {
		t.Errorf("the defaults are %+v", plain)
	}
	for _, c := range []struct {
		args []string
		is   func(cluster.Config) bool
	}{
		{[]string{"--group", "228.0.0.9"}, func(c cluster.Config) bool { return c.Group.String() == "228.0.0.9:45564" }},
		{[]string{"--address", "228.0.0.9", "--mcastPort", "1234"}, func(c cluster.Config) bool { return c.Group.String() == "228.0.0.9:1234" }},
		{[]string{"--group", "[ff15::4]:77"}, func(c cluster.Config) bool { return c.Group.String() == "[ff15::4]:77" }},
		{[]string{"--mcastFrequency=250"}, func(c cluster.Config) bool { return c.Frequency == 250*time.Millisecond }},
		{[]string{"--frequency=2s", "--memberDropTime", "10000"}, func(c cluster.Config) bool { return c.Frequency == 2*time.Second && c.DropTime == 10*time.Second }},
		{[]string{"--dropTime", "1m"}, func(c cluster.Config) bool { return c.DropTime == time.Minute }},
		{[]string{"--mcastBindAddress", "10.0.0.1"}, func(c cluster.Config) bool { return c.Interface == "10.0.0.1" }},
		{[]string{"-i", "eth1"}, func(c cluster.Config) bool { return c.Interface == "eth1" }},
		{[]string{"--mcastTTL", "3", "--tcpListenPort", "4321", "--autoBind", "1"}, func(c cluster.Config) bool { return c.TTL == 3 && c.TCPPort == 4321 && c.AutoBind == 1 }},
		{[]string{"--domain", "{1,-2,3}", "--payload", "hex:00ff"}, func(c cluster.Config) bool {
			return bytes.Equal(c.Domain, []byte{1, 254, 3}) && bytes.Equal(c.Payload, []byte{0, 255})
		}},
		{[]string{"--domain", "staging", "--payload", "@" + file}, func(c cluster.Config) bool {
			return string(c.Domain) == "staging" && bytes.Equal(c.Payload, []byte{0, 255})
		}},
		{[]string{"--payload", "text"}, func(c cluster.Config) bool { return string(c.Payload) == "text" }},
		{[]string{"--advertise", "192.0.2.1", "--name", "x", "--fresh-id"}, func(c cluster.Config) bool {
			return c.Advertise.String() == "192.0.2.1" && c.Name == "x" && c.FreshID
		}},
	} {
		cfg, err := memberConfigOf(c.args...)
		if err != nil {
			t.Errorf("%q: %v", c.args, err)
		} else if !c.is(cfg) {
			t.Errorf("%q: %+v", c.args, cfg)
		}
	}
}

func TestWrongClusterFlags(t *testing.T) {
	for _, args := range [][]string{
		{"--group", "10.0.0.1"}, {"--group", "x"}, {"--group", "10.0.0.1,232.0.0.1"}, {"--group", "228.0.0.4+2"},
		{"--port", "0"}, {"--port", "70000"}, {"--frequency", "0"}, {"--frequency", "-1s"}, {"--drop-time", "soon"},
		{"--ttl", "256"}, {"--auto-bind", "0"}, {"--bind", "eth0"}, {"--bind", "10.0.0.1", "-i", "eth0"},
		{"--domain", "{1, 2}"}, {"--payload", "hex:0"}, {"--advertise", "228.0.0.4"}, {"--advertise", "name"},
	} {
		_, err := memberConfigOf(args...)
		if err == nil {
			t.Errorf("%q is taken", args)
		}
	}
	var usage *usageError
	if _, err := memberConfigOf("--payload", "@/nowhere/at/all"); err == nil || errors.As(err, &usage) {
		t.Errorf("a payload that cannot be read: %v", err)
	}
}

// Verify when members of other hosts are enough; those of this host never are.
func TestMembersOutcome(t *testing.T) {
	own, other := netip.MustParseAddrPort("10.0.0.1:45564"), netip.MustParseAddrPort("10.0.0.2:45564")
	named := expect.Expect{Hosts: []expect.Host{{Name: "10.0.0.1", Addrs: []netip.Addr{own.Addr()}}, {Name: "10.0.0.2", Addrs: []netip.Addr{other.Addr()}}}}
	for _, c := range []struct {
		interrupted, bounded bool
		expect               expect.Expect
		from                 []netip.AddrPort
		is                   error
	}{
		{false, false, expect.Expect{}, nil, nil},                                   // join, ended by itself
		{true, false, expect.Expect{}, nil, nil},                                    // join, Ctrl-C
		{false, true, expect.Expect{}, nil, errNo},                                  // nobody
		{false, true, expect.Expect{}, []netip.AddrPort{own}, errNo},                // this host alone
		{false, true, expect.Expect{}, []netip.AddrPort{own, other}, nil},           // another one
		{true, true, expect.Expect{}, []netip.AddrPort{other}, errInterrupted},      // Ctrl-C before the bound
		{true, true, expect.Expect{Count: 1}, []netip.AddrPort{other}, nil},         // all were there already
		{false, true, expect.Expect{Count: 2}, []netip.AddrPort{own, other}, errNo}, // too few
		{false, true, named, []netip.AddrPort{other}, nil},                          // this host's own name counts for nothing
		{false, true, named, []netip.AddrPort{own}, errNo},
	} {
		w := watch{own: localHost{addrs: map[netip.Addr]bool{own.Addr(): true}}, others: map[string]netip.AddrPort{}, heard: map[string]netip.AddrPort{}}
		for i, from := range c.from {
			w.count(&membership.Event{Kind: membership.Added, Member: tribes.Member{ID: tribes.UniqueID{byte(i)}}, Source: from})
		}
		if got := w.outcome(c.interrupted, c.bounded, c.expect); got != c.is {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestSplitTarget(t *testing.T) {
	for in, want := range map[string]string{
		"10.0.0.1": "10.0.0.1 4000", "10.0.0.1:4001": "10.0.0.1 4001", "node1": "node1 4000", "node1:1": "node1 1",
		"fd77::1": "fd77::1 4000", "[fd77::1]": "fd77::1 4000", "[fd77::1]:4002": "fd77::1 4002", "fe80::1%eth0": "fe80::1%eth0 4000",
		"[fe80::1%eth0]:4000": "fe80::1%eth0 4000",
	} {
		host, port, err := splitTarget(in)
		if got := host + " " + strconv.Itoa(int(port)); err != nil || got != want {
			t.Errorf("%q: %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", ":4000", "a:b", "10.0.0.1:0", "10.0.0.1:70000", "fd77::1:x", "[fd77::1"} {
		if host, port, err := splitTarget(in); err == nil {
			t.Errorf("%q is %s, %d", in, host, port)
		}
	}
}

func TestEncryptionFlags(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, open := file("good", "cafebabecafebabecafebabecafebabe\n", 0o600), file("open", "cafebabecafebabecafebabecafebabe", 0o644)
	for _, c := range []struct {
		args []string
		ok   bool
		says string
	}{
		{[]string{"--encryption-key-file", good}, true, ""},
		{[]string{"--encryption-key-file", open}, true, "every user"},
		{[]string{"--encryption-key-file", good, "--encryptionAlgorithm", "AES/CBC/PKCS5Padding", "--encryption-timestamp", "no"}, true, ""},
		{[]string{"--encryption-key-file", good, "--encryption-algorithm", "AES/ECB/PKCS5Padding"}, false, ""},
		{[]string{"--encryption-key-file", good, "--encryption-timestamp", "perhaps"}, false, ""},
		{[]string{"--encryption-key-file", file("odd", "cafe", 0o600)}, false, ""},
		{[]string{"--encryption-key-file", file("text", "my secret", 0o600)}, false, ""},
		{[]string{"--encryption-key-file", filepath.Join(dir, "none")}, false, ""},
		{[]string{"--encryption-algorithm", "AES/CBC/PKCS5Padding"}, false, ""},
		{[]string{"--encryption-key", "cafebabe"}, false, ""},
	} {
		s, _, errOut := term.Test("")
		var f clusterFlags
		cmd := &cobra.Command{Use: "join"}
		f.join(cmd)
		err := cmd.ParseFlags(c.args)
		var cfg cluster.Config
		if err == nil {
			cfg, err = f.memberConfig(&app{Streams: s})
		}
		if (err == nil) != c.ok || c.ok && cfg.Stages == nil {
			t.Errorf("%q: %v", c.args, err)
		}
		if said := errOut.String(); (said != "") != (c.says != "") || !strings.Contains(said, c.says) {
			if runtime.GOOS != "windows" {
				t.Errorf("%q: said %q", c.args, said)
			}
		}
		if err != nil && (strings.Contains(err.Error(), "my secret") || strings.Contains(err.Error(), "cafebabe")) {
			t.Errorf("%q: the key is in %q", c.args, err)
		}
	}
}
