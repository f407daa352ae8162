package capture

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"muster/internal/hint"
)

// live captures with an AF_PACKET socket and a ring of TPACKET_V3 blocks that the
// kernel fills and this process reads without a system call for each packet. It
// carries the kernel's time in ns and the VLAN tag beside each frame.
type live struct {
	fd   int
	wake [2]int // a pipe: its closed end wakes the reader
	ring []byte
	size int // of a block
	n    int // of blocks

	block int // that is read, or waited for
	left  int // packets of it that were not read yet
	next  int // offset of the next of them in the block
	taken bool

	number     uint64
	loopback   map[int]bool
	index      map[int]int // into interfaces, by the kernel's index
	interfaces []Interface

	stop sync.Once
	done atomic.Bool
	mu   sync.Mutex // of stats
	stat Stats
}

const (
	// blockSize holds the largest frame that offload makes, with its header.
	blockSize = 512 << 10
	// retire is how many ms a block waits for more packets before it is handed
	// over, so that a single packet is shown at once.
	retire = 15
	// vlanTag is the room kept before each frame to put the tag back.
	vlanTag = 4
)

// Live captures on interfaces of this host. After Close, Next must be called
// until it returns io.EOF: only then is the memory given back.
func Live(o LiveOptions) (Source, error) {
	l := &live{fd: -1, wake: [2]int{-1, -1}, loopback: map[int]bool{}, index: map[int]int{}}
	if err := l.open(o); err != nil {
		l.release()
		return nil, err
	}
	return l, nil
}

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

func (l *live) makeRing(size int) error {
	if size <= 0 {
		size = defaultRing
	}
	l.size, l.n = blockSize, max(size/blockSize, 2)
	if err := unix.SetsockoptInt(l.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return fmt.Errorf("choose TPACKET_V3: %w", err)
	}
	if err := unix.SetsockoptInt(l.fd, unix.SOL_PACKET, unix.PACKET_RESERVE, vlanTag); err != nil {
		return fmt.Errorf("reserve room for VLAN tags: %w", err)
	}
	const frameSize = 2048
	req := unix.TpacketReq3{
		Block_size: uint32(l.size), Block_nr: uint32(l.n), Frame_size: frameSize,
		Frame_nr: uint32(l.size / frameSize * l.n), Retire_blk_tov: retire,
	}
	if err := unix.SetsockoptTpacketReq3(l.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return fmt.Errorf("make a ring of %d bytes: %w", l.size*l.n, err)
	}
	var err error
	l.ring, err = unix.Mmap(l.fd, 0, l.size*l.n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("map the ring: %w", err)
	}
	return nil
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

// header is the one of the block that is read or waited for.
func (l *live) header() *unix.TpacketHdrV1 {
	desc := (*unix.TpacketBlockDesc)(unsafe.Pointer(&l.ring[l.block*l.size]))
	return (*unix.TpacketHdrV1)(unsafe.Pointer(&desc.Hdr[0]))
}

func (l *live) Next(p *Packet) error {
	for {
		if l.done.Load() {
			l.release()
			return io.EOF
		}
		if l.taken && l.left == 0 {
			// Its last packet was the one that the call before returned.
			atomic.StoreUint32(&l.header().Block_status, unix.TP_STATUS_KERNEL)
			l.block = (l.block + 1) % l.n
			l.taken = false
		}
		if !l.taken {
			h := l.header()
			if atomic.LoadUint32(&h.Block_status)&unix.TP_STATUS_USER == 0 {
				if err := l.wait(); err != nil {
					return err
				}
				continue
			}
			l.taken, l.left, l.next = true, int(h.Num_pkts), int(h.Offset_to_first_pkt)
		}
		if l.left > 0 && l.packet(p) {
			return nil
		}
	}
}

// wait returns when the kernel may have handed a block over.
func (l *live) wait() error {
	fds := []unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLIN | unix.POLLERR}, {Fd: int32(l.wake[0]), Events: unix.POLLIN}}
	_, err := unix.Poll(fds, -1)
	if err != nil && err != unix.EINTR {
		return fmt.Errorf("wait for packets: %w", err)
	}
	if err == nil && fds[0].Revents&unix.POLLERR != 0 {
		if n, err := unix.GetsockoptInt(l.fd, unix.SOL_SOCKET, unix.SO_ERROR); err == nil && n != 0 {
			return fmt.Errorf("capture: %w", unix.Errno(n))
		}
	}
	return nil
}

// packet reads the next packet of the block; false means that it is not wanted.
func (l *live) packet(p *Packet) bool {
	base := l.block*l.size + l.next
	h := (*unix.Tpacket3Hdr)(unsafe.Pointer(&l.ring[base]))
	l.left--
	l.next += int(h.Next_offset)
	addr := (*unix.RawSockaddrLinklayer)(unsafe.Pointer(&l.ring[base+sllOffset]))
	outgoing := addr.Pkttype == unix.PACKET_OUTGOING
	if outgoing && addr.Hatype == unix.ARPHRD_LOOPBACK {
		return false // it comes in again at once
	}
	at := base + int(h.Mac)
	data := l.ring[at : at+int(h.Snaplen) : at+int(h.Snaplen)]
	length := int(h.Len)
	link := Ethernet
	switch {
	case addr.Hatype == unix.ARPHRD_ETHER || addr.Hatype == unix.ARPHRD_LOOPBACK:
		if h.Status&unix.TP_STATUS_VLAN_VALID != 0 && len(data) >= 12 {
			data = l.tag(at, h)
			length += vlanTag
		}
	default: // tunnels and such: what is before the network header says nothing
		link = Raw
		skip := min(int(h.Net)-int(h.Mac), len(data))
		data = data[skip:]
		length -= skip
	}
	l.number++
	p.Number = l.number
	p.Nanos = int64(h.Sec)*1e9 + int64(h.Nsec)
	p.Interface = l.interfaceOf(int(addr.Ifindex), link)
	p.Link = link
	p.Length = length
	p.Data = data
	p.Outgoing = outgoing
	return true
}

// sllOffset is where a frame's address stands behind its header.
const sllOffset = (int(unsafe.Sizeof(unix.Tpacket3Hdr{})) + unix.TPACKET_ALIGNMENT - 1) &^ (unix.TPACKET_ALIGNMENT - 1)

// tag puts the VLAN tag, which the kernel keeps beside the frame, back into it:
// the two addresses move into the room before them.
func (l *live) tag(at int, h *unix.Tpacket3Hdr) []byte {
	end := at + int(h.Snaplen)
	b := l.ring[at-vlanTag : end : end]
	copy(b, b[vlanTag:vlanTag+12])
	tpid := uint16(unix.ETH_P_8021Q)
	if h.Status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
		tpid = h.Hv1.Vlan_tpid
	}
	b[12], b[13] = byte(tpid>>8), byte(tpid)
	b[14], b[15] = byte(h.Hv1.Vlan_tci>>8), byte(h.Hv1.Vlan_tci)
	return b
}

// interfaceOf is the index of the row of an interface.
func (l *live) interfaceOf(index int, link LinkType) int {
	i, ok := l.index[index]
	if !ok {
		i = len(l.interfaces)
		l.index[index] = i
		l.interfaces = append(l.interfaces, Interface{Name: l.nameOf(index), Link: link, Index: index})
	}
	return i
}

// nameOf asks the socket's own network namespace.
func (l *live) nameOf(index int) string {
	if ifr, err := unix.NewIfreq("x"); err == nil {
		ifr.SetUint32(uint32(index))
		if unix.IoctlIfreq(l.fd, unix.SIOCGIFNAME, ifr) == nil {
			return ifr.Name()
		}
	}
	return fmt.Sprintf("interface %d", index)
}

func (l *live) Interfaces() []Interface { return l.interfaces }

// Stats asks the kernel, which starts again at zero each time.
func (l *live) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count()
	return l.stat
}

func (l *live) count() {
	if l.fd < 0 {
		return
	}
	if s, err := unix.GetsockoptTpacketStatsV3(l.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
		l.stat.Received += uint64(s.Packets)
		l.stat.Dropped += uint64(s.Drops)
	}
}

func (l *live) Close() error {
	l.stop.Do(func() {
		l.done.Store(true)
		unix.Close(l.wake[1])
	})
	return nil
}

// release gives everything back, once.
func (l *live) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count()
	if l.ring != nil {
		_ = unix.Munmap(l.ring) // fails only for what is no mapping
		l.ring = nil
	}
	if l.fd >= 0 {
		unix.Close(l.fd)
		l.fd = -1
	}
	if l.wake[0] >= 0 {
		unix.Close(l.wake[0])
		l.wake[0] = -1
	}
	l.stop.Do(func() { // never opened, or closed already
		l.done.Store(true)
		if l.wake[1] >= 0 {
			unix.Close(l.wake[1])
		}
	})
}
