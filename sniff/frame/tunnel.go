package frame

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"muster/sniff/capture"
)

// TunnelKind names what a packet was wrapped in.
type TunnelKind uint8

const (
	GRE     TunnelKind = iota + 1 // RFC 2784, 2890; with PPP inside as in PPTP, RFC 2637
	ERSPAN                        // a remote mirror port, types I to III
	VXLAN                         // RFC 7348
	Geneve                        // RFC 8926
	IPIP                          // IPv4 in IP, RFC 2003
	IPv6In                        // IPv6 in IP, RFC 4213 and 2473
	MPLS                          // RFC 3032
	PPPoE                         // RFC 2516
	EtherIP                       // RFC 3378
)

var tunnelNames = [...]string{"", "gre", "erspan", "vxlan", "geneve", "ipip", "6in4", "mpls", "pppoe", "etherip"}

func (k TunnelKind) String() string { return tunnelNames[k] }

// Tunnel is one wrapping around the packet that a Frame tells of.
type Tunnel struct {
	Kind TunnelKind
	ID   uint32 // VNI, key, session or label; 0 where there is none
	// Src and Dst are the ends of a tunnel over IP, Port the UDP port it goes to.
	Src, Dst netip.Addr
	Port     uint16
	TTL      uint8
}

func (t Tunnel) String() string {
	if t.ID == 0 {
		return t.Kind.String()
	}
	return fmt.Sprintf("%s %d", t.Kind, t.ID)
}

// maxTunnels bounds how deep packets are unwrapped; real ones have one or two.
const maxTunnels = 8

// The UDP ports and IP protocols of tunnels.
const (
	portVXLAN      = 4789
	portVXLANLinux = 8472 // the kernel's default from before the number was assigned
	portGeneve     = 6081

	protoIPIP    = 4
	protoIPv6    = 41
	protoGRE     = 47
	protoEtherIP = 97
	protoMPLS    = 137

	typeTEB      = 0x6558 // transparent Ethernet bridging
	typeMPLS     = 0x8847
	typeMPLSMany = 0x8848
	typePPPoE    = 0x8864
	typePPP      = 0x880b
	typeERSPAN   = 0x88be
	typeERSPAN3  = 0x22eb
)

// unwrap goes on inside a tunnel over IP or UDP, if f is one. What does not look
// like the tunnel of its port stays what it is.
func (f *Frame) unwrap() error {
	t := Tunnel{Src: f.Src, Dst: f.Dst, TTL: f.TTL}
	switch f.Proto {
	case ProtoUDP:
		t.Port = f.DstPort
		if f.DstPort == portGeneve {
			return f.geneve(t)
		}
		return f.vxlan(t)
	case protoGRE:
		return f.gre(t)
	case protoIPIP:
		t.Kind = IPIP
		return f.inside(t, typeIPv4, f.Body, f.BodyLen)
	case protoIPv6:
		t.Kind = IPv6In
		return f.inside(t, typeIPv6, f.Body, f.BodyLen)
	case protoMPLS:
		return f.mpls(t, f.Body, f.BodyLen)
	case protoEtherIP:
		if len(f.Body) < 2 || f.Body[0]>>4 != 3 {
			return nil
		}
		t.Kind = EtherIP
		return f.inside(t, typeTEB, f.Body[2:], f.BodyLen-2)
	}
	return nil
}

// inside decodes b, the inside of tunnel t, as what an EtherType says; length is
// how many bytes it had on the wire.
func (f *Frame) inside(t Tunnel, kind uint16, b []byte, length int) error {
	if len(f.Tunnels) >= maxTunnels {
		return bad(0, t.Kind.String(), "more than %d tunnels inside each other", maxTunnels)
	}
	p := capture.Packet{Data: b, Length: max(length, len(b)), Link: capture.Ethernet}
	outer := *f
	*f = Frame{Link: outer.Link, HasMAC: outer.HasMAC, SrcMAC: outer.SrcMAC, DstMAC: outer.DstMAC,
		VLANs: outer.VLANs, NVLANs: outer.NVLANs, Cut: outer.Cut, Tunnels: append(outer.Tunnels, t)}
	if kind == typeTEB {
		return f.ethernet(&p)
	}
	f.Type = kind
	return f.network(&p, 0)
}

// ethernet decodes an Ethernet frame inside of something else.
func (f *Frame) ethernet(p *capture.Packet) error {
	f.NVLANs, f.VLANs = 0, [MaxVLANs]uint16{}
	at, ok := f.linkOf(capture.Ethernet, p.Data)
	if !ok {
		return f.short(p, 0, "inner Ethernet", at)
	}
	return f.tagged(p, at)
}

// vxlan reads flags, 3 bytes reserved, the VNI in 3, 1 reserved.
func (f *Frame) vxlan(t Tunnel) error {
	b := f.Payload
	if len(b) < 8+14 || b[0]&0x08 == 0 || b[0]&0x07 != 0 || b[7] != 0 {
		return nil
	}
	t.Kind, t.ID = VXLAN, binary.BigEndian.Uint32(b[4:])>>8
	return f.inside(t, typeTEB, b[8:], f.PayloadLen-8)
}

// geneve reads version and length of the options in words, flags, the EtherType, the VNI in 3 bytes,
// 1 reserved, and the options.
func (f *Frame) geneve(t Tunnel) error {
	b := f.Payload
	if len(b) < 8 || b[0]>>6 != 0 {
		return nil
	}
	n := 8 + 4*int(b[0]&0x3f)
	if len(b) < n {
		return nil
	}
	t.Kind, t.ID = Geneve, binary.BigEndian.Uint32(b[4:])>>8
	return f.inside(t, binary.BigEndian.Uint16(b[2:]), b[n:], f.PayloadLen-n)
}

// gre reads flags and version, the EtherType, and what the flags announce:
// checksum, key, sequence number (and acknowledgment in version 1).
func (f *Frame) gre(t Tunnel) error {
	const checksum, routing, key, sequence, ack = 0x8000, 0x4000, 0x2000, 0x1000, 0x0080
	b := f.Body
	if len(b) < 4 {
		return nil
	}
	flags, kind, n := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), 4
	version := flags & 7
	if flags&routing != 0 || version > 1 || version == 1 && kind != typePPP {
		return nil
	}
	if flags&checksum != 0 {
		n += 4
	}
	if flags&key != 0 {
		if len(b) < n+4 {
			return nil
		}
		t.ID = binary.BigEndian.Uint32(b[n:])
		n += 4
	}
	if flags&sequence != 0 {
		n += 4
	}
	if version == 1 {
		t.ID &= 0xffff // the call; the length stands before it
		if flags&ack != 0 {
			n += 4
		}
	}
	if len(b) < n {
		return nil
	}
	t.Kind = GRE
	b, length := b[n:], f.BodyLen-n
	switch kind {
	case typeERSPAN, typeERSPAN3:
		return f.erspan(t, kind, flags&sequence != 0, b, length)
	case typePPP:
		kind, n := ppp(b)
		return f.inside(t, kind, b[n:], length-n)
	}
	return f.inside(t, kind, b, length)
}

// erspan reads the header of a remote mirror port: none in type I, which has no
// sequence number in GRE, 8 bytes in type II, 12 in type III and 8 more where its
// last bit says so. The session is in the low 10 bits of the second word.
func (f *Frame) erspan(t Tunnel, kind uint16, numbered bool, b []byte, length int) error {
	t.Kind = ERSPAN
	n := 0
	switch {
	case kind == typeERSPAN3:
		if n = 12; len(b) >= n && b[11]&1 != 0 {
			n += 8
		}
	case numbered:
		n = 8
	}
	if len(b) < n {
		return nil
	}
	if n > 0 {
		t.ID = uint32(binary.BigEndian.Uint16(b[2:]) & 0x03ff)
	}
	return f.inside(t, typeTEB, b[n:], length-n)
}

// mpls reads labels of 4 bytes up to the one with the bottom bit. Behind it is IP
// by its version, or Ethernet behind a control word that begins with 0.
func (f *Frame) mpls(t Tunnel, b []byte, length int) error {
	t.Kind = MPLS
	for {
		if len(b) < 5 {
			return nil
		}
		word := binary.BigEndian.Uint32(b)
		b, length = b[4:], length-4
		t.ID = word >> 12
		if word&0x100 != 0 {
			break
		}
	}
	switch b[0] >> 4 {
	case 4:
		return f.inside(t, typeIPv4, b, length)
	case 6:
		return f.inside(t, typeIPv6, b, length)
	case 0:
		if len(b) >= 4+14 {
			return f.inside(t, typeTEB, b[4:], length-4)
		}
	}
	return nil
}

// pppoe reads version and type, the code 0 of a session, its id and the length.
func (f *Frame) pppoe(b []byte) error {
	if len(b) < 8 || b[0] != 0x11 || b[1] != 0 {
		return nil
	}
	t := Tunnel{Kind: PPPoE, ID: uint32(binary.BigEndian.Uint16(b[2:]))}
	length := int(binary.BigEndian.Uint16(b[4:]))
	b = b[6:min(len(b), 6+length)]
	kind, n := ppp(b)
	return f.inside(t, kind, b[n:], length-n)
}

// ppp reads the protocol of a PPP frame, one byte long where its last bit is set,
// behind the address and control bytes of HDLC where they are there.
func ppp(b []byte) (kind uint16, n int) {
	if len(b) >= 2 && b[0] == 0xff && b[1] == 0x03 {
		n = 2
	}
	if len(b) < n+1 {
		return 0, len(b)
	}
	proto := uint16(b[n])
	n++
	if proto&1 == 0 {
		if len(b) < n+1 {
			return 0, len(b)
		}
		proto = proto<<8 | uint16(b[n])
		n++
	}
	switch proto {
	case 0x0021:
		return typeIPv4, n
	case 0x0057:
		return typeIPv6, n
	case 0x0281:
		return typeMPLS, n
	case 0x0283:
		return typeMPLSMany, n
	}
	return 0, n
}
