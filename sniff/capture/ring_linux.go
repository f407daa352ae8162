package capture

import (
	"fmt"
	"io"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// blockSize holds the largest frame that offload makes, with its header.
	blockSize = 512 << 10
	// retire is how many ms a block waits for more packets before it is handed
	// over, so that a single packet is shown at once.
	retire = 15
	// vlanTag is the room kept before each frame to put the tag back.
	vlanTag = 4
)

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

// header is the one of the block that is read or waited for.
func (l *live) header() *unix.TpacketHdrV1 {
	desc := (*unix.TpacketBlockDesc)(unsafe.Pointer(&l.ring[l.block*l.size]))
	return (*unix.TpacketHdrV1)(unsafe.Pointer(&desc.Hdr[0]))
}

// Next gives the next packet. After Close it gives those that the ring holds, and
// then io.EOF.
func (l *live) Next(p *Packet) error {
	for l.ring != nil {
		if l.taken && l.left == 0 {
			// Its last packet was the one that the call before returned.
			atomic.StoreUint32(&l.header().Block_status, unix.TP_STATUS_KERNEL)
			l.block = (l.block + 1) % l.n
			l.taken = false
		}
		if !l.taken {
			ended := l.done.Load()
			if ended {
				l.over++
			}
			h := l.header()
			switch ready := atomic.LoadUint32(&h.Block_status)&unix.TP_STATUS_USER != 0; {
			case ended && (!ready || l.over > l.n):
				l.release()
				continue
			case !ready:
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
	return io.EOF
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
