package proto

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"muster/sniff/frame"
)

// VRRP is an advertisement of version 2 (RFC 3768) or 3 (RFC 5798).
type VRRP struct {
	Version, Router, Priority uint8
	Interval                  time.Duration
	Addresses                 []netip.Addr
	// Password: the advertisement has one, which anybody on the network reads.
	Password bool
}

func claimsVRRP(f *frame.Frame) bool { return isIP(f, frame.ProtoVRRP) }

// decodeVRRP reads an advertisement of version 2 (RFC 3768 section 5.1) or 3 (RFC
// 5798 section 5.2):
//
//	0 version, type  1 virtual router  2 priority  3 number of addresses
//	4 version 2: authentication, interval in s; version 3: interval in 1/100 s
//	6 checksum  8 addresses
func decodeVRRP(f *frame.Frame) (Message, error) {
	m := Message{Type: "advertisement"}
	r := &reader{b: f.Body}
	first := r.u8("version and type")
	v := VRRP{Version: first >> 4, Router: r.u8("virtual router"), Priority: r.u8("priority")}
	n := int(r.u8("number of addresses"))
	interval := r.u16("interval")
	r.skip("checksum", 2)
	if r.err != nil {
		return m, r.err
	}
	if first&0x0f != 1 {
		m.Type = "unknown"
	}
	if v.Version == 2 {
		v.Interval = time.Duration(interval&0xff) * time.Second
		v.Password = interval>>8 == 1
	} else {
		v.Interval = time.Duration(interval&0x0fff) * 10 * time.Millisecond
	}
	size := 4
	if f.IP == 6 {
		size = 16
	}
	var texts []string
	for range n {
		if a, ok := netip.AddrFromSlice(r.take("address", size)); ok {
			v.Addresses = append(v.Addresses, a)
			texts = append(texts, a.String())
		}
	}
	m.add("version", "%d", v.Version)
	m.add("router", "%d", v.Router)
	m.add("priority", "%d", v.Priority)
	m.add("interval_ms", "%d", v.Interval.Milliseconds())
	m.add("addresses", "%s", strings.Join(texts, ","))
	if r.err != nil || m.Type == "unknown" {
		return m, r.err
	}
	m.Value = &v
	m.Peer = v.peer(list(texts, ", "))
	return m, nil
}

func (v *VRRP) peer(addresses string) Peer {
	p := Peer{Product: "VRRP", Kind: "router", Cluster: strconv.Itoa(int(v.Router)), Release: fmt.Sprintf("version %d", v.Version),
		Role: "master", Beat: true, Gone: v.Priority == 0}
	if !p.Gone {
		p.Role = fmt.Sprintf("master with priority %d", v.Priority)
	}
	if addresses != "" {
		p.Notes = append(p.Notes, "for "+addresses)
	}
	if v.Password {
		p.Notes = append(p.Notes, "sends its password in clear text")
	}
	return p
}

// carpLength is the length of every advertisement of CARP.
const carpLength = 36

// claimsCARP tells CARP from VRRP, with which it shares protocol and group: its
// fourth byte, 7, is a length in words and no number of addresses, which would need
// 44 bytes in version 2 of VRRP.
func claimsCARP(f *frame.Frame) bool {
	b := f.Body
	return isIP(f, frame.ProtoVRRP) && len(b) == carpLength && b[0] == 0x21 && b[3] == 7
}

// decodeCARP reads an advertisement (OpenBSD's ip_carp.h):
//
//	0 version, type  1 virtual host  2 skew in 1/256 s  3 length  4 demotion
//	5 base interval in s  6 checksum  8 counter  16 SHA-1 of it and of the addresses
func decodeCARP(f *frame.Frame) (Message, error) {
	m := Message{Type: "advertisement"}
	r := &reader{b: f.Body}
	version := r.u8("version and type") >> 4
	host, skew := r.u8("virtual host"), r.u8("skew")
	r.skip("length", 1)
	demotion, base := r.u8("demotion"), r.u8("base interval")
	if r.err != nil {
		return m, r.err
	}
	m.add("version", "%d", version)
	m.add("host", "%d", host)
	m.add("skew", "%d", skew)
	m.add("demotion", "%d", demotion)
	m.add("interval_ms", "%d", int(base)*1000+int(skew)*1000/256)
	m.Peer = Peer{Product: "CARP", Kind: "host", Cluster: strconv.Itoa(int(host)), Release: fmt.Sprintf("version %d", version),
		Role: fmt.Sprintf("master with skew %d", skew), Beat: true}
	return m, nil
}
