package judge

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"muster/internal/verdict"
)

// keepPrefix begins the line after a fix that says how it outlives a restart.
const keepPrefix = "to keep it over a restart: "

// keep adds to the fixes of a verdict how each outlives a restart, in the way of
// what sets this host up. Commands that change the configuration themselves, as
// those of ufw and firewall-cmd --permanent, need none.
func (h *Host) keep(v *verdict.Verdict) {
	if !h.linux() {
		return
	}
	var lines []string
	add := func(line string) {
		if line != "" && !slices.Contains(lines, keepPrefix+line) {
			lines = append(lines, keepPrefix+line)
		}
	}
	var settings []string
	for _, fix := range v.Fix {
		command, _, _ := strings.Cut(fix, "   #")
		words := strings.Fields(command)
		if len(words) < 2 {
			continue
		}
		switch tool := words[0]; {
		case tool == "sysctl" && words[1] == "-w":
			for _, s := range words[2:] {
				settings = append(settings, "'"+s+"'")
			}
		case tool == "nft", strings.HasPrefix(tool, "ip") && strings.Contains(tool, "tables"):
			add(h.keepRule(command))
		case tool == "ip" && words[1] == "xfrm":
			add("take the policy out of the configuration of what made it (ip xfrm policy names it; strongSwan: swanctl.conf)")
		case tool == "ip", tool == "bridge":
			add(h.keepLink(command))
		}
	}
	if len(settings) > 0 {
		add("printf '%s\\n' " + strings.Join(settings, " ") + " >> /etc/sysctl.d/90-cluster.conf")
	}
	v.Fix = append(v.Fix, lines...)
}

// keepRule is about a rule of the firewall.
func (h *Host) keepRule(command string) string {
	if m := h.Firewall.Value.Manager(command); m != "" {
		return m
	}
	if words := strings.Fields(command); strings.Contains(words[0], "tables") {
		return h.keepTables(words[0])
	}
	file := "/etc/nftables.conf"
	if h.boots("/etc/sysconfig/nftables.conf") {
		file = "/etc/sysconfig/nftables.conf"
	}
	rule := strings.Trim(strings.TrimPrefix(command, "nft "), "'")
	words := strings.Fields(rule)
	switch {
	case words[0] == "delete":
		return "take the same rule out of " + file + ", or out of what else loads that table at boot"
	case words[0] == "insert" && len(words) > 5 && h.boots(file+": "+strings.Join(words[2:5], " ")):
		// A rule that is inserted comes before those that the file has for the chain.
		return fmt.Sprintf("echo '%s' >> %s && nft -c -f %s", rule, file, file)
	}
	return "the same rule in " + file + ", or in what else loads that table at boot, before the rules that drop"
}

// keepTables is about a rule that iptables, or a program like it, has changed.
func (h *Host) keepTables(tool string) string {
	switch {
	case h.boots("/usr/sbin/netfilter-persistent") && strings.HasSuffix(tool, "-legacy"):
		// It saves what iptables-save shows, which may be the other kind of tables.
		return fmt.Sprintf("%s-save > /etc/iptables/rules.v%c", tool, map[bool]rune{true: '6', false: '4'}[strings.HasPrefix(tool, "ip6")])
	case h.boots("/usr/sbin/netfilter-persistent"):
		return "netfilter-persistent save"
	case h.boots("/etc/sysconfig/iptables"):
		return "service iptables save"
	case h.boots("/etc/iptables/iptables.rules"):
		return "iptables-save > /etc/iptables/iptables.rules"
	case h.boots("/etc/init.d/iptables"):
		return "/etc/init.d/iptables save"
	}
	return "add the same rule where this host's rules are loaded at boot; on Debian and Ubuntu: apt-get install iptables-persistent, then netfilter-persistent save"
}

var (
	onDevice = regexp.MustCompile(`\bdev (\S+)`)
	setLink  = regexp.MustCompile(`^ip link set (?:dev )?(\S+)`)
	toRoute  = regexp.MustCompile(`^ip (?:-6 )?route (?:add|replace) (?:multicast )?([0-9a-f.:]+/[0-9]+) dev (\S+)$`)
)

// keepLink is about routes, policy rules, addresses and interfaces.
func (h *Host) keepLink(command string) string {
	link := "the interface"
	for _, p := range []*regexp.Regexp{setLink, onDevice} {
		if m := p.FindStringSubmatch(command); m != nil {
			link = m[1]
		}
	}
	route := toRoute.FindStringSubmatch(command)
	switch {
	case h.boots("/etc/netplan") && route != nil:
		return fmt.Sprintf("under %s in /etc/netplan: routes: [{to: %s, scope: link}], then netplan apply", link, route[1])
	case h.boots("/run/NetworkManager") && route != nil:
		return fmt.Sprintf(`nmcli connection modify "$(nmcli -g GENERAL.CONNECTION device show %s)" +ipv%d.routes %s`, link, map[bool]int{true: 6, false: 4}[h.V6], route[1])
	case h.boots("/run/systemd/netif") && route != nil:
		return fmt.Sprintf("a section [Route] with Destination=%s in the .network file of %s (networkctl status %s names it)", route[1], link, link)
	case h.boots("/run/NetworkManager"):
		return "the same command in a script in /etc/NetworkManager/dispatcher.d, for when " + link + " comes up"
	case h.boots("/run/systemd/netif"):
		return fmt.Sprintf("the same in the .network file of %s below /etc/systemd/network (man systemd.network)", link)
	case h.boots("/etc/network/interfaces"):
		return fmt.Sprintf("a line 'up %s' below 'iface %s' in /etc/network/interfaces", command, link)
	}
	return "the same command where " + link + " is set up at boot"
}

// boots: a file or folder is here that is read when this host starts.
func (h *Host) boots(path string) bool { return slices.Contains(h.Platform.Value.Boot, path) }
