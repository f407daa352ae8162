package collect

import (
	"context"
	"fmt"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
	"muster/routecheck/facts"
)

// collectOS reads interfaces, routes, sockets and the firewall of Windows.
func collectOS(_ context.Context, f *facts.Facts) {
	v := windows.RtlGetVersion()
	f.Kernel = facts.Read(fmt.Sprintf("%d.%d.%d", v.MajorVersion, v.MinorVersion, v.BuildNumber), "RtlGetVersion")
	f.Platform = readSMBIOS()
	adapters(f)
	for i := range f.Links.Value {
		statistics(&f.Links.Value[i])
	}
	f.Routes = forwardTable(f.Query.Group.Is6())
	f.UDP = endpoints("GetExtendedUdpTable", 1, 3, 0, 1, 2, func(a netip.AddrPort) bool { return a.Port() == f.Query.Port })
	f.Listeners = endpoints("GetExtendedTcpTable", 3, 6, 1, 2, 5, func(a netip.AddrPort) bool {
		return a.Port() >= f.Query.TCPPort && a.Port() <= f.Query.LastTCPPort()
	})
	f.Defender = readDefender()
	f.PF = facts.Unread[facts.PF]("", "Windows has no pf")
	f.AppFirewall = facts.Unread[facts.AppFirewall]("", "this is not macOS")
}

// readSMBIOS takes what the registry keeps of the machine's description.
func readSMBIOS() facts.Fact[facts.Platform] {
	const from = `HKLM\HARDWARE\DESCRIPTION\System\BIOS`
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, `HARDWARE\DESCRIPTION\System\BIOS`, registry.QUERY_VALUE)
	if err != nil {
		return facts.Unread[facts.Platform](from, err.Error())
	}
	defer k.Close()
	p := facts.Platform{}
	p.Vendor, _, _ = k.GetStringValue("SystemManufacturer")
	p.Product, _, _ = k.GetStringValue("SystemProductName")
	return facts.Read(p, from)
}

// adapters adds what GetAdaptersAddresses knows beyond the standard library: kinds
// and metrics.
func adapters(f *facts.Facts) {
	size := uint32(32 << 10)
	for range 4 {
		buf := make([]byte, size)
		first := (*windows.IpAdapterAddresses)(unsafe.Pointer(&buf[0]))
		err := windows.GetAdaptersAddresses(windows.AF_UNSPEC, windows.GAA_FLAG_INCLUDE_PREFIX, 0, first, &size)
		if err == windows.ERROR_BUFFER_OVERFLOW && size < 16<<20 {
			continue
		}
		if err != nil {
			return
		}
		for a := first; a != nil; a = a.Next {
			for i := range f.Links.Value {
				l := &f.Links.Value[i]
				if l.Index != a.IfIndex && l.Index != a.Ipv6IfIndex {
					continue
				}
				l.Metric = a.Ipv4Metric
				const wireless, tunnelType, ppp, noMulticast = 71, 131, 23, 0x10
				switch a.IfType {
				case wireless:
					l.Wireless = true
				case tunnelType, ppp:
					l.Kind = "tun"
					l.Type = 65534
				}
				if a.Flags&noMulticast != 0 {
					l.Flags &^= facts.FlagMulticast
				}
			}
		}
		return
	}
}

func statistics(l *facts.Link) {
	row := windows.MibIfRow2{InterfaceIndex: l.Index}
	const normal = 0 // MibIfEntryNormal
	if windows.GetIfEntry2Ex(normal, &row) != nil {
		return
	}
	l.Stats = facts.LinkStats{RxPackets: row.InUcastPkts + row.InNUcastPkts, TxPackets: row.OutUcastPkts + row.OutNUcastPkts,
		RxErrors: row.InErrors, TxErrors: row.OutErrors, RxDropped: row.InDiscards, TxDropped: row.OutDiscards}
	const disconnected = 2 // MediaConnectStateDisconnected
	if row.MediaConnectState == disconnected {
		down := false
		l.Carrier = &down
	}
}

func forwardTable(v6 bool) facts.Fact[[]facts.Route] {
	const from = "GetIpForwardTable2"
	family := uint16(windows.AF_INET)
	if v6 {
		family = windows.AF_INET6
	}
	var table *windows.MibIpForwardTable2
	if err := windows.GetIpForwardTable2(family, &table); err != nil {
		return facts.Unread[[]facts.Route](from, fmt.Sprintf("listing routes: %v", err))
	}
	defer windows.FreeMibTable(unsafe.Pointer(table))
	out := []facts.Route{}
	for _, row := range table.Rows() {
		dst, ok := sockaddr(&row.DestinationPrefix.Prefix)
		if !ok || len(out) >= 20000 {
			continue
		}
		gw, _ := sockaddr(&row.NextHop)
		if gw.IsUnspecified() {
			gw = netip.Addr{}
		}
		out = append(out, facts.Route{Table: 254, Type: "unicast", Dst: netip.PrefixFrom(dst, int(row.DestinationPrefix.PrefixLength)),
			Gateway: gw, Links: []uint32{row.InterfaceIndex}, Metric: row.Metric})
	}
	return facts.Read(out, from)
}

func sockaddr(s *windows.RawSockaddrInet) (netip.Addr, bool) {
	switch s.Family {
	case windows.AF_INET:
		return netip.AddrFrom4((*windows.RawSockaddrInet4)(unsafe.Pointer(s)).Addr), true
	case windows.AF_INET6:
		return netip.AddrFrom16((*windows.RawSockaddrInet6)(unsafe.Pointer(s)).Addr), true
	}
	return netip.Addr{}, false
}

var iphlpapi = windows.NewLazySystemDLL("iphlpapi.dll")

// endpoints calls GetExtendedUdpTable (class 1: with the process) or
// GetExtendedTcpTable (class 3: listeners with the process).
func endpoints(call string, class, rowWords, addrAt, portAt, pidAt int, keep func(netip.AddrPort) bool) facts.Fact[[]facts.Socket] {
	proc := iphlpapi.NewProc(call)
	if err := proc.Find(); err != nil {
		return facts.Unread[[]facts.Socket](call, err.Error())
	}
	size := uint32(64 << 10)
	for range 4 {
		buf := make([]byte, size)
		r, _, _ := proc.Call(uintptr(unsafe.Pointer(&buf[0])), uintptr(unsafe.Pointer(&size)), 0, windows.AF_INET, uintptr(class), 0)
		switch windows.Errno(r) {
		case 0:
			return facts.Read(notNil(parseEndpoints(buf, rowWords, addrAt, portAt, pidAt, keep)), call)
		case windows.ERROR_INSUFFICIENT_BUFFER:
			if size > 64<<20 {
				return facts.Unread[[]facts.Socket](call, "the table is larger than 64 MiB")
			}
		default:
			return facts.Unread[[]facts.Socket](call, windows.Errno(r).Error())
		}
	}
	return facts.Unread[[]facts.Socket](call, "the table grew faster than it could be read")
}

// readDefender reads the firewall's profiles and rules from the registry, where
// its service keeps them.
func readDefender() facts.Fact[facts.Defender] {
	const base = `SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy`
	const from = `HKLM\` + base
	d := facts.Defender{Profiles: map[string]facts.DefenderProfile{}}
	for key, name := range map[string]string{"DomainProfile": "domain", "StandardProfile": "private", "PublicProfile": "public"} {
		k, err := registry.OpenKey(registry.LOCAL_MACHINE, base+`\`+key, registry.QUERY_VALUE)
		if err != nil {
			return facts.Unread[facts.Defender](from, err.Error())
		}
		on, _, err := k.GetIntegerValue("EnableFirewall")
		block, _, err2 := k.GetIntegerValue("DefaultInboundAction")
		k.Close()
		// Absent values mean the defaults: on, and block.
		d.Profiles[name] = facts.DefenderProfile{Enabled: err != nil || on != 0, BlockInbound: err2 != nil || block != 0}
	}
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, base+`\FirewallRules`, registry.QUERY_VALUE)
	if err != nil {
		return facts.Unread[facts.Defender](from, err.Error())
	}
	defer k.Close()
	names, err := k.ReadValueNames(20000)
	if err != nil && len(names) == 0 {
		return facts.Unread[facts.Defender](from, err.Error())
	}
	for _, n := range names {
		text, _, err := k.GetStringValue(n)
		if err != nil {
			continue
		}
		if r, ok := parseDefenderRule(text); ok {
			d.Rules = append(d.Rules, r)
		}
	}
	tcpip, err := registry.OpenKey(registry.LOCAL_MACHINE, `SYSTEM\CurrentControlSet\Services\Tcpip\Parameters`, registry.QUERY_VALUE)
	if err == nil {
		defer tcpip.Close()
		for name, to := range map[string]**uint32{"IGMPLevel": &d.IGMPLevel, "IGMPVersion": &d.IGMPVersion} {
			if n, _, err := tcpip.GetIntegerValue(name); err == nil {
				v := uint32(n)
				*to = &v
			}
		}
	}
	return facts.Read(d, from)
}
