package collect

import (
	"cmp"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"muster/internal/lazyregexp"
	"muster/routecheck/facts"
)

func readPlatform() facts.Fact[facts.Platform] {
	const from = "/proc, /sys/class/dmi/id, /etc/resolv.conf"
	line := func(name string) string {
		text, err := slurp(name, 4096)
		if err != nil {
			return ""
		}
		return strings.TrimSpace(text)
	}
	p := facts.Platform{
		Vendor: line("/sys/class/dmi/id/sys_vendor"), Product: line("/sys/class/dmi/id/product_name"),
		ChassisTag: line("/sys/class/dmi/id/chassis_asset_tag"), BoardTag: line("/sys/class/dmi/id/board_asset_tag"),
		Container: containerKind(), Kubernetes: os.Getenv("KUBERNETES_SERVICE_HOST") != "",
		Rootless: mappedUsers(line("/proc/self/uid_map")),
	}
	version := strings.ToLower(line("/proc/version"))
	p.WSL = strings.Contains(version, "microsoft") && strings.Contains(version, "wsl2")
	p.NetNS, _ = os.Readlink("/proc/thread-self/ns/net")
	p.InitNetNS, _ = os.Readlink("/proc/1/ns/net")
	if p.NetNS == "" {
		p.NetNS, _ = os.Readlink("/proc/self/ns/net")
	}
	resolv, _ := slurp("/etc/resolv.conf", 16<<10)
	for l := range strings.Lines(resolv) {
		if f := strings.Fields(l); len(f) == 2 && f[0] == "nameserver" && len(p.Nameservers) < 8 {
			if a, err := netip.ParseAddr(f[1]); err == nil {
				p.Nameservers = append(p.Nameservers, a)
			}
		}
	}
	for _, path := range bootFiles {
		if _, err := os.Stat(path); err == nil {
			p.Boot = append(p.Boot, path)
		}
	}
	for _, path := range nftFiles {
		text, err := slurp(path, 256<<10)
		if err != nil {
			continue
		}
		for _, chain := range nftChains(text) {
			p.Boot = append(p.Boot, path+": "+chain)
		}
	}
	return facts.Read(p, from)
}

// nftFiles are what nftables' own service loads, on Debian and on Red Hat's systems.
var nftFiles = []string{"/etc/nftables.conf", "/etc/sysconfig/nftables.conf"}

var (
	nftTable = lazyregexp.New(`^\s*(?:add\s+|create\s+)?table\s+(?:(ip|ip6|inet|arp|bridge|netdev)\s+)?([A-Za-z0-9_./-]+)`)
	nftChain = lazyregexp.New(`^\s*(?:(?:add|create)\s+chain\s+(?:(ip|ip6|inet|arp|bridge|netdev)\s+)?([A-Za-z0-9_./-]+)\s+|chain\s+)([A-Za-z0-9_./-]+)`)
)

// nftChains are the chains that a file of nft makes, each as "family table chain". What
// it includes from other files is not followed.
func nftChains(text string) []string {
	var out []string
	table := ""
	for line := range strings.Lines(text) {
		if m := nftTable().FindStringSubmatch(line); m != nil {
			table = cmp.Or(m[1], "ip") + " " + m[2]
			_, line, _ = strings.Cut(line, "{") // a chain may stand in the same line
		}
		m := nftChain().FindStringSubmatch(line)
		switch {
		case m == nil || len(out) >= 1000:
		case m[2] != "":
			out = append(out, cmp.Or(m[1], "ip")+" "+m[2]+" "+m[3])
		case table != "":
			out = append(out, table+" "+m[3])
		}
	}
	return out
}

// bootFiles are by what a host's network and firewall are set up when it starts.
var bootFiles = []string{
	"/etc/netplan", "/run/NetworkManager", "/run/systemd/netif", "/etc/network/interfaces",
	"/usr/sbin/netfilter-persistent", "/etc/sysconfig/iptables", "/etc/sysconfig/nftables.conf", "/etc/iptables/iptables.rules", "/etc/init.d/iptables",
}

// containerKind goes by the marks that container engines leave. The files
// /.dockerenv and /run/.containerenv alone say little: they are in every disk image
// that was made from a container's.
func containerKind() string {
	mounts, _ := slurp("/proc/self/mountinfo", 1<<20)
	if managedFiles(mounts) {
		for _, m := range []struct{ file, kind string }{{"/run/.containerenv", "podman"}, {"/.dockerenv", "docker"}} {
			if _, err := os.Stat(m.file); err == nil {
				return m.kind
			}
		}
	}
	if text, err := slurp("/run/systemd/container", 256); err == nil {
		return strings.TrimSpace(text)
	}
	if kind := os.Getenv("container"); kind != "" {
		return kind
	}
	cgroup, _ := slurp("/proc/1/cgroup", 16<<10)
	for _, m := range []struct{ word, kind string }{{"kubepods", "kubernetes"}, {"docker", "docker"}, {"libpod", "podman"}, {"lxc", "lxc"}} {
		if strings.Contains(cgroup, m.word) {
			return m.kind
		}
	}
	return ""
}

// managedFiles: engines mount files of their own over /etc/hosts and its like,
// from below a folder of their containers.
func managedFiles(mountinfo string) bool {
	for line := range strings.Lines(mountinfo) {
		f := strings.Fields(line)
		if len(f) < 5 || f[4] != "/etc/hosts" && f[4] != "/etc/resolv.conf" && f[4] != "/etc/hostname" {
			continue
		}
		for _, mark := range []string{"/containers/", "/overlay-containers/", "/kubelet/"} {
			if strings.Contains(f[3], mark) {
				return true
			}
		}
	}
	return false
}

// mappedUsers: the identity map is one line "0 0 4294967295".
func mappedUsers(uidMap string) bool {
	f := strings.Fields(uidMap)
	return len(f) > 0 && !(len(f) == 3 && f[0] == "0" && f[1] == "0" && f[2] == "4294967295")
}

func readSELinux(q facts.Query) facts.Fact[facts.SELinux] {
	const from = "/sys/fs/selinux/enforce"
	text, err := slurp(from, 16)
	if err != nil {
		if os.IsNotExist(err) {
			return facts.Read(facts.SELinux{}, from)
		}
		return facts.Unread[facts.SELinux](from, because("reading SELinux's state", err))
	}
	s := facts.SELinux{Present: true, Enforcing: strings.TrimSpace(text) == "1"}
	log, err := tail("/var/log/audit/audit.log", 1<<20)
	if err == nil {
		s.Denials = denials(log, q)
	}
	return facts.Read(s, from+", /var/log/audit/audit.log")
}

// denials are the refusals of a bind to one of the cluster's ports.
func denials(log string, q facts.Query) []string {
	var out []string
	for l := range strings.Lines(log) {
		if !strings.Contains(l, "denied") || !strings.Contains(l, "name_bind") {
			continue
		}
		_, rest, ok := strings.Cut(l, " src=")
		if !ok {
			continue
		}
		word, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
		n, err := strconv.ParseUint(word, 10, 16)
		if port := uint16(n); err == nil && (port == q.Port || port >= q.TCPPort && port <= q.LastTCPPort()) {
			out = append(out, strings.TrimSpace(l))
		}
	}
	return out[max(0, len(out)-5):]
}

// tail is the end of a file.
func tail(name string, limit int64) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	from := max(0, info.Size()-limit)
	buf := make([]byte, info.Size()-from)
	n, err := f.ReadAt(buf, from)
	if n == 0 && err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}

// unitDirs hold the service files of systemd, those of the administrator first.
var unitDirs = []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}

// unitKeys are the settings that touch a service's network.
var unitKeys = map[string]bool{"PrivateNetwork": true, "RestrictAddressFamilies": true, "IPAddressDeny": true, "IPAddressAllow": true, "CapabilityBoundingSet": true, "NetworkNamespacePath": true, "LimitNOFILE": true}

// readUnits reads the services of Tomcats: those named so, and those of the
// processes that hold the cluster's ports.
func readUnits(f *facts.Facts) facts.Fact[[]facts.Unit] {
	const from = "/etc/systemd/system, /usr/lib/systemd/system"
	names := map[string]bool{}
	for _, dir := range unitDirs {
		found, _ := filepath.Glob(filepath.Join(dir, "tomcat*.service"))
		for _, n := range found {
			names[filepath.Base(n)] = true
		}
	}
	for _, p := range f.Processes.Value {
		if p.Tomcat && strings.HasSuffix(p.Unit, ".service") && !strings.Contains(p.Unit, "/") {
			names[p.Unit] = true
		}
	}
	out := []facts.Unit{}
	for name := range names {
		if u := readUnit(name); len(out) < 16 && len(u.Files) > 0 {
			out = append(out, u)
		}
	}
	return facts.Read(sortedUnits(out), from)
}

// readUnit merges the unit file with its drop-ins, the first directory that has
// the file winning and drop-ins coming after it.
func readUnit(name string) facts.Unit {
	u := facts.Unit{Name: name, Settings: map[string]string{}}
	for _, dir := range unitDirs {
		if text, err := slurp(filepath.Join(dir, name), 64<<10); err == nil {
			u.Files = append(u.Files, filepath.Join(dir, name))
			addSettings(&u, text)
			break
		}
	}
	for i := len(unitDirs) - 1; i >= 0; i-- {
		drops, _ := filepath.Glob(filepath.Join(unitDirs[i], name+".d", "*.conf"))
		for _, d := range drops {
			if text, err := slurp(d, 64<<10); err == nil {
				u.Files = append(u.Files, d)
				addSettings(&u, text)
			}
		}
	}
	return u
}

// addSettings reads KEY=VALUE lines; an empty value resets a list, others add to it.
func addSettings(u *facts.Unit, text string) {
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || !unitKeys[key] {
			continue
		}
		switch {
		case value == "":
			delete(u.Settings, key)
		case u.Settings[key] != "" && (key == "IPAddressDeny" || key == "IPAddressAllow" || key == "RestrictAddressFamilies"):
			u.Settings[key] += " " + value
		default:
			u.Settings[key] = value
		}
	}
}
