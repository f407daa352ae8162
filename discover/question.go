package discover

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net/netip"
)

// Question is one datagram that is sent, once.
type Question struct {
	// Name is the product or protocol, To where it goes, TTL how far.
	Name string
	To   netip.AddrPort
	TTL  int
	// What says in a line what it asks.
	What string
	// payload makes the datagram; port is the TCP port that answers come to.
	payload func(port uint16) []byte
}

// Questions lists what is sent, in this order.
func Questions() []Question {
	return []Question{
		{"Jini", netip.MustParseAddrPort("224.0.1.85:4160"), 15, "a multicast request of version 1 for all groups; lookup services connect to a port that is open meanwhile", jiniRequest},
		{"mDNS", netip.MustParseAddrPort("224.0.0.251:5353"), 255, "which kinds of services there are (_services._dns-sd._udp.local), answers by unicast", mdnsQuery},
		{"SSDP", netip.MustParseAddrPort("239.255.255.250:1900"), 2, "M-SEARCH for ssdp:all, answers within two seconds", func(uint16) []byte { return []byte(ssdpSearch) }},
		{"WS-Discovery", netip.MustParseAddrPort("239.255.255.250:3702"), 1, "Probe for every type", func(uint16) []byte { return wsdProbe() }},
		{"JGroups", netip.MustParseAddrPort("224.0.75.75:7500"), 8, "the empty question of JGroups' own probe tool, which members answer that have diagnostics on", func(uint16) []byte { return []byte{} }},
	}
}

// Silent lists the products that are only listened to, with their groups: a question
// of theirs would be taken for a member's.
func Silent() []netip.AddrPort {
	var list []netip.AddrPort
	for _, s := range []string{
		"224.2.2.3:54327", "228.8.8.8:45588", "239.8.8.8:45588", "230.0.0.4:45688", "228.6.7.8:46655", "239.6.7.8:46655", // Hazelcast, JGroups
		"224.0.1.84:4160", "224.0.1.188:4174", // announcements of Jini and GigaSpaces
		"230.0.0.1:4446", "239.255.2.3:6155", // Ehcache, ActiveMQ
	} {
		list = append(list, netip.MustParseAddrPort(s))
	}
	return list
}

// overheard are the groups of questions that others ask: who looks for a lookup service
// is worth to know, and what it asks for.
func overheard() []netip.AddrPort {
	return []netip.AddrPort{netip.MustParseAddrPort("224.0.1.85:4160"), netip.MustParseAddrPort("224.0.1.187:4174")}
}

// jiniRequest asks for all groups (Jini Discovery and Join Specification, DJ.2.2):
// version, the port to connect to, services already heard, groups.
func jiniRequest(port uint16) []byte {
	b := binary.BigEndian.AppendUint32(nil, 1)
	b = binary.BigEndian.AppendUint32(b, uint32(port))
	return append(b, 0, 0, 0, 0, 0, 0, 0, 0)
}

// mdnsQuery asks for the kinds of services (RFC 6763 section 9). Its source port is not
// 5353, so answers come by unicast, and nobody takes the sender for a responder.
func mdnsQuery(uint16) []byte {
	b := []byte{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}
	for _, label := range []string{"_services", "_dns-sd", "_udp", "local"} {
		b = append(append(b, byte(len(label))), label...)
	}
	return append(b, 0, 0, 12, 0x80, 1) // PTR, IN, answer by unicast
}

const ssdpSearch = "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 2\r\nST: ssdp:all\r\nUSER-AGENT: muster\r\n\r\n"

func wsdProbe() []byte {
	var id [16]byte
	rand.Read(id[:])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return fmt.Appendf(nil, `<?xml version="1.0" encoding="utf-8"?>`+
		`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">`+
		`<s:Header><a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action><a:MessageID>urn:uuid:%x-%x-%x-%x-%x</a:MessageID>`+
		`<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header><s:Body><d:Probe/></s:Body></s:Envelope>`,
		id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
