package capture

import (
	"fmt"
	"strings"
	"time"
)

// Packet is one captured packet. Data belongs to the source and is valid until
// the next call of Next.
type Packet struct {
	Number    uint64 // counted from 1 in the order of the source
	Nanos     int64  // when it was captured, in ns since the Unix epoch
	Interface int    // index into Source.Interfaces
	Link      LinkType
	Length    int // on the wire; Data may be shorter
	Data      []byte
	Outgoing  bool // sent by this host (live capture only)
}

// Time is Nanos as a time in UTC.
func (p *Packet) Time() time.Time { return time.Unix(0, p.Nanos).UTC() }

// Interface is what a source knows of one of its interfaces.
type Interface struct {
	Name string // "" where a file does not tell
	// Description is the text beside the name in a file, "" for none.
	Description string
	Link        LinkType
	Index       int // the kernel's, in live capture
}

// Source gives packets one after the other.
type Source interface {
	// Next reads the next packet into p. It returns io.EOF at the end, also where
	// a file ends in the middle of a packet: Stats tells then.
	Next(p *Packet) error
	// Interfaces may grow while packets are read.
	Interfaces() []Interface
	Stats() Stats
	// Close ends a blocked Next, which then returns io.EOF.
	Close() error
}

// Stats is what a source counts beside its packets.
type Stats struct {
	// Received is what the kernel's filter let through, in live capture; zero in
	// files.
	Received uint64
	// Dropped is what the kernel had to throw away because nobody read it in
	// time, or what the file says was.
	Dropped uint64
	// Damage tells why a file ended before its end; nil where it did not.
	Damage error
	// Unkept is what a file holds beside its packets and interfaces; a Writer does not write it.
	Unkept Unkept
}

// Unkept counts what of a pcapng file is no packet and no interface.
type Unkept struct {
	Comments   uint64 // of packets, interfaces and sections
	Names      uint64 // name resolution blocks
	Statistics uint64 // interface statistics blocks
	Secrets    uint64 // decryption secrets blocks
	Others     uint64 // blocks of other kinds
}

// String lists what there is, "" for nothing.
func (u Unkept) String() string {
	var parts []string
	for _, x := range []struct {
		n         uint64
		one, many string
	}{{u.Comments, "comment", "comments"}, {u.Names, "table of names", "tables of names"}, {u.Statistics, "block of statistics", "blocks of statistics"},
		{u.Secrets, "block of secrets", "blocks of secrets"}, {u.Others, "block of another kind", "blocks of other kinds"}} {
		switch {
		case x.n == 1:
			parts = append(parts, "1 "+x.one)
		case x.n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", x.n, x.many))
		}
	}
	return strings.Join(parts, ", ")
}

// DamageError tells where a file stops being readable.
type DamageError struct {
	Packet uint64 // the packet that could not be read, counted from 1
	Offset int64  // of its record in the file (after decompression)
	Reason string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("packet %d at offset %d: %s", e.Packet, e.Offset, e.Reason)
}

// LinkType says what a packet begins with: the LINKTYPE_ numbers of tcpdump.org.
type LinkType uint16

const (
	Null      LinkType = 0   // BSD loopback, four bytes of address family
	Ethernet  LinkType = 1   //
	Raw12     LinkType = 12  // raw IP by some systems' DLT number
	Raw14     LinkType = 14  // the same on OpenBSD
	Raw       LinkType = 101 // raw IP, the version in its first bits
	Loop      LinkType = 108 // OpenBSD loopback
	LinuxSLL  LinkType = 113 // Linux cooked v1
	IPv4      LinkType = 228
	IPv6      LinkType = 229
	LinuxSLL2 LinkType = 276 // Linux cooked v2

	PPP                LinkType = 9 // with or without the address and control bytes of HDLC
	PPPHDLC            LinkType = 50
	PPPEther           LinkType = 51 // PPPoE without Ethernet
	CiscoHDLC          LinkType = 104
	WiFi               LinkType = 105 // 802.11
	FrameRelay         LinkType = 107
	WiFiRadiotap       LinkType = 127 // 802.11 behind a radiotap header
	NFLOG              LinkType = 239 // the Linux kernel's packet log
	PKTAP              LinkType = 258 // Apple's header, then a packet of another link type
	DSABroadcom        LinkType = 281 // Ethernet with the tag of a switch chip
	DSABroadcomPrepend LinkType = 282
	DSAMarvell         LinkType = 284
	DSAMarvellEther    LinkType = 285
)

var linkNames = map[LinkType]string{
	Null: "null", Ethernet: "ethernet", Raw12: "raw IP", Raw14: "raw IP", Raw: "raw IP", Loop: "loopback",
	LinuxSLL: "linux cooked v1", IPv4: "IPv4", IPv6: "IPv6", LinuxSLL2: "linux cooked v2",
	PPP: "PPP", PPPHDLC: "PPP in HDLC", PPPEther: "PPPoE", CiscoHDLC: "Cisco HDLC", WiFi: "802.11", FrameRelay: "Frame Relay",
	WiFiRadiotap: "802.11 with radiotap", NFLOG: "NFLOG", PKTAP: "PKTAP", DSABroadcom: "Broadcom switch tag",
	DSABroadcomPrepend: "Broadcom switch tag in front", DSAMarvell: "Marvell DSA", DSAMarvellEther: "Marvell EDSA",
}

// unread are names of link types that carry no network, or one that is not read here.
var unread = map[LinkType]string{
	6: "token ring", 147: "user 0", 187: "Bluetooth HCI", 189: "USB (Linux)", 195: "802.15.4", 201: "Bluetooth HCI with direction",
	220: "USB (Linux, padded)", 227: "CAN", 230: "802.15.4 without FCS", 249: "USBPcap", 251: "Bluetooth LE", 256: "Bluetooth LE with radio",
	253: "netlink", 254: "Bluetooth monitor", 109: "OpenBSD ENC", 117: "pf log", 192: "PPI", 119: "802.11 with Prism header",
}

func (l LinkType) String() string {
	if n, ok := linkNames[l]; ok {
		return n
	}
	if n, ok := unread[l]; ok {
		return fmt.Sprintf("link type %d, %s", uint16(l), n)
	}
	return fmt.Sprintf("link type %d", uint16(l))
}

// Known reports whether the headers of this link type can be read.
func (l LinkType) Known() bool {
	if l == Ethernet { // without a look into the map for each packet
		return true
	}
	_, ok := linkNames[l]
	return ok
}

// maxData is the most bytes of one packet that are read; what claims more is
// damage. The largest that a kernel hands out is 256 KiB.
const maxData = 1 << 20
