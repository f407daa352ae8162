package collect

import (
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"muster/routecheck/facts"
)

func TestSlurp(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte(strings.Repeat("x", 100_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := slurp(file, 1<<20); err != nil || len(text) != 100_000 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	if text, err := slurp(file, 1000); err != nil || len(text) > 1000+16<<10 {
		t.Errorf("%d bytes, %v: more than a block above the limit", len(text), err)
	}
	for _, name := range []string{dir, filepath.Join(dir, "none"), "/proc/self/mem"} { // the last one opens, and cannot be read at 0
		if text, err := slurp(name, 1<<20); err == nil {
			t.Errorf("%s: %d bytes and no error", name, len(text))
		}
	}
}

func TestSysctlPath(t *testing.T) {
	for name, want := range map[string]string{
		"net.core.optmem_max":                "/proc/sys/net/core/optmem_max",
		"net.ipv4.conf.all.rp_filter":        "/proc/sys/net/ipv4/conf/all/rp_filter",
		"net.ipv4.conf.eth0.20.rp_filter":    "/proc/sys/net/ipv4/conf/eth0.20/rp_filter",
		"net.ipv6.conf.br-1.2.3.mtu":         "/proc/sys/net/ipv6/conf/br-1.2.3/mtu",
		"net.bridge.bridge-nf-call-iptables": "/proc/sys/net/bridge/bridge-nf-call-iptables",
	} {
		if got := sysctlPath(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestProcess(t *testing.T) {
	p := process(4711, "/usr/lib/jvm/java-17/bin/java\x00-Djava.net.preferIPv4Stack=true\x00-Dcatalina.base=/srv/a\x00-Dpassword=secret\x00org.apache.catalina.startup.Bootstrap\x00start\x00")
	if !p.Tomcat || p.Name != "Tomcat" || !p.PreferIPv4 || strings.Contains(p.Command, "secret") {
		t.Errorf("%+v", p)
	}
	for _, line := range []string{"", "\x00", "\x00\x00", "sh", "a/\x00"} {
		if p := process(1, line); p.Tomcat {
			t.Errorf("%q: %+v", line, p)
		}
	}
}

func TestContainerSigns(t *testing.T) {
	const host = "25 1 254:0 / / rw,relatime - ext4 /dev/vda1 rw\n30 25 0:5 / /etc/hosts rw - tmpfs tmpfs rw\n"
	const docker = "512 490 254:1 /var/lib/docker/containers/0123abcd/hosts /etc/hosts rw,relatime - ext4 /dev/vda1 rw\n"
	if managedFiles(host) || !managedFiles(host+docker) || managedFiles("") || managedFiles("1 2 3 4\n\n") {
		t.Error("the files that an engine mounts are not told from others")
	}
	for uidMap, want := range map[string]bool{"0 0 4294967295": false, "0 1000 1": true, "0 100000 65536\n65536 1 1": true, "": false} {
		if got := mappedUsers(uidMap); got != want {
			t.Errorf("uid_map %q: mapped %v", uidMap, got)
		}
	}
}

func TestUnitSettings(t *testing.T) {
	u := facts.Unit{Settings: map[string]string{}}
	addSettings(&u, "[Service]\nIPAddressAllow=10.0.0.0/8\nIPAddressAllow=127.0.0.1\nPrivateNetwork=yes\nUser=tomcat\n# LimitNOFILE=1\n  LimitNOFILE=1024  \nno equals sign")
	addSettings(&u, "IPAddressAllow=\nIPAddressAllow=192.0.2.0/24\nPrivateNetwork=no\n")
	want := map[string]string{"IPAddressAllow": "192.0.2.0/24", "PrivateNetwork": "no", "LimitNOFILE": "1024"}
	for k, v := range want {
		if u.Settings[k] != v {
			t.Errorf("%s=%q, want %q", k, u.Settings[k], v)
		}
	}
	if len(u.Settings) != len(want) {
		t.Errorf("%v", u.Settings)
	}
}

func TestDenials(t *testing.T) {
	const line = `type=AVC msg=audit(1:2): avc:  denied  { name_bind } for  pid=1 comm="java" src=PORT scontext=x` + "\n"
	q := facts.DefaultQuery()
	for port, want := range map[string]int{"45564": 1, "4000": 1, "4099": 1, "4100": 0, "80": 0, "x": 0, "": 0} {
		if got := denials(strings.Replace(line, "PORT", port, 1), q); len(got) != want {
			t.Errorf("port %s: %q", port, got)
		}
	}
	if got := denials(strings.Repeat(strings.Replace(line, "PORT", "4000", 1), 100), q); len(got) != 5 {
		t.Errorf("%d lines of 100", len(got))
	}
}

// diagMessage is struct inet_diag_msg of a UDP socket with two of its extensions.
func diagMessage() []byte {
	b := make([]byte, 72)
	b[0] = unix.AF_INET
	binary.BigEndian.PutUint16(b[4:], 45564)
	copy(b[8:], []byte{228, 0, 0, 4})
	native.PutUint32(b[40:], 2)
	native.PutUint32(b[64:], 998)
	native.PutUint32(b[68:], 18181)
	attr := func(kind uint16, data []byte) {
		b = native.AppendUint16(b, uint16(4+len(data)))
		b = native.AppendUint16(b, kind)
		b = append(b, data...)
	}
	mem := make([]byte, 36)
	native.PutUint32(mem[4:], 212992)
	native.PutUint32(mem[32:], 7)
	attr(7, mem)
	attr(22, []byte{0x50, 0, 0, 0})
	return b
}

func TestDecodeDiag(t *testing.T) {
	b := diagMessage()
	s, _, ok := decodeDiag(b)
	if !ok || s.Local != netip.MustParseAddrPort("228.0.0.4:45564") || s.Bound != 2 || s.UID != 998 || s.Inode != 18181 || s.RcvBuf != 212992 || s.Drops != 7 || !*s.Loop || !*s.All {
		t.Errorf("%+v, %v", s, ok)
	}
	for n := range b {
		if _, _, ok := decodeDiag(b[:n]); ok != (n >= 72) {
			t.Errorf("%d bytes: %v", n, ok)
		}
	}
}

// FuzzNetlink gives the decoders of the kernel's messages any bytes.
func FuzzNetlink(f *testing.F) {
	f.Add(diagMessage())
	f.Add(append(make([]byte, unix.SizeofRtMsg), 12, 0, 9, 0, 8, 0, 0, 0, 2, 0, 0, 0)) // a route with next hops
	f.Fuzz(func(t *testing.T, b []byte) {
		decodeDiag(b)
		if hops := nextHops(b); len(hops) > 64 {
			t.Errorf("%d next hops", len(hops))
		}
		if len(b) >= unix.SizeofRtMsg {
			decodeRoute(slices.Clone(b))
			decodeRule(slices.Clone(b), false)
		}
		if len(b) >= unix.SizeofIfInfomsg {
			decodeLink(slices.Clone(b))
		}
		if len(b) >= unix.SizeofIfAddrmsg {
			decodeAddr(slices.Clone(b))
		}
		if len(b) >= 20 {
			decodeNeighbour(slices.Clone(b))
			decodeQueue(slices.Clone(b))
		}
	})
}
