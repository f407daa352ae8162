package firewall

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"muster/routecheck/internal/nl"
)

// ruleText writes a rule the way nft would, as far as its expressions are common;
// others appear by their names. It is for people: Evaluate never reads it.
func ruleText(table *Table, r *Rule) string {
	t := texter{reg: map[uint8]subject{}, table: table}
	for i := range r.Exprs {
		t.expr(&r.Exprs[i], r.Packets)
	}
	if r.comment != "" {
		t.words = append(t.words, "comment "+strconv.Quote(r.comment))
	}
	return strings.Join(t.words, " ")
}

// subject is what a register holds, for the text.
type subject struct {
	name string
	form func([]byte) string
	mask []byte
}

type texter struct {
	words []string
	reg   map[uint8]subject
	l4    string // the protocol that an earlier comparison named
	table *Table
}

func (t *texter) say(format string, args ...any) {
	t.words = append(t.words, fmt.Sprintf(format, args...))
}

func (t *texter) expr(e *Expr, packets *uint64) {
	switch e.Kind {
	case "meta":
		if e.Src != 0 {
			t.say("meta %s set %s", e.Key, t.reg[e.Src].name)
			return
		}
		t.reg[e.Dst] = metaSubject(e.Key)
	case "payload":
		if e.Src != 0 {
			t.say("%s payload set", e.Base)
			return
		}
		t.reg[e.Dst] = t.payload(e)
	case "ct":
		if e.Src != 0 {
			t.say("ct %s set %s", e.Key, t.reg[e.Src].name)
			return
		}
		s := subject{name: "ct " + e.Key, form: number}
		if e.Key == "state" {
			s.form = ctStates
		}
		t.reg[e.Dst] = s
	case "fib":
		t.reg[e.Dst] = subject{name: "fib " + strings.Join(e.Flags, " . ") + " " + e.Key, form: number}
		if e.Key == "type" {
			t.reg[e.Dst] = subject{name: "fib " + strings.Join(e.Flags, " . ") + " type", form: fibType}
		}
	case "exthdr":
		t.reg[e.Dst] = subject{name: fmt.Sprintf("%s %s", e.Op, e.Key), form: number}
	case "socket", "rt", "numgen", "hash", "osf", "xfrm", "tunnel":
		t.reg[e.Dst] = subject{name: strings.TrimSpace(e.Kind + " " + e.Key), form: number}
	case "byteorder":
		t.reg[e.Dst] = t.reg[e.Src]
	case "bitwise":
		s := t.reg[e.Src]
		s.mask = e.Data
		t.reg[e.Dst] = s
	case "cmp":
		t.cmp(e)
	case "range":
		s := t.subject(e.Src)
		t.say("%s%s %s-%s", s.name, notEqual(e.Op), s.form(e.Data), s.form(e.Data2))
	case "lookup":
		s, word := t.subject(e.Src), ""
		if e.Op == "map" {
			word = " vmap"
		}
		if e.Invert {
			word = " !="
		}
		t.say("%s%s %s", s.name, word, t.set(e.Set, s.form))
	case "immediate":
		t.immediate(e)
	case "counter":
		if packets != nil {
			t.say("counter packets %d", *packets)
		}
	case "limit":
		t.say("limit rate %s%s", map[bool]string{true: "over "}[e.Invert], e.Op)
	case "dynset":
		t.say("%s @%s", e.Op, e.Key)
	case "objref":
		t.say("%s name %q", e.Key, e.Name)
	case "nat":
		t.say("%s", e.Op)
	case "masq":
		t.say("masquerade")
	case "redir":
		t.say("redirect")
	case "xt", "xt-target":
		t.words = append(t.words, xtText(e))
	default:
		t.say("%s", e.Kind)
	}
}

func (t *texter) subject(reg uint8) subject {
	s, ok := t.reg[reg]
	if !ok {
		s = subject{name: fmt.Sprintf("register %d", reg)}
	}
	if s.form == nil {
		s.form = func(b []byte) string { return "0x" + fmt.Sprintf("%x", b) }
	}
	return s
}

func (t *texter) cmp(e *Expr) {
	s := t.subject(e.Src)
	if s.name == "l4proto" && e.Op == "==" && len(e.Data) == 1 {
		t.l4 = protocolName(e.Data)
	}
	if s.mask != nil && s.name != "ct state" {
		if n, ok := prefixBits(s.mask); ok && len(e.Data) == len(s.mask) && (n == 0 || strings.HasSuffix(s.name, "addr")) {
			t.say("%s%s %s/%d", s.name, notEqual(e.Op), s.form(e.Data), n)
			return
		}
		t.say("%s & 0x%x %s %s", s.name, s.mask, e.Op, s.form(e.Data))
		return
	}
	if s.name == "ct state" && s.mask != nil { // ct state & bits != 0
		if e.Op == "!=" {
			t.say("ct state %s", ctStates(s.mask))
		} else {
			t.say("ct state != %s", ctStates(s.mask))
		}
		return
	}
	op := map[string]string{"==": "", "!=": " !="}[e.Op]
	if e.Op != "==" && e.Op != "!=" {
		op = " " + e.Op
	}
	if (s.name == "l4proto" || s.name == "nfproto" || s.name == "protocol") && e.Op == "==" {
		t.say("meta %s %s", s.name, s.form(e.Data))
		return
	}
	t.say("%s%s %s", s.name, op, s.form(e.Data))
}

// set is a named set's name, or what an anonymous one holds.
func (t *texter) set(name string, form func([]byte) string) string {
	set := t.table.set(name)
	if set == nil || !strings.HasPrefix(name, "__") {
		return "@" + name
	}
	var parts []string
	for i := range set.Elements {
		if i == 8 {
			parts = append(parts, "...")
			break
		}
		e := &set.Elements[i]
		s := "*"
		if !e.CatchAll {
			s = form(e.Key)
		}
		if len(e.End) > 0 && string(e.End) != string(e.Key) {
			s += "-" + form(e.End)
		}
		if e.Verdict != "" {
			s += " : " + strings.TrimSpace(e.Verdict+" "+e.Chain)
		}
		parts = append(parts, s)
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

func notEqual(op string) string {
	if op == "!=" {
		return " !="
	}
	return ""
}

func (t *texter) immediate(e *Expr) {
	switch e.Verdict {
	case "":
		t.reg[e.Dst] = subject{name: fmt.Sprintf("0x%x", []byte(e.Data))}
	case "jump", "goto":
		t.say("%s %s", e.Verdict, e.Chain)
	default:
		t.say("%s", e.Verdict)
	}
}

// payload names the header fields that rules ask for most.
func (t *texter) payload(e *Expr) subject {
	at := fmt.Sprintf("%s+%d/%d", e.Base, e.Offset, e.Len)
	fields := map[string]subject{
		"link+0/6":      {name: "ether daddr", form: hardware},
		"link+6/6":      {name: "ether saddr", form: hardware},
		"link+12/2":     {name: "ether type", form: etherType},
		"network+9/1":   {name: "ip protocol", form: protocolName},
		"network+8/1":   {name: "ip ttl", form: number},
		"network+12/4":  {name: "ip saddr", form: address},
		"network+16/4":  {name: "ip daddr", form: address},
		"network+6/1":   {name: "ip6 nexthdr", form: protocolName},
		"network+8/16":  {name: "ip6 saddr", form: address},
		"network+24/16": {name: "ip6 daddr", form: address},
		"transport+0/2": {name: t.port() + " sport", form: number},
		"transport+2/2": {name: t.port() + " dport", form: number},
	}
	if s, ok := fields[at]; ok {
		return s
	}
	if e.Base == "network" && (e.Offset == 12 || e.Offset == 16) && e.Len < 4 { // a prefix of whole bytes
		return subject{name: map[uint32]string{12: "ip saddr", 16: "ip daddr"}[e.Offset], form: func(b []byte) string { return shortPrefix(b, 4) }}
	}
	if e.Base == "transport" && e.Offset == 0 && e.Len == 1 {
		return subject{name: map[string]string{"icmp": "icmp type", "ipv6-icmp": "icmpv6 type", "igmp": "igmp type"}[t.l4], form: number}
	}
	return subject{name: fmt.Sprintf("@%s,%d,%d", map[string]string{"link": "ll", "network": "nh", "transport": "th"}[e.Base], e.Offset*8, e.Len*8)}
}

func (t *texter) port() string {
	if t.l4 == "" {
		return "th"
	}
	return t.l4
}

func metaSubject(key string) subject {
	s := subject{name: key, form: number}
	switch key {
	case "iifname", "oifname", "ibrname", "obrname", "iifkind", "oifkind", "sdifname":
		s.form = func(b []byte) string {
			name := nl.Text(b)
			if len(b) < 16 && len(name) == len(b) {
				name += "*"
			}
			return strconv.Quote(name)
		}
	case "l4proto":
		s.form = protocolName
	case "nfproto":
		s.form = func(b []byte) string {
			return map[string]string{"\x02": "ipv4", "\x0a": "ipv6"}[string(b)]
		}
	case "protocol":
		s.form = etherType
	case "pkttype":
		s.name, s.form = "meta pkttype", func(b []byte) string {
			return map[string]string{"\x00": "host", "\x01": "broadcast", "\x02": "multicast", "\x03": "other"}[string(b)]
		}
	case "mark", "skuid", "skgid", "priority", "cgroup":
		s.name, s.form = "meta "+key, hostNumber
	case "iif", "oif", "iifgroup", "oifgroup", "iiftype", "oiftype":
		s.form = hostNumber
	}
	return s
}

func number(b []byte) string {
	switch len(b) {
	case 1:
		return strconv.Itoa(int(b[0]))
	case 2:
		return strconv.Itoa(int(binary.BigEndian.Uint16(b)))
	case 4:
		return strconv.FormatUint(uint64(binary.BigEndian.Uint32(b)), 10)
	}
	return fmt.Sprintf("0x%x", b)
}

// hostNumber is for registers in the host's order; this side assumes the usual
// little-endian one, for the text alone.
func hostNumber(b []byte) string {
	switch len(b) {
	case 2:
		return strconv.Itoa(int(binary.LittleEndian.Uint16(b)))
	case 4:
		return fmt.Sprintf("%#x", binary.LittleEndian.Uint32(b))
	}
	return fmt.Sprintf("0x%x", b)
}

func address(b []byte) string {
	a, ok := netip.AddrFromSlice(b)
	if !ok {
		return shortPrefix(b, 16)
	}
	return a.String()
}

func shortPrefix(b []byte, size int) string {
	full := make([]byte, size)
	copy(full, b)
	a, _ := netip.AddrFromSlice(full)
	return fmt.Sprintf("%s/%d", a, len(b)*8)
}

func hardware(b []byte) string {
	var parts []string
	for _, x := range b {
		parts = append(parts, fmt.Sprintf("%02x", x))
	}
	return strings.Join(parts, ":")
}

func etherType(b []byte) string {
	if s := map[string]string{"\x08\x00": "ip", "\x86\xdd": "ip6", "\x08\x06": "arp", "\x81\x00": "vlan"}[string(b)]; s != "" {
		return s
	}
	return fmt.Sprintf("0x%x", b)
}

func protocolName(b []byte) string {
	if s := map[string]string{"\x01": "icmp", "\x02": "igmp", "\x06": "tcp", "\x11": "udp", "\x3a": "ipv6-icmp", "\x67": "pim", "\x70": "vrrp"}[string(b)]; s != "" {
		return s
	}
	return number(b)
}

func fibType(b []byte) string {
	if len(b) == 4 {
		if s := map[uint32]string{1: "unicast", 2: "local", 3: "broadcast", 4: "anycast", 5: "multicast"}[binary.LittleEndian.Uint32(b)]; s != "" {
			return s
		}
	}
	return hostNumber(b)
}

func ctStates(b []byte) string {
	if len(b) != 4 {
		return fmt.Sprintf("0x%x", b)
	}
	n := binary.LittleEndian.Uint32(b)
	var out []string
	for _, s := range []struct {
		bit  uint32
		name string
	}{{ctInvalid, "invalid"}, {ctEstablished, "established"}, {ctRelated, "related"}, {ctNew, "new"}, {ctUntracked, "untracked"}} {
		if n&s.bit != 0 {
			out = append(out, s.name)
		}
	}
	return strings.Join(out, ",")
}

// prefixBits is the length of a mask that is a prefix.
func prefixBits(mask []byte) (int, bool) {
	n, ended := 0, false
	for _, b := range mask {
		for i := 7; i >= 0; i-- {
			if b>>i&1 == 1 {
				if ended {
					return 0, false
				}
				n++
			} else {
				ended = true
			}
		}
	}
	return n, true
}

// xtText writes a match or target as iptables-save does.
func xtText(e *Expr) string {
	var b strings.Builder
	switch {
	case e.Kind == "xt-target":
		b.WriteString("-j " + e.Name)
	case e.Name != "":
		b.WriteString("-m " + e.Name)
	}
	for _, a := range e.Args {
		if a == undecoded {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		if strings.ContainsAny(a, " \t\"") {
			a = strconv.Quote(a)
		}
		b.WriteString(a)
	}
	return b.String()
}
