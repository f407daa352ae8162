package sniff

import (
	"errors"
	"fmt"
	"io"

	"muster/mcast/igmp"
	"muster/mcast/mld"
	"muster/mcast/querier"
	"muster/sniff/capture"
	"muster/sniff/filter"
	"muster/sniff/frame"
)

// OpenMembership captures IGMP and MLD on interfaces of this host, for those who
// follow queriers: it is a querier.Open.
func OpenMembership(o querier.SourceOptions) (querier.Source, error) {
	expr := "igmp or mld"
	if o.Datagrams.IsValid() {
		expr += fmt.Sprintf(" or group %s and udp dst port %d", o.Datagrams.Addr().WithZone(""), o.Datagrams.Port())
	}
	f, err := filter.Parse(expr)
	if err != nil {
		return nil, err
	}
	program, err := f.Program(filter.LinuxLayout, 1<<18)
	if err != nil {
		return nil, err
	}
	src, err := capture.Live(capture.LiveOptions{Interfaces: o.Interfaces, Program: program, Groups: o.Unjoined, Ring: 1 << 20})
	if err != nil {
		return nil, err
	}
	return membershipSource{src}, nil
}

// membershipSource is a capture as a querier.Source.
type membershipSource struct{ src capture.Source }

func (m membershipSource) Run(see func(querier.Seen)) error { return Membership(m.src, see) }
func (m membershipSource) Dropped() uint64                  { return m.src.Stats().Dropped }
func (m membershipSource) Close() error                     { return m.src.Close() }

// Membership reads src to its end and tells see of each whole message of IGMP and
// MLD, and of each datagram to a group. Frames with a VLAN tag are of another network and are seen, without it, on
// that network's own interface; they are left out, as is what cannot be read.
func Membership(src capture.Source, see func(querier.Seen)) error {
	var p capture.Packet
	var f frame.Frame
	for {
		err := src.Next(&p)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if frame.Decode(&p, &f) != nil || f.NVLANs > 0 || f.Fragment || f.Cut {
			continue
		}
		s := querier.Seen{Time: p.Time(), Interface: src.Interfaces()[p.Interface].Index, Source: f.Src, Outgoing: p.Outgoing}
		if f.HasMAC {
			s.MAC = f.SrcMAC.String()
		}
		switch {
		case f.IP == 4 && f.Proto == frame.ProtoIGMP:
			m, err := igmp.Parse(f.Body)
			if err != nil || !m.Type.Known() || m.Anomalies.Has("checksum") {
				continue
			}
			s.IGMP = &m
		case f.IP == 6 && f.Proto == frame.ProtoICMPv6 && len(f.Body) > 0 && mld.Type(f.Body[0]).Known():
			m, err := mld.Parse(f.Body, f.Src, f.Dst)
			if err != nil || m.Anomalies.Has("checksum") {
				continue
			}
			s.MLD = &m
		case f.HasPorts && f.Proto == frame.ProtoUDP && f.Multicast():
			s.Datagram = f.Destination()
		default:
			continue
		}
		see(s)
	}
}
