package capture

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"muster/internal/hint"
)

func (l *live) open(o LiveOptions) error {
	indexes, err := l.choose(o.Interfaces)
	if err != nil {
		return err
	}
	// Protocol 0: nothing is captured before the filter is in place.
	l.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return hint.Wrap(fmt.Errorf("capturing packets needs CAP_NET_RAW: open a packet socket: %w", err), "sudo setcap cap_net_raw+ep "+executable())
	}
	if err != nil {
		return fmt.Errorf("open a packet socket: %w", err)
	}
	if err := unix.Pipe2(l.wake[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("make a pipe: %w", err)
	}
	if err := l.setFilter(o.Program, indexes); err != nil {
		return err
	}
	if err := l.makeRing(o.Ring); err != nil {
		return err
	}
	to := unix.SockaddrLinklayer{Protocol: htons(unix.ETH_P_ALL)}
	if len(indexes) == 1 {
		to.Ifindex = indexes[0]
	}
	if err := unix.Bind(l.fd, &to); err != nil {
		return fmt.Errorf("bind the packet socket to %v: %w", o.Interfaces, err)
	}
	if err := l.accept(indexes, o.Groups); err != nil {
		return err
	}
	if o.Promiscuous {
		return l.promiscuous(indexes)
	}
	return nil
}

// accept opens the interfaces' filters for the hardware addresses of groups.
func (l *live) accept(indexes []int, groups []netip.Addr) error {
	for _, g := range groups {
		m := unix.PacketMreq{Type: unix.PACKET_MR_MULTICAST, Alen: 6}
		if g.Is4() { // RFC 1112 section 6.4
			a := g.As4()
			copy(m.Address[:], []byte{0x01, 0x00, 0x5e, a[1] & 0x7f, a[2], a[3]})
		} else { // RFC 2464 section 7
			a := g.As16()
			copy(m.Address[:], []byte{0x33, 0x33, a[12], a[13], a[14], a[15]})
		}
		for _, index := range indexes {
			m.Ifindex = int32(index)
			if err := unix.SetsockoptPacketMreq(l.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &m); err != nil && !errors.Is(err, unix.EINVAL) {
				return fmt.Errorf("let frames to %s pass interface %d: %w", g, index, err) // EINVAL: a link without such addresses
			}
		}
	}
	return nil
}

func executable() string {
	if path, err := os.Executable(); err == nil {
		return path
	}
	return "muster"
}

func htons(v uint16) uint16 { return v<<8 | v>>8 }

// choose finds the interfaces of those names.
func (l *live) choose(names []string) ([]int, error) {
	var indexes []int
	for _, name := range names {
		i, err := net.InterfaceByName(name)
		if err != nil {
			return nil, fmt.Errorf("capture on interface %q: %w", name, err)
		}
		indexes = append(indexes, i.Index)
	}
	return indexes, nil
}

// setFilter attaches the program, with a check of the interface before it where
// there are several.
func (l *live) setFilter(program []bpf.Instruction, indexes []int) error {
	if len(program) == 0 {
		program = []bpf.Instruction{bpf.RetConstant{Val: 1 << 18}}
	}
	if len(indexes) > 1 {
		program = onInterfaces(program, indexes)
	}
	raw, err := bpf.Assemble(program)
	if err != nil {
		return fmt.Errorf("assemble the filter: %w", err)
	}
	ins := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		ins[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	p := unix.SockFprog{Len: uint16(len(ins)), Filter: &ins[0]}
	if err := unix.SetsockoptSockFprog(l.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &p); err != nil {
		return fmt.Errorf("attach a filter of %d instructions: %w", len(ins), err)
	}
	return nil
}

func onInterfaces(program []bpf.Instruction, indexes []int) []bpf.Instruction {
	out := []bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtInterfaceIndex}}
	for i, index := range indexes {
		out = append(out, bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(index), SkipTrue: uint8(len(indexes) - i)})
	}
	return append(append(out, bpf.RetConstant{}), program...)
}

func (l *live) promiscuous(indexes []int) error {
	if len(indexes) == 0 {
		all, err := net.Interfaces()
		if err != nil {
			return fmt.Errorf("list the interfaces: %w", err)
		}
		for _, i := range all {
			indexes = append(indexes, i.Index)
		}
	}
	for _, index := range indexes {
		m := unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC}
		if err := unix.SetsockoptPacketMreq(l.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &m); err != nil {
			return fmt.Errorf("set interface %d promiscuous: %w", index, err)
		}
	}
	return nil
}
