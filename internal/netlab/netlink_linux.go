package netlab

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/jsimonetti/rtnetlink/v2"
	"github.com/jsimonetti/rtnetlink/v2/driver"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// links is rtnetlink in one namespace, with interfaces by their names.
type links struct{ *rtnetlink.Conn }

func dial(ns *namespace) (*links, error) {
	cfg := &netlink.Config{}
	if ns != nil {
		cfg.NetNS = int(ns.net.Fd())
	}
	c, err := rtnetlink.Dial(cfg)
	if err != nil {
		return nil, fmt.Errorf("opening a netlink socket: %w", err)
	}
	return &links{c}, nil
}

func (l *links) get(name string) (*rtnetlink.LinkMessage, error) {
	all, err := l.Link.List()
	if err != nil {
		return nil, fmt.Errorf("listing links: %w", err)
	}
	for i := range all {
		if all[i].Attributes.Name == name {
			return &all[i], nil
		}
	}
	return nil, fmt.Errorf("interface %s: %w", name, unix.ENODEV)
}

// set changes the link name as m says: m's flags, attributes or both.
func (l *links) set(name string, m rtnetlink.LinkMessage) error {
	have, err := l.get(name)
	if err != nil {
		return err
	}
	m.Index = have.Index
	if err := l.Link.Set(&m); err != nil {
		return fmt.Errorf("changing the link %s: %w", name, err)
	}
	return nil
}

func (l *links) up(name string) error   { return l.flag(name, unix.IFF_UP, true) }
func (l *links) down(name string) error { return l.flag(name, unix.IFF_UP, false) }

func (l *links) flag(name string, flag uint32, on bool) error {
	m := rtnetlink.LinkMessage{Change: flag}
	if on {
		m.Flags = flag
	}
	return l.set(name, m)
}

func (l *links) master(name, bridge string) error {
	index := uint32(0)
	if bridge != "" {
		b, err := l.get(bridge)
		if err != nil {
			return err
		}
		index = b.Index
	}
	return l.set(name, rtnetlink.LinkMessage{Attributes: &rtnetlink.LinkAttributes{Master: &index}})
}

func (l *links) addBridge(name string, settings driver.Bridge) error {
	err := l.Link.New(&rtnetlink.LinkMessage{Attributes: &rtnetlink.LinkAttributes{
		Name: name, Info: &rtnetlink.LinkInfo{Kind: "bridge", Data: &settings},
	}})
	if err != nil {
		return fmt.Errorf("adding the bridge %s: %w", name, err)
	}
	return nil
}

func (l *links) setBridge(name string, settings driver.Bridge) error {
	return l.set(name, rtnetlink.LinkMessage{Attributes: &rtnetlink.LinkAttributes{
		Info: &rtnetlink.LinkInfo{Kind: "bridge", Data: &settings},
	}})
}

// addVeth makes a cable from name here to peer in the namespace ns, nil for here.
func (l *links) addVeth(name, peer string, mac net.HardwareAddr, ns *namespace) error {
	end := &rtnetlink.LinkMessage{Attributes: &rtnetlink.LinkAttributes{Name: peer, Address: mac}}
	if ns != nil {
		end.Attributes.NetNS = rtnetlink.NetNSForFD(uint32(ns.net.Fd()))
	}
	err := l.Link.New(&rtnetlink.LinkMessage{Attributes: &rtnetlink.LinkAttributes{
		Name: name, Info: &rtnetlink.LinkInfo{Kind: "veth", Data: &driver.Veth{PeerInfo: end}},
	}})
	if err != nil {
		return fmt.Errorf("adding the veth pair %s, %s: %w", name, peer, err)
	}
	return nil
}

func (l *links) delete(name string) error {
	m, err := l.get(name)
	if err != nil {
		return err
	}
	return l.Link.Delete(m.Index)
}

func (l *links) address(name string, p netip.Prefix) error {
	m, err := l.get(name)
	if err != nil {
		return err
	}
	req := &rtnetlink.AddressMessage{
		Family: family(p.Addr()), PrefixLength: uint8(p.Bits()), Index: m.Index, Flags: unix.IFA_F_NODAD,
		Attributes: &rtnetlink.AddressAttributes{Address: p.Addr().AsSlice(), Local: p.Addr().AsSlice()},
	}
	if err := l.Address.New(req); err != nil {
		return fmt.Errorf("adding %s to %s: %w", p, name, err)
	}
	return nil
}

// route is one route of the main table: to is by an interface or via a gateway.
type route struct {
	to  netip.Prefix
	dev string
	via netip.Addr
}

func (l *links) routeMessage(r route) (*rtnetlink.RouteMessage, error) {
	m := &rtnetlink.RouteMessage{
		Family: family(r.to.Addr()), DstLength: uint8(r.to.Bits()), Table: unix.RT_TABLE_MAIN,
		Protocol: unix.RTPROT_BOOT, Type: unix.RTN_UNICAST, Scope: unix.RT_SCOPE_LINK,
	}
	m.Attributes.Dst = r.to.Addr().AsSlice()
	if r.via.IsValid() {
		m.Attributes.Gateway = r.via.AsSlice()
		m.Scope = unix.RT_SCOPE_UNIVERSE
	}
	if r.dev != "" {
		link, err := l.get(r.dev)
		if err != nil {
			return nil, err
		}
		m.Attributes.OutIface = link.Index
	}
	return m, nil
}

func (l *links) setRoute(r route) error {
	m, err := l.routeMessage(r)
	if err == nil {
		err = l.Route.Replace(m)
	}
	if err != nil {
		return fmt.Errorf("setting the route %s: %w", r.to, err)
	}
	return nil
}

func (l *links) deleteRoute(r route) error {
	m, err := l.routeMessage(r)
	if err == nil {
		err = l.Route.Delete(m)
	}
	if err != nil {
		return fmt.Errorf("deleting the route %s: %w", r.to, err)
	}
	return nil
}

// waitUp waits until frames can pass name: the kernel tells of a carrier a
// moment after both ends of a cable are up.
func (l *links) waitUp(name string) error {
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		m, err := l.get(name)
		if err != nil {
			return err
		}
		if m.Attributes.OperationalState == rtnetlink.OperStateUp {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("interface %s has no carrier after 5 s", name)
		}
	}
}

func family(a netip.Addr) uint8 {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// sysctl sets a kernel setting of the calling thread's network.
func sysctl(key, value string) error {
	return os.WriteFile(sysctlFile(key), []byte(value), 0)
}

func sysctlFile(key string) string { return "/proc/sys/" + strings.ReplaceAll(key, ".", "/") }

func ptr[T any](v T) *T { return &v }
