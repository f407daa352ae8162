package judge

import (
	"fmt"
	"slices"
	"strings"

	"muster/internal/verdict"
	"muster/routecheck/facts"
)

var pfAllowOpts = Check{
	ID: "fw.pf-allow-opts",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case h.linux() || h.OS == "windows":
			return skip(facts.OSName(h.OS) + " has no pf")
		case !h.PF.Known():
			return unknown("the rules of pf are not known: " + h.PF.Reason())
		case !h.PF.Value.Enabled:
			return pass("pf is off", evidence("pf", "disabled", h.PF.From))
		}
		var blocks, passes string
		opts := false
		for _, r := range h.PF.Value.Rules {
			words := strings.Fields(r)
			igmp := strings.Contains(r, "proto igmp") || !slices.Contains(words, "proto")
			switch {
			case len(words) == 0 || !igmp || slices.Contains(words, "out"):
			case words[0] == "block":
				blocks = r
			case words[0] == "pass":
				passes = r
				opts = opts || slices.Contains(words, "allow-opts")
			}
		}
		ev := []verdict.Evidence{}
		for _, r := range []string{blocks, passes} {
			if r != "" {
				ev = append(ev, evidence("pf rule", r, h.PF.From))
			}
		}
		fix := []string{"pass in on " + orWord(h.Link.Name, "IF") + " proto igmp all allow-opts   # in pf.conf, then: pfctl -f /etc/pf.conf"}
		switch {
		case opts:
			return pass("pf lets IGMP with its IP option in", ev...)
		case passes != "":
			return bad(verdict.Fail, verdict.Definite, "pf passes IGMP only without IP options, and every IGMP packet carries one", fix, ev...)
		case blocks != "":
			return bad(verdict.Fail, verdict.Likely, "pf blocks what no rule passes, and none passes IGMP with its IP option", fix, ev...)
		}
		// Without any rule pf passes, but still drops packets with options.
		return bad(verdict.Warn, verdict.Likely, "pf is on and no rule says allow-opts: it drops packets with IP options, IGMP among them", fix, ev...)
	},
}

var defenderCheck = Check{
	ID: "fw.windows",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case h.OS != "windows":
			return skip(facts.OSName(h.OS) + " is not Windows")
		case !h.Defender.Known():
			return unknown("Windows' firewall is not known: " + h.Defender.Reason())
		}
		d := h.Defender.Value
		var blocking []string
		for _, name := range []string{"domain", "private", "public"} {
			if p := d.Profiles[name]; p.Enabled && p.BlockInbound && !d.Allows(name, h.Query.Port) {
				blocking = append(blocking, name)
			}
		}
		ev := []verdict.Evidence{evidence("profiles that block heartbeats", orWord(strings.Join(blocking, ", "), "none"), h.Defender.From)}
		if len(blocking) == 0 {
			return pass(fmt.Sprintf("Windows' firewall lets UDP port %d in", h.Query.Port), ev...)
		}
		saw := fmt.Sprintf("no rule of Windows' firewall lets UDP port %d in on a %s network; only while this node sends does it hear others, for 4 s each time", h.Query.Port, strings.Join(blocking, " or "))
		fix := []string{
			fmt.Sprintf("New-NetFirewallRule -DisplayName 'Tribes heartbeat' -Direction Inbound -Protocol UDP -LocalPort %d -Action Allow", h.Query.Port),
			fmt.Sprintf("New-NetFirewallRule -DisplayName 'Tribes receiver' -Direction Inbound -Protocol TCP -LocalPort %d-%d -Action Allow", h.Query.TCPPort, h.Query.LastTCPPort()),
			"New-NetFirewallRule -DisplayName 'IGMP' -Direction Inbound -Protocol 2 -Action Allow",
		}
		status := verdict.Fail
		if len(blocking) < 3 { // which profile is in force is not known
			status = verdict.Warn
		}
		return bad(status, verdict.Likely, saw, fix, ev...)
	},
}

// windowsIGMP judges IGMPLevel: 0 none, 1 send only, 2 all.
func (h *Host) windowsIGMP() []verdict.Verdict {
	if !h.Defender.Known() || h.Defender.Value.IGMPLevel == nil {
		if h.Defender.Known() {
			return pass("IGMP is at Windows' default, on", evidence("IGMPLevel", "not set", h.Defender.From))
		}
		return unknown("IGMPLevel is not known: " + h.Defender.Reason())
	}
	n := *h.Defender.Value.IGMPLevel
	ev := evidence("IGMPLevel", n, h.Defender.From)
	if n >= 2 {
		return pass("IGMP is on", ev)
	}
	return bad(verdict.Fail, verdict.Definite, "IGMP is switched off in Windows: this host joins groups without telling anyone", []string{"Set-NetIPv4Protocol -IGMPLevel All"}, ev)
}

var macosFirewall = Check{
	ID: "fw.macos-app",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case h.OS != "darwin":
			return skip(facts.OSName(h.OS) + " is not macOS")
		case !h.AppFirewall.Known():
			return unknown("the application firewall is not known: " + h.AppFirewall.Reason())
		}
		a := h.AppFirewall.Value
		ev := evidence("application firewall", fmt.Sprintf("enabled %v, block all %v, stealth %v", a.Enabled, a.BlockAll, a.Stealth), h.AppFirewall.From)
		tool := "/usr/libexec/ApplicationFirewall/socketfilterfw"
		switch {
		case !a.Enabled:
			return pass("the application firewall is off", ev)
		case a.BlockAll:
			return bad(verdict.Warn, verdict.Likely, "the application firewall blocks all incoming traffic", []string{tool + " --setblockall off"}, ev)
		}
		return bad(verdict.Warn, verdict.Hint, "the application firewall is on: a program without its permission hears nothing", []string{tool + " --add $(command -v java) --unblockapp $(command -v java)"}, ev)
	},
}

var ignoreBroadcasts = Check{
	ID: "icmp.ignore-broadcasts",
	Judge: func(h *Host) []verdict.Verdict {
		name, quiet := "net.ipv4.icmp_echo_ignore_broadcasts", int64(1)
		if h.V6 {
			name = "net.ipv6.icmp.echo_ignore_multicast"
		}
		if !h.linux() {
			return skip("muster knows this setting of Linux only")
		}
		n, ok, why := h.sysctl(name)
		if !ok {
			return unknown(why)
		}
		ev := evidence(name, n, h.Sysctls[name].From)
		if n != quiet {
			return pass("this host answers pings to groups that it has joined", ev)
		}
		v := pass("a note: this host does not answer pings to a group (the default of Linux), so silence there says nothing; muster ping --udp asks otherwise", ev)
		v[0].Fix = []string{"sysctl -w " + name + "=0   # for a test only"}
		return v
	},
}

var selinux = Check{
	ID: "sec.selinux",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case !h.linux():
			return h.onlyLinux("SELinux")
		case !h.SELinux.Known():
			return unknown("SELinux's state is not known: " + h.SELinux.Reason())
		case !h.SELinux.Value.Present:
			return skip("this kernel runs without SELinux", evidence("SELinux", "absent", h.SELinux.From))
		case !h.SELinux.Value.Enforcing:
			return pass("SELinux only watches", evidence("SELinux", "permissive", h.SELinux.From))
		}
		s := h.SELinux.Value
		if len(s.Denials) == 0 {
			return pass("SELinux enforces, and its log names no denial for the cluster's ports", evidence("SELinux", "enforcing", h.SELinux.From))
		}
		return bad(verdict.Fail, verdict.Definite, "SELinux denied a bind to one of the cluster's ports", []string{
			fmt.Sprintf("semanage port -a -t http_port_t -p udp %d", h.Query.Port),
			fmt.Sprintf("semanage port -a -t http_port_t -p tcp %d-%d", h.Query.TCPPort, h.Query.LastTCPPort()),
		}, evidence("audit log", s.Denials[len(s.Denials)-1], h.SELinux.From))
	},
}

var capabilities = Check{
	ID: "sec.capabilities",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case !h.linux():
			return skip("capabilities are a thing of Linux")
		case !h.Self.Known():
			return unknown("this process's capabilities are not known: " + h.Self.Reason())
		}
		const netRaw = 1 << 13
		s := h.Self.Value
		ev := evidence("effective capabilities", fmt.Sprintf("%#x", s.Capabilities), h.Self.From)
		if s.Capabilities&netRaw != 0 {
			return pass("muster may open raw sockets here", ev)
		}
		v := pass("a note: without CAP_NET_RAW muster cannot capture packets or send raw ones here", ev)
		v[0].Fix = []string{"setcap cap_net_raw,cap_net_admin+ep $(command -v muster)"}
		return v
	},
}

var systemdSandbox = Check{
	ID: "sec.systemd-sandbox",
	Judge: func(h *Host) []verdict.Verdict {
		switch {
		case !h.linux():
			return h.onlyLinux("systemd")
		case !h.Units.Known():
			return unknown("the services of systemd are not known: " + h.Units.Reason())
		case len(h.Units.Value) == 0:
			return skip("no service of a Tomcat is set up here", evidence("services of a Tomcat", "none", h.Units.From))
		}
		var out []verdict.Verdict
		for _, u := range h.Units.Value {
			v := h.sandbox(u)
			v.Subject = u.Name
			out = append(out, v)
		}
		return out
	},
}

func (h *Host) sandbox(u facts.Unit) verdict.Verdict {
	var wrong, drop []string
	var ev []verdict.Evidence
	note := func(key, why, dropIn string) {
		wrong = append(wrong, why)
		drop = append(drop, dropIn)
		ev = append(ev, evidence(key+" of "+u.Name, u.Settings[key], strings.Join(u.Files, ", ")))
	}
	if yes(u.Settings["PrivateNetwork"]) {
		note("PrivateNetwork", "has a network of its own with nothing but a loopback", "PrivateNetwork=no")
	}
	if fams := strings.Fields(u.Settings["RestrictAddressFamilies"]); len(fams) > 0 {
		need := "AF_INET"
		if h.V6 {
			need = "AF_INET6"
		}
		deny := strings.HasPrefix(fams[0], "~")
		listed := slices.Contains(fams, need) || slices.Contains(fams, "~"+need)
		if listed == deny {
			note("RestrictAddressFamilies", "may not open sockets of "+need, "RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX")
		}
	}
	deny := strings.Fields(u.Settings["IPAddressDeny"])
	allow := strings.Join(strings.Fields(u.Settings["IPAddressAllow"]), " ")
	if (slices.Contains(deny, "any") || slices.Contains(deny, "multicast") || slices.Contains(deny, "0.0.0.0/0")) && !slices.Contains(strings.Fields(allow), "any") && !strings.Contains(allow, "multicast") && !strings.Contains(allow, "224.0.0.0/4") && !strings.Contains(allow, h.Query.Group.String()) {
		note("IPAddressDeny", "may not send to groups", "IPAddressAllow=multicast "+orWord(prefixText(h), "10.0.0.0/24"))
	}
	if len(wrong) == 0 {
		return pass(u.Name+" may use the network as a member must", evidence("settings of "+u.Name, fmt.Sprintf("%d that touch the network", len(u.Settings)), strings.Join(u.Files, ", ")))[0]
	}
	fix := []string{"systemctl edit " + u.Name + "   # and put there, below [Service]:"}
	fix = append(fix, drop...)
	return bad(verdict.Fail, verdict.Definite, u.Name+" "+strings.Join(wrong, ", and "), append(fix, "systemctl restart "+u.Name), ev...)[0]
}

func prefixText(h *Host) string {
	if !h.Peers.IsValid() {
		return ""
	}
	return h.Peers.String()
}

func yes(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "yes", "true", "1", "on":
		return true
	}
	return false
}
