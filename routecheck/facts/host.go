package facts

import (
	"net/netip"
	"strings"
)

// Self is the process that collected the facts.
type Self struct {
	UID int `json:"uid"`
	// Capabilities are the effective ones that matter here: CAP_NET_ADMIN (12) and
	// CAP_NET_RAW (13), as /proc/self/status has the bits.
	Capabilities uint64 `json:"capabilities"`
}

// Platform tells where the host lives.
type Platform struct {
	// Container is docker, podman, lxc, systemd-nspawn, kubernetes, ..., or "".
	Container  string `json:"container,omitempty"`
	Kubernetes bool   `json:"kubernetes,omitempty"`
	// NetNS is the identity of the network namespace, InitNetNS that of process 1,
	// "" where it may not be read.
	NetNS     string `json:"netns,omitempty"`
	InitNetNS string `json:"init_netns,omitempty"`
	// Rootless: user ids are mapped, as in a container without root.
	Rootless bool `json:"rootless,omitempty"`
	WSL      bool `json:"wsl,omitempty"`
	// Vendor, Product, ChassisTag and BoardTag are the DMI's, by which clouds and
	// hypervisors are known.
	Vendor     string `json:"vendor,omitempty"`
	Product    string `json:"product,omitempty"`
	ChassisTag string `json:"chassis_tag,omitempty"`
	BoardTag   string `json:"board_tag,omitempty"`
	// Nameservers of resolv.conf.
	Nameservers []netip.Addr `json:"nameservers,omitempty"`
	// OSVersion in words, for example "macOS 15.1".
	OSVersion string `json:"os_version,omitempty"`
	// Boot are the files and folders, of those that are looked for, which tell by
	// what this host's network and firewall are set up when it starts.
	Boot []string `json:"boot,omitempty"`
}

// Socket is a UDP or TCP socket of the host.
type Socket struct {
	Local netip.AddrPort `json:"local"` // the unspecified address is the wildcard
	V6    bool           `json:"v6,omitempty"`
	// Bound is the interface it is bound to, 0 for none.
	Bound uint32 `json:"bound,omitempty"`
	UID   uint32 `json:"uid"`
	Inode uint64 `json:"inode,omitempty"`
	Drops uint64 `json:"drops,omitempty"`
	// RcvBuf is its receive buffer in bytes, 0 where unknown.
	RcvBuf uint32 `json:"rcvbuf,omitempty"`
	// Loop and All are IP_MULTICAST_LOOP and IP_MULTICAST_ALL, nil where the kernel
	// does not tell.
	Loop *bool `json:"mcast_loop,omitempty"`
	All  *bool `json:"mcast_all,omitempty"`
	// PID is the process that holds it, 0 where it may not be known.
	PID int `json:"pid,omitempty"`
	// Queued are the bytes, of a listening socket the connections, that nobody has
	// taken from it yet.
	Queued uint32 `json:"queued,omitempty"`
}

// Connection is an established TCP connection.
type Connection struct {
	Local  netip.AddrPort `json:"local"`
	Remote netip.AddrPort `json:"remote"`
	UID    uint32         `json:"uid"`
	Inode  uint64         `json:"inode,omitempty"`
	PID    int            `json:"pid,omitempty"`
	// Queued are the bytes that the process has not read yet.
	Queued uint32 `json:"queued,omitempty"`
	// State is that of RFC 9293 where it is not ESTABLISHED, for example "FIN-WAIT-1".
	State string `json:"state,omitempty"`
	// Unacked are the bytes that were written and that the other end has not
	// acknowledged, Repeats how often in a row the kernel has sent the first of them
	// again without an answer, Quiet the milliseconds since the last acknowledgement,
	// MSS the largest segment that is sent, in bytes.
	Unacked uint32 `json:"unacked,omitempty"`
	Repeats uint8  `json:"repeats,omitempty"`
	Quiet   uint32 `json:"quiet_ms,omitempty"`
	MSS     uint32 `json:"mss,omitempty"`
}

// Stuck reports whether nothing of what this host sends in the connection gets
// through, as far as can be seen: the timer of RFC 6298 has run out three times in a
// row, which takes 1.4 s at least.
func (c Connection) Stuck() bool { return c.Unacked > 0 && c.Repeats >= 3 }

// BindTest is what happens to one more socket on the group's port, the group's
// address, with one of the two options: "" for success, or the errno's name.
type BindTest struct {
	ReuseAddr string `json:"reuseaddr"`
	ReusePort string `json:"reuseport"`
}

// Process holds a socket that matters, or is a Tomcat.
type Process struct {
	PID  int    `json:"pid"`
	Name string `json:"name"`
	// Command line without anything that could be a password.
	Command string `json:"command,omitempty"`
	Tomcat  bool   `json:"tomcat,omitempty"`
	// PreferIPv4 is -Djava.net.preferIPv4Stack=true.
	PreferIPv4 bool   `json:"prefer_ipv4,omitempty"`
	NetNS      string `json:"netns,omitempty"`
	Unit       string `json:"unit,omitempty"` // of systemd
	Seccomp    bool   `json:"seccomp,omitempty"`
	// UID is whom it runs as, nil where it may not be known.
	UID *uint32 `json:"uid,omitempty"`
	// State is the kernel's letter: R running, S sleeping, T stopped, t traced, Z a
	// zombie, D waiting for a device.
	State string `json:"state,omitempty"`
	// Tracer is the debugger that holds it, 0 for none.
	Tracer int `json:"tracer,omitempty"`
	// ResidentKB and SwappedKB are its memory in RAM and in the swap.
	ResidentKB int64 `json:"resident_kb,omitempty"`
	SwappedKB  int64 `json:"swapped_kb,omitempty"`
}

// Names is the host's name and what it resolves to, in the order in which Java
// would see it.
type Names struct {
	Host  string       `json:"host"`
	Addrs []netip.Addr `json:"addrs"`
	// Via is what answered: /etc/hosts, myhostname, dns.
	Via string `json:"via,omitempty"`
	// Error is the resolver's word where there is no address.
	Error string `json:"error,omitempty"`
}

// Clock is what the kernel thinks of its clock.
type Clock struct {
	Synchronized bool  `json:"synchronized"`
	MaxErrorUS   int64 `json:"max_error_us"`
}

// SELinux says whether it enforces, and which denials the audit log has about
// the cluster's ports.
type SELinux struct {
	Present   bool     `json:"present"`
	Enforcing bool     `json:"enforcing"`
	Denials   []string `json:"denials,omitempty"`
}

// Unit is a systemd service of a Tomcat with the settings that touch its network.
type Unit struct {
	Name     string            `json:"name"`
	Settings map[string]string `json:"settings"`
	Files    []string          `json:"files"`
}

// PF is the packet filter of BSD and macOS.
type PF struct {
	Enabled bool     `json:"enabled"`
	Rules   []string `json:"rules,omitempty"`
}

// AppFirewall is the application firewall of macOS.
type AppFirewall struct {
	Enabled  bool `json:"enabled"`
	BlockAll bool `json:"block_all"`
	Stealth  bool `json:"stealth"`
}

// Defender is the firewall of Windows.
type Defender struct {
	// Profiles by name: domain, private, public.
	Profiles map[string]DefenderProfile `json:"profiles"`
	Rules    []DefenderRule             `json:"rules,omitempty"`
	// IGMPLevel: 0 none, 1 send only, 2 all; IGMPVersion 2 to 4 (4 is version 3).
	IGMPLevel   *uint32 `json:"igmp_level,omitempty"`
	IGMPVersion *uint32 `json:"igmp_version,omitempty"`
}

// DefenderProfile is one of the three profiles of Windows' firewall.
type DefenderProfile struct {
	Enabled      bool `json:"enabled"`
	BlockInbound bool `json:"block_inbound"` // by default
}

// DefenderRule is an active inbound rule.
type DefenderRule struct {
	Name     string   `json:"name"`
	Allow    bool     `json:"allow"`
	Protocol int      `json:"protocol"` // 0 is any
	Ports    string   `json:"ports,omitempty"`
	Program  string   `json:"program,omitempty"`
	Profiles []string `json:"profiles,omitempty"` // none is all
}

// cloud names the cloud by its DMI, "" for none known.
func (p Platform) Cloud() string {
	switch {
	case strings.Contains(p.Vendor, "Amazon EC2"), strings.HasPrefix(p.BoardTag, "i-"), strings.HasPrefix(p.Product, "Amazon EC2"):
		return "AWS"
	case p.Vendor == "Microsoft Corporation" && p.ChassisTag == "7783-7084-3265-9085-8269-3286-77":
		return "Azure"
	case p.Product == "Google Compute Engine" || p.Vendor == "Google":
		return "Google Cloud"
	}
	return ""
}

// first is the address that Java's InetAddress.getLocalHost gives: the first IPv4
// one, else the first.
func (n Names) First() netip.Addr {
	for _, a := range n.Addrs {
		if a.Is4() {
			return a
		}
	}
	if len(n.Addrs) > 0 {
		return n.Addrs[0]
	}
	return netip.Addr{}
}

// OSName is a GOOS in the words of its makers.
func OSName(goos string) string {
	switch goos {
	case "darwin":
		return "macOS"
	case "windows":
		return "Windows"
	case "freebsd":
		return "FreeBSD"
	case "linux":
		return "Linux"
	case "":
		return "this system"
	}
	return goos
}

// Member is the Tomcat that runs in this network namespace, the first of several.
func (f *Facts) Member() (Process, bool) {
	for _, p := range f.Processes.Value {
		if p.Tomcat && (p.NetNS == "" || f.Platform.Value.NetNS == "" || p.NetNS == f.Platform.Value.NetNS) {
			return p, true
		}
	}
	return Process{}, false
}
