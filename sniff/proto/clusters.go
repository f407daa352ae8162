package proto

import (
	"net/netip"

	"muster/sniff/frame"
)

var hazelcastGroup = netip.MustParseAddrPort("224.2.2.3:54327")

func claimsHazelcast(f *frame.Frame) bool {
	return f.DstPort == hazelcastGroup.Port() && f.Proto == frame.ProtoUDP && f.Dst == hazelcastGroup.Addr()
}

// decodeHazelcast reads the version byte before the serialized join message
// (MulticastService).
func decodeHazelcast(f *frame.Frame) (Message, error) {
	m := Message{Type: "join"}
	r := &reader{b: f.Payload}
	m.add("packet_version", "%d", r.u8("packet version"))
	m.add("bytes", "%d", r.rest())
	return m, r.err
}

// jgroupsPorts are the defaults of JGroups itself, of WildFly and Keycloak, and
// of Infinispan.
var jgroupsPorts = map[uint16]bool{45588: true, 45688: true, 45700: true, 46655: true}

func claimsJGroups(f *frame.Frame) bool {
	return f.Proto == frame.ProtoUDP && jgroupsPorts[f.DstPort] && f.Multicast()
}

// The flags of a JGroups packet (TP) and of an address in it (Util).
const (
	jgroupsList      = 1
	jgroupsMulticast = 2

	jgroupsNull = 1
	jgroupsUUID = 2
)

// decodeJGroups reads the version, the flags and, of a list of messages, the name
// of the cluster (TP.writeMessageList): version (5 bits major, 5 minor, 6 micro),
// flags, destination, source, cluster name.
func decodeJGroups(f *frame.Frame) (Message, error) {
	m := Message{Type: "message"}
	r := &reader{b: f.Payload}
	v, flags := r.u16("version"), r.u8("flags")
	if r.err != nil {
		return m, r.err
	}
	m.add("version", "%d.%d.%d", v>>11, v>>6&0x1f, v&0x3f)
	if flags&jgroupsList == 0 {
		return m, nil
	}
	m.Type = "messages"
	for _, field := range []string{"destination", "source"} {
		switch r.u8(field) {
		case jgroupsNull:
		case jgroupsUUID:
			r.take(field, 16)
		default:
			return m, nil // an address of a kind that has no fixed length
		}
	}
	if n := int16(r.u16("cluster name")); n >= 0 {
		m.add("cluster", "%s", r.take("cluster name", int(n)))
	}
	return m, r.err
}
