package judge

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"muster/internal/verdict"
	"muster/routecheck/facts"
)

func (h *Host) noPlatform() []verdict.Verdict {
	if !h.Platform.Known() {
		return unknown("where this host lives is not known: " + h.Platform.Reason())
	}
	return nil
}

const unicastMembership = "use a membership without multicast: StaticMembershipInterceptor, or CloudMembershipService"

// inCloud judges one cloud. Its network is only that of the machine's own
// interfaces: tunnels and bridges over it may carry multicast.
func inCloud(name string, status verdict.Status, confidence verdict.Confidence, saw string, fix ...string) func(*Host) []verdict.Verdict {
	return func(h *Host) []verdict.Verdict {
		if v := h.noPlatform(); v != nil {
			return v
		}
		p := h.Platform.Value
		ev := evidence("DMI", strings.TrimSpace(p.Vendor+" "+p.Product), h.Platform.From)
		switch {
		case p.Cloud() != name:
			return skip("this is no machine of "+name, ev)
		case !h.OK:
			return h.noLink()
		case h.Link.Kind != "" && h.Link.Kind != "bond" && h.Link.Kind != "bridge" && h.Link.Kind != "vlan":
			return pass(fmt.Sprintf("%s is a %s, not an interface of the cloud's network", h.Link.Name, h.Link.Kind), ev)
		}
		return bad(status, confidence, saw, fix, ev)
	}
}

// A platform alone does not say that multicast fails where the platform can carry
// it when it is set up; then the catalogue's fail is a warning here.
var aws = Check{ID: "env.aws", Judge: inCloud("AWS", verdict.Warn, verdict.Likely,
	"this is an EC2 machine: its VPC carries no multicast, except through a Transit Gateway with a multicast domain",
	"set up a Transit Gateway multicast domain with IGMPv2, allow IGMP and the group's port in the security groups", "sysctl -w net.ipv4.conf.all.force_igmp_version=2   # for it", unicastMembership)}

var azure = Check{ID: "env.azure", Judge: inCloud("Azure", verdict.Fail, verdict.Definite,
	"this is an Azure machine: its virtual network carries no multicast and no broadcast", unicastMembership)}

var gcp = Check{ID: "env.gcp", Judge: inCloud("Google Cloud", verdict.Warn, verdict.Likely,
	"this is a machine of Google Compute Engine: its VPC carries no multicast, except with the Cloud Multicast product", unicastMembership)}

var hypervisor = Check{
	ID: "env.hypervisor",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.noPlatform(); v != nil {
			return v
		}
		if !h.OK {
			return h.noLink()
		}
		p := h.Platform.Value
		name := strings.TrimSpace(p.Vendor + " " + p.Product)
		ev := []verdict.Evidence{evidence("DMI", orWord(name, "none"), h.Platform.From)}
		virtual := ""
		for _, s := range []string{"VMware", "VirtualBox", "KVM", "QEMU", "Xen", "Virtual Machine", "Bochs", "OpenStack", "Parallels", "Proxmox", "innotek"} {
			if strings.Contains(name, s) {
				virtual = s
			}
		}
		// The networks that VirtualBox and QEMU make up for a guest behind NAT.
		nat := netip.MustParsePrefix("10.0.2.0/24")
		if h.Src.IsValid() && nat.Contains(h.Src) && (virtual == "VirtualBox" || virtual == "innotek" || virtual == "QEMU" || virtual == "KVM") && h.gateway() == netip.MustParseAddr("10.0.2.2") {
			return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("%s is in the network that %s makes up behind NAT: nothing multicast comes in or goes out", h.Link.Name, virtual),
				[]string{"give the machine a bridged network"}, append(ev, evidence("address", h.Src, h.Addrs.From))...)
		}
		if virtual != "" {
			return pass("a note: this is a virtual machine ("+name+"); whether its switch filters multicast, only traffic shows", ev...)
		}
		return pass("no sign of a virtual switch that filters", ev...)
	},
}

// gateway is that of the default route over the judged interface.
func (h *Host) gateway() netip.Addr {
	for _, r := range h.Routes.Value {
		if r.Dst.IsValid() && r.Dst.Bits() == 0 && r.Gateway.IsValid() && slices.Contains(r.Links, h.Link.Index) && r.Gateway.Is6() == h.V6 {
			return r.Gateway
		}
	}
	return netip.Addr{}
}

// throughVeth: the judged interface leads out of a container's own network, by a
// veth and a gateway.
func (h *Host) throughVeth() bool { return h.OK && h.Link.Kind == "veth" }

var dockerBridge = Check{
	ID: "env.docker-bridge",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.noPlatform(); v != nil {
			return v
		}
		p := h.Platform.Value
		ev := evidence("container", orWord(p.Container, "none"), h.Platform.From)
		switch {
		case p.Container != "docker" && p.Container != "podman" || p.Kubernetes:
			return skip("this is no container of Docker or Podman", ev)
		case !h.throughVeth():
			return pass(fmt.Sprintf("the container uses %s, not a veth of a container network", orWord(h.Link.Name, "no interface")), ev)
		case !h.Src.IsPrivate():
			return pass(fmt.Sprintf("%s has %s, no address of a container network", h.Link.Name, orWord(addrText(h.Src), "no address")), ev)
		}
		// Members in containers on the same bridge do hear each other: a warning.
		return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("%s is on a container bridge: containers there hear each other, and no multicast comes from or goes to other hosts", h.Link.Name),
			[]string{"run the container with --network host, or on a macvlan network", unicastMembership}, ev, evidence("address", h.Src, h.Addrs.From))
	},
}

var dockerOverlay = Check{
	ID: "env.docker-overlay",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.noPlatform(); v != nil {
			return v
		}
		p := h.Platform.Value
		ev := evidence("container", orWord(p.Container, "none"), h.Platform.From)
		switch {
		case p.Container != "docker":
			return skip("this is no container of Docker", ev)
		case !h.throughVeth() || h.Link.MTU != 1450 || !slices.Contains(p.Nameservers, netip.MustParseAddr("127.0.0.11")):
			return pass("nothing says that the container is on an overlay network", ev)
		}
		return bad(verdict.Warn, verdict.Likely, h.Link.Name+" looks like an interface of a swarm's overlay network, which carries no multicast between nodes",
			[]string{"use the host's network, or find the members by the name tasks.SERVICE", unicastMembership}, ev, evidence("MTU of "+h.Link.Name, h.Link.MTU, h.Links.From))
	},
}

var kubernetesCNI = Check{
	ID: "env.k8s-cni",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.noPlatform(); v != nil {
			return v
		}
		ev := evidence("Kubernetes", h.Platform.Value.Kubernetes, h.Platform.From)
		switch {
		case !h.Platform.Value.Kubernetes:
			return skip("this is no pod of Kubernetes", ev)
		case !h.throughVeth():
			return pass(fmt.Sprintf("the pod uses %s, not a veth of the cluster's network", orWord(h.Link.Name, "no interface")), ev)
		}
		return bad(verdict.Warn, verdict.Likely, h.Link.Name+" belongs to the cluster's network: most of them carry no multicast between nodes",
			[]string{"use Tomcat's CloudMembershipService with the KubernetesMembershipProvider", "hostNetwork: true, or a second interface by Multus"}, ev)
	},
}

var wsl2 = Check{
	ID: "env.wsl2",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.noPlatform(); v != nil {
			return v
		}
		ev := evidence("WSL", h.Platform.Value.WSL, h.Platform.From)
		if !h.Platform.Value.WSL {
			return skip("this is not WSL", ev)
		}
		fix := []string{"run the Windows binary of muster and of the JVM", "or in .wslconfig: networkingMode=mirrored, and: Set-NetFirewallHyperVVMSetting -Name '{40E0AC32-46A5-438A-A0B2-2B479E8F2E90}' -DefaultInboundAction Allow"}
		if h.Src.IsValid() && netip.MustParsePrefix("172.16.0.0/12").Contains(h.Src) {
			return bad(verdict.Fail, verdict.Likely, fmt.Sprintf("this is WSL2 behind NAT (%s): it hears nothing of the LAN", h.Src), fix, ev)
		}
		return bad(verdict.Warn, verdict.Likely, "this is WSL2, whose mirrored network loses multicast at times", fix, ev)
	},
}

var vpn = Check{
	ID: "env.vpn",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.noAnswer(); v != nil {
			return v
		}
		l, ok := h.LinkAt(h.ToGroup.Value.Link)
		if h.ToGroup.Value.Errno != "" || !ok {
			return skip("there is no route: see route.none and route.blocked")
		}
		ev := evidence("route to "+h.Query.Group.String(), describeAnswer(h, h.ToGroup.Value), h.ToGroup.From)
		if !tunnel(l) || !h.byDefault() {
			return pass("no VPN draws the group to itself", ev)
		}
		return bad(verdict.Warn, verdict.Likely, fmt.Sprintf("the group follows the default route into the tunnel %s, which a VPN set up", l.Name),
			h.perOS(map[string][]string{
				"linux":   h.otherRoute(),
				"windows": h.reroute(""),
				"":        {fmt.Sprintf("route add -net %s -interface %s   # the LAN's interface", h.groupNet(), h.otherLink())},
			}), ev)
	},
}

// byDefault: the group's route is a default one, or in a table of its own as VPN
// clients make it.
func (h *Host) byDefault() bool {
	return h.coveringRoute(h.ToGroup.Value.Link) == "default" || h.coveringRoute(h.ToGroup.Value.Link) == "128.0.0.0/1" || h.ToGroup.Value.Table != 254 && h.ToGroup.Value.Table != 0
}

var rootless = Check{
	ID: "env.rootless",
	Judge: func(h *Host) []verdict.Verdict {
		if v := h.noPlatform(); v != nil {
			return v
		}
		ev := evidence("user ids are mapped", h.Platform.Value.Rootless, h.Platform.From)
		if !h.Platform.Value.Rootless || !h.OK {
			return skip("this is no rootless container", ev)
		}
		if h.Link.Kind == "tun" && (h.Link.Name == "tap0" || h.Src == netip.MustParseAddr("10.0.2.100")) {
			return bad(verdict.Fail, verdict.Likely, fmt.Sprintf("%s is the interface of a user-mode network (slirp4netns or pasta): nothing of the LAN comes in", h.Link.Name),
				[]string{"run the container as root with --network host"}, ev, evidence("address", orWord(addrText(h.Src), "none"), h.Addrs.From))
		}
		return pass(h.Link.Name+" is no interface of a user-mode network", ev)
	},
}

var netnsMismatch = Check{
	ID: "env.netns-mismatch",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case !h.linux():
			return h.onlyLinux("network namespaces")
		case h.noPlatform() != nil:
			return h.noPlatform()
		}
		p := h.Platform.Value
		ev := []verdict.Evidence{evidence("network namespace of muster", orWord(p.NetNS, "not readable"), h.Platform.From)}
		switch {
		case p.NetNS == "" || p.InitNetNS == "":
			return skip("the namespaces of other processes may not be read here", ev...)
		case p.NetNS != p.InitNetNS:
			return pass("muster was started in a namespace of its own choice", ev...)
		}
		var elsewhere facts.Process
		for _, x := range h.Processes.Value {
			switch {
			case !x.Tomcat || x.NetNS == "":
			case x.NetNS == p.NetNS:
				return pass(fmt.Sprintf("%s (pid %d) is in this namespace", x.Name, x.PID), ev...)
			default:
				elsewhere = x
			}
		}
		if elsewhere.PID == 0 {
			return pass("no Tomcat runs in another namespace", ev...)
		}
		return bad(verdict.Warn, verdict.Definite, fmt.Sprintf("a Tomcat (pid %d) runs in another network namespace: what holds here need not hold there", elsewhere.PID),
			[]string{fmt.Sprintf("nsenter -t %d -n muster check", elsewhere.PID)}, append(ev, evidence(fmt.Sprintf("network namespace of pid %d", elsewhere.PID), elsewhere.NetNS, h.Processes.From))...)
	},
}
