package firewall

import "strings"

// What writes firewalls anew at each start, and where it takes a rule from: a rule
// beside its own does not outlive that.

// managers are known by how the names of their tables or chains begin.
var managers = []struct {
	table, chain string // one of them
	keep         string
}{
	{"nixos-fw", "nixos-fw", "networking.firewall.extraInputRules (with iptables extraCommands) in configuration.nix, then nixos-rebuild switch"},
	{"fw4", "zone_lan_", "a section 'config rule' in /etc/config/firewall, then service firewall restart"},
	{"proxmox-firewall", "PVEFW-", "a rule under Firewall of this node in Proxmox VE (its file host.fw)"},
	{"", "cali-", "the policy of this host's endpoint in Calico (GlobalNetworkPolicy), which puts its own chains first again"},
	{"", "net-fw", "a rule in /etc/shorewall/rules, then shorewall reload"},
	{"", "INVDROP", "the same command in /etc/csf/csfpost.sh, then csf -r"},
	{"f2b-table", "f2b-", "ignoreip with the members' addresses in /etc/fail2ban/jail.local, then fail2ban-client reload"},
	{"crowdsec", "CROWDSEC_CHAIN", "the members' addresses in an allowlist of CrowdSec (cscli allowlists)"},
	{"", "INPUT_imunify360", "the members' addresses in Imunify360's white list"},
	{"", "in_internet", "a server of its own for the ports in /etc/firehol/firehol.conf, then firehol start"},
	{"vyos_filter", "VYOS_", "the same rule by 'set firewall' in VyOS' configuration, then commit and save"},
	{"mullvad", "", "what the VPN's own program lets through: it writes its table anew"},
}

// Manager says where the program that wrote the rules of a command takes its rules
// from, "" where none is known by the names of tables and chains. The command is one
// that Allow printed.
func (r *Ruleset) Manager(command string) string {
	for _, t := range r.Tables {
		nft := strings.Contains(command, " "+t.Family+" "+t.Name+" ")
		if !nft && !strings.Contains(command, "tables") {
			continue
		}
		for _, m := range managers {
			if m.table != "" && nft && strings.HasPrefix(t.Name, m.table) {
				return m.keep
			}
			for _, c := range t.Chains {
				if m.chain != "" && !nft && strings.HasPrefix(c.Name, m.chain) {
					return m.keep
				}
			}
		}
	}
	return ""
}
