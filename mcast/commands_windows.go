package mcast

import "net/netip"

// The commands that hints name on Windows (PowerShell).

func routeQuery(group netip.Addr) string {
	return "Find-NetRoute -RemoteIPAddress " + group.WithZone("").String()
}

func upCommand(name string) string { return "Enable-NetAdapter -Name '" + name + "'" }

func routeCommand(group netip.Addr, name string) string {
	prefix := "224.0.0.0/4"
	if group.Is6() {
		prefix = "ff00::/8"
	}
	return "New-NetRoute -DestinationPrefix " + prefix + " -InterfaceAlias '" + name + "'"
}
