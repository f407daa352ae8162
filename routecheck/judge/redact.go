package judge

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strings"

	"muster/internal/lazyregexp"
	"muster/routecheck/facts"
	"muster/routecheck/firewall"
)

// Redact hides what a ticket should not show: host names, addresses, hardware
// addresses, command lines, serial numbers and the firewall's rules. What the
// checks go by stays: addresses keep their kind and their nets (two addresses that
// shared a prefix still do), and of the firewall the answers are kept.
func Redact(f *facts.Facts) error {
	if f.Redacted {
		return nil
	}
	r := redactor{key: make([]byte, 32)}
	if _, err := rand.Read(r.key); err != nil {
		return fmt.Errorf("redact: %w", err)
	}
	r.hosts = []string{f.Names.Value.Host}
	r.links = privateNames(f.Links.Value)
	answerFirewall(f, r)
	r.interfaces(f)
	for i := range f.Links.Value {
		f.Links.Value[i].MAC = r.mac(f.Links.Value[i].MAC)
	}
	for i := range f.Addrs.Value {
		f.Addrs.Value[i].Prefix = r.prefix(f.Addrs.Value[i].Prefix)
	}
	for i := range f.Routes.Value {
		x := &f.Routes.Value[i]
		x.Dst, x.Gateway, x.Src = r.prefix(x.Dst), r.addr(x.Gateway), r.addr(x.Src)
	}
	for i := range f.Rules.Value {
		x := &f.Rules.Value[i]
		x.Src, x.Dst = r.prefix(x.Src), r.prefix(x.Dst)
	}
	r.answer(&f.ToGroup.Value)
	for _, answers := range [][]facts.RouteAnswer{f.ToSources.Value, f.ToReceivers.Value} {
		for i := range answers {
			r.answer(&answers[i])
		}
	}
	for i := range f.Neighbours.Value {
		x := &f.Neighbours.Value[i]
		x.Addr, x.MAC = r.addr(x.Addr), r.mac(x.MAC)
	}
	for i := range f.Filters.Value {
		f.Filters.Value[i].Source = r.addr(f.Filters.Value[i].Source)
	}
	for i := range f.Memberships.Value {
		f.Memberships.Value[i].Group = r.solicited(f.Memberships.Value[i].Group)
	}
	for i := range f.LinkLayer.Value {
		f.LinkLayer.Value[i].MAC = r.mac(f.LinkLayer.Value[i].MAC)
	}
	for i := range f.Query.Peers {
		f.Query.Peers[i] = r.addr(f.Query.Peers[i])
	}
	for i := range f.Connections.Value {
		c := &f.Connections.Value[i]
		c.Local, c.Remote, c.UID = r.endpoint(c.Local), r.endpoint(c.Remote), 0
	}
	for i := range f.Bridges.Value {
		f.Bridges.Value[i].OtherQuerier = r.addr(f.Bridges.Value[i].OtherQuerier)
	}
	for _, list := range [][]facts.Socket{f.UDP.Value, f.Listeners.Value} {
		for i := range list {
			list[i].Local = r.endpoint(list[i].Local)
			list[i].UID = 0
		}
	}
	r.host(f)
	for i, s := range f.Omitted {
		if _, rest, ok := strings.Cut(s, ": "); ok && strings.HasPrefix(s, "the set ") {
			s = "a set: " + rest
		}
		f.Omitted[i] = r.text(s)
	}
	f.Redacted = true
	return nil
}

func (r redactor) answer(a *facts.RouteAnswer) {
	a.To, a.Gateway, a.Src = r.addr(a.To), r.addr(a.Gateway), r.addr(a.Src)
}

type redactor struct {
	key   []byte
	hosts []string
	// links are the names of interfaces that are hidden, with what stands for them.
	links map[string]string
}

// host hides what is text.
func (r redactor) host(f *facts.Facts) {
	n := &f.Names.Value
	if n.Host != "" {
		n.Host = "host"
	}
	n.Error = r.text(n.Error)
	for i := range n.Addrs {
		n.Addrs[i] = r.addr(n.Addrs[i])
	}
	for i := range f.Processes.Value {
		f.Processes.Value[i].Command = ""
	}
	p := &f.Platform.Value
	if strings.HasPrefix(p.BoardTag, "i-") {
		p.BoardTag = "i-"
	} else {
		p.BoardTag = ""
	}
	if p.Cloud() != "Azure" {
		p.ChassisTag = ""
	}
	for i := range p.Nameservers {
		p.Nameservers[i] = r.addr(p.Nameservers[i])
	}
	for i := range f.SELinux.Value.Denials {
		f.SELinux.Value.Denials[i] = r.text(f.SELinux.Value.Denials[i])
	}
	for i := range f.PF.Value.Rules {
		f.PF.Value.Rules[i] = r.text(f.PF.Value.Rules[i])
	}
	for i := range f.Defender.Value.Rules {
		x := &f.Defender.Value.Rules[i]
		x.Program = x.Program[strings.LastIndexAny(x.Program, `\/`)+1:]
		x.Name = ""
	}
	q := &f.Query
	q.Source = r.addr(q.Source)
	if a, err := netip.ParseAddr(q.Interface); err == nil {
		q.Interface = r.addr(a).String()
	}
	if c := q.Cluster; c != nil {
		copied := *c
		copied.From = "server.xml"
		copied.Bind, copied.Receiver = r.text(c.Bind), r.text(c.Receiver)
		copied.Members = nil
		for _, m := range c.Members {
			copied.Members = append(copied.Members, r.endpoint(m))
		}
		q.Cluster = &copied
	}
	if f.ToGroup.Why != "" {
		f.ToGroup.Why = r.text(f.ToGroup.Why)
	}
}

// addr maps an address, bit by bit, so that prefixes map to prefixes. What says of
// which kind an address is stays as it is.
func (r redactor) addr(a netip.Addr) netip.Addr {
	if !a.IsValid() {
		return a
	}
	zone := a.Zone()
	a = a.WithZone("")
	keep := kept(a)
	b := a.AsSlice()
	out := append([]byte(nil), b...)
	for bit := keep; bit < len(b)*8; bit++ {
		mac := hmac.New(sha256.New, r.key)
		head := make([]byte, len(b)+2)
		for i := range bit / 8 {
			head[i] = b[i]
		}
		head[bit/8] = b[bit/8] &^ (0xff >> (bit % 8))
		head[len(b)], head[len(b)+1] = byte(bit), byte(len(b))
		mac.Write(head)
		out[bit/8] ^= mac.Sum(nil)[0] & 1 << (7 - bit%8)
	}
	x, _ := netip.AddrFromSlice(out)
	return x.WithZone(zone)
}

// kept is how many bits say what an address is: all of a group, a loopback or the
// unspecified address, the range of a private one, and of others so much that they
// do not come to lie in a range of another meaning.
func kept(a netip.Addr) int {
	switch {
	case a.IsMulticast(), a.IsLoopback(), a.IsUnspecified(), a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return a.BitLen()
	case a.Is6() && a.IsLinkLocalUnicast():
		return 64
	case a.Is6():
		return 16
	}
	switch b := a.As4(); {
	case b[0] == 10 && b[1] == 0 && b[2] == 2: // the network that VirtualBox makes up
		return 32
	case b[0] == 10:
		return 8
	case b[0] == 172 || b[0] == 100:
		return 12
	case b[0] == 192 || b[0] == 169 || b[0] == 198 || b[0] == 203:
		return 24 // ranges of many meanings lie close here
	}
	return 8
}

// prefix maps the address of a prefix; the bits behind its length stay zero where
// they were.
func (r redactor) prefix(p netip.Prefix) netip.Prefix {
	if !p.IsValid() {
		return p
	}
	out := netip.PrefixFrom(r.addr(p.Addr()), p.Bits())
	if p == p.Masked() {
		return out.Masked()
	}
	return out
}

// mac keeps group addresses and hides those of hardware, each behind one of its
// own.
func (r redactor) mac(s string) string {
	hw, err := net.ParseMAC(s)
	switch {
	case err != nil || len(hw) != 6 || s == "00:00:00:00:00:00":
		return s
	case hw[0] == 0x33 && hw[1] == 0x33 && hw[2] == 0xff: // of a solicited-node group
		group := r.solicited(netip.AddrFrom16([16]byte{0xff, 2, 11: 1, 12: 0xff, 13: hw[3], 14: hw[4], 15: hw[5]})).As16()
		return net.HardwareAddr{0x33, 0x33, 0xff, group[13], group[14], group[15]}.String()
	case hw[0]&1 == 1:
		return s
	}
	m := hmac.New(sha256.New, r.key)
	m.Write(hw)
	sum := m.Sum(nil)
	return net.HardwareAddr{2, sum[0], sum[1], sum[2], sum[3], sum[4]}.String()
}

var (
	addrText4 = lazyregexp.New(`\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b`)
	addrText6 = lazyregexp.New(`\b[0-9a-fA-F]{1,4}(:[0-9a-fA-F]{0,4}){2,7}\b`)
)

// text maps the addresses and host names inside a text.
func (r redactor) text(s string) string {
	for _, re := range []func() *regexp.Regexp{addrText4, addrText6} {
		s = re().ReplaceAllStringFunc(s, func(m string) string {
			if hw, err := net.ParseMAC(m); err == nil {
				return r.mac(hw.String())
			}
			a, err := netip.ParseAddr(m)
			if err != nil {
				return m
			}
			return r.addr(a).String()
		})
	}
	for name, instead := range r.links {
		s = replaceWord(s, name, instead)
	}
	for _, h := range r.hosts {
		if h != "" {
			s = strings.ReplaceAll(s, h, "host")
		}
	}
	return s
}

// answerFirewall replaces the rules by what they answer.
func answerFirewall(f *facts.Facts, r redactor) {
	if !f.Firewall.Known() {
		return
	}
	h := NewHost(f)
	out := firewall.Ruleset{Tables: []firewall.Table{}, Answers: []firewall.Answer{}}
	for _, p := range h.questions() {
		a := firewall.Evaluate(&f.Firewall.Value, p)
		a.Packet = r.text(a.Packet)
		a.Fix = append([]string{}, firewall.Allow(&f.Firewall.Value, []firewall.Packet{p})...)
		for i := range a.Rules {
			a.Rules[i].Text = r.text(withoutWords(a.Rules[i].Text))
		}
		for i := range a.Fix {
			a.Fix[i] = r.text(a.Fix[i])
		}
		out.Answers = append(out.Answers, a)
	}
	f.Firewall.Value = out
}
