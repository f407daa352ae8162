package firewall

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"muster/internal/netlink"
)

// decoder turns the messages of nfnetlink (linux/netfilter/nf_tables.h) into a
// Ruleset. The messages are the kernel's, yet nothing in them is trusted to fit.
type decoder struct {
	order byteOrder
	rules Ruleset
	// want are the sets that rules look up, by family, table and name.
	want map[[3]string]bool
	// elements are those of all sets so far.
	elements int
}

type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

func newDecoder(order byteOrder) *decoder {
	d := &decoder{order: order, want: map[[3]string]bool{}}
	d.rules.BigEndian = order.Uint16([]byte{0, 1}) == 1
	d.rules.Tables = []Table{}
	return d
}

// families are NFPROTO numbers.
var families = map[byte]string{1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}

// header is struct nfgenmsg: family, version, resource id.
const headerLen = 4

func (d *decoder) family(msg []byte) (string, []netlink.Attr) {
	if len(msg) < headerLen {
		return "", nil
	}
	return families[msg[0]], d.attrs(msg[headerLen:])
}

// addTable reads NFT_MSG_NEWTABLE.
func (d *decoder) addTable(msg []byte) {
	family, as := d.family(msg)
	if family == "" {
		return
	}
	const name, flags, dormant = 1, 2, 1
	d.rules.Tables = append(d.rules.Tables, Table{Family: family, Name: netlink.Text(netlink.Find(as, name)), Dormant: be32(netlink.Find(as, flags))&dormant != 0, Chains: []Chain{}})
}

// hookNames by the layers' own numbers.
var hookNames = []string{"prerouting", "input", "forward", "output", "postrouting", "ingress"}

// addChain reads NFT_MSG_NEWCHAIN and returns how many references to its rules
// and to itself the kernel counts, an upper bound of its rules.
func (d *decoder) addChain(msg []byte) uint32 {
	family, as := d.family(msg)
	const table, name, hook, policy, use, kind = 1, 3, 4, 5, 6, 7
	t := d.rules.table(family, netlink.Text(netlink.Find(as, table)), false)
	if t == nil {
		return 0
	}
	c := Chain{Name: netlink.Text(netlink.Find(as, name)), Rules: []Rule{}}
	if h := netlink.Find(as, hook); h != nil {
		d.hook(family, &c, d.attrs(h))
		c.Type = netlink.Text(netlink.Find(as, kind))
		c.Policy = "accept"
		if p := netlink.Find(as, policy); p != nil && be32(p) == 0 {
			c.Policy = "drop"
		}
	}
	t.Chains = append(t.Chains, c)
	return be32(netlink.Find(as, use))
}

func (d *decoder) hook(family string, c *Chain, as []netlink.Attr) {
	const num, priority, dev, devs = 1, 2, 3, 4
	n := be32(netlink.Find(as, num))
	switch {
	case family == "netdev" && n < 2:
		c.Hook = []string{"ingress", "egress"}[n]
	case family == "arp" && n < 2: // NF_ARP_IN, NF_ARP_OUT
		c.Hook = []string{"input", "output"}[n]
	case int(n) < len(hookNames):
		c.Hook = hookNames[n]
	default:
		c.Hook = fmt.Sprintf("hook %d", n)
	}
	c.Priority = int32(be32(netlink.Find(as, priority)))
	if name := netlink.Find(as, dev); name != nil {
		c.Devices = append(c.Devices, netlink.Text(name))
	}
	for _, a := range d.attrs(netlink.Find(as, devs)) {
		name := netlink.Text(a.Data)
		if a.Kind == 2 { // a prefix
			name += "*"
		}
		if !slices.Contains(c.Devices, name) {
			c.Devices = append(c.Devices, name)
		}
	}
}

// addRule reads NFT_MSG_NEWRULE.
func (d *decoder) addRule(msg []byte) {
	family, as := d.family(msg)
	const handle, expressions, userdata = 3, 4, 7
	t, c := d.place(family, as)
	if c == nil {
		return
	}
	exprs := d.attrs(netlink.Find(as, expressions))
	r := Rule{Handle: be64(netlink.Find(as, handle)), Exprs: make([]Expr, 0, len(exprs))}
	for _, a := range exprs {
		e, packets := d.expr(d.attrs(a.Data))
		if packets != nil {
			r.Packets = packets
		}
		if e.Set != "" {
			d.want[[3]string{family, t.Name, e.Set}] = true
		}
		r.Exprs = append(r.Exprs, e)
	}
	r.comment = comment(netlink.Find(as, userdata))
	c.Rules = append(c.Rules, r)
}

// place is the table and the chain of a rule, nil where they were not listed.
func (d *decoder) place(family string, as []netlink.Attr) (*Table, *Chain) {
	const table, chain = 1, 2
	t := d.rules.table(family, netlink.Text(netlink.Find(as, table)), false)
	if t == nil {
		return nil, nil
	}
	return t, t.chain(netlink.Text(netlink.Find(as, chain)))
}

// cutAt marks the chains whose rules are not read, from that of a rule on: the
// kernel lists one chain after the other.
func (d *decoder) cutAt(msg []byte) {
	family, as := d.family(msg)
	if _, c := d.place(family, as); c != nil {
		c.Cut = true
	}
	for i := range d.rules.Tables {
		for j := range d.rules.Tables[i].Chains {
			c := &d.rules.Tables[i].Chains[j]
			c.Cut = c.Cut || len(c.Rules) == 0
		}
	}
}

// comment is what nft keeps as the rule's comment: a type, a length, the text.
func comment(userdata []byte) string {
	for b := userdata; len(b) >= 2 && len(b) >= 2+int(b[1]); b = b[2+int(b[1]):] {
		if b[0] == 0 {
			return netlink.Text(b[2 : 2+int(b[1])])
		}
	}
	return ""
}

// addSet reads NFT_MSG_NEWSET and reports whether its elements are wanted.
func (d *decoder) addSet(msg []byte) (family, table, name string, ok bool) {
	family, as := d.family(msg)
	const attrTable, attrName, flags, keyLen, desc = 1, 2, 3, 5, 9
	const isInterval, isMap, isConcat = 4, 8, 0x80
	table, name = netlink.Text(netlink.Find(as, attrTable)), netlink.Text(netlink.Find(as, attrName))
	t := d.rules.table(family, table, false)
	if t == nil || !d.want[[3]string{family, table, name}] {
		return "", "", "", false
	}
	f := be32(netlink.Find(as, flags))
	s := Set{Name: name, KeyLen: be32(netlink.Find(as, keyLen)), Map: f&isMap != 0, Elements: []Element{}, interval: f&isInterval != 0}
	if s.KeyLen == 0 || s.KeyLen > 64 {
		s.Unread = true
	}
	for _, field := range d.attrs(netlink.Find(d.attrs(netlink.Find(as, desc)), 2)) {
		if f&isConcat != 0 {
			s.Fields = append(s.Fields, be32(netlink.Find(d.attrs(field.Data), 1)))
		}
	}
	t.Sets = append(t.Sets, s)
	return family, table, name, true
}

// addElements reads NFT_MSG_NEWSETELEM; false when the set holds more than max.
func (d *decoder) addElements(msg []byte, max int) bool {
	family, as := d.family(msg)
	t := d.rules.table(family, netlink.Text(netlink.Find(as, 1)), false)
	if t == nil {
		return true
	}
	s := t.set(netlink.Text(netlink.Find(as, 2)))
	if s == nil {
		return true
	}
	const elements, key, data, flags, keyEnd, objref = 3, 1, 2, 3, 10, 9
	const intervalEnd, catchAll = 1, 2
	for _, a := range d.attrs(netlink.Find(as, elements)) {
		if len(s.Elements) >= max {
			s.Unread = true
			return false
		}
		ea := d.attrs(a.Data)
		value := func(kind uint16) []byte { return netlink.Find(d.attrs(netlink.Find(ea, kind)), 1) }
		f := be32(netlink.Find(ea, flags))
		e := Element{Key: bytes.Clone(value(key)), End: bytes.Clone(value(keyEnd)), CatchAll: f&catchAll != 0}
		if da := d.attrs(netlink.Find(ea, data)); da != nil {
			e.Data = bytes.Clone(netlink.Find(da, 1))
			if v := netlink.Find(da, 2); v != nil {
				e.Verdict, e.Chain = d.verdict(v)
			}
		}
		if netlink.Find(ea, objref) != nil {
			e.Data = nil
		}
		if f&intervalEnd != 0 {
			e.Verdict = intervalMark
		}
		if len(e.Key) == 0 && !e.CatchAll {
			s.Unread = true
			continue
		}
		s.Elements = append(s.Elements, e)
		d.elements++
	}
	return true
}

// intervalMark stands in Verdict for the flag NFT_SET_ELEM_INTERVAL_END until
// finish has joined the ends with their starts.
const intervalMark = "\x00end"

// finish joins the starts and ends of interval sets, writes the rules' texts, and
// returns the whole.
func (d *decoder) finish() *Ruleset {
	for i := range d.rules.Tables {
		t := &d.rules.Tables[i]
		for j := range t.Sets {
			joinIntervals(&t.Sets[j])
		}
		for j := range t.Chains {
			for k := range t.Chains[j].Rules {
				r := &t.Chains[j].Rules[k]
				r.Text = ruleText(t, r)
			}
		}
	}
	return &d.rules
}

// joinIntervals: the kernel lists an interval as its first value and, flagged, the
// value after its last one; the last interval may have no end.
func joinIntervals(s *Set) {
	if !s.interval || len(s.Fields) > 0 {
		return
	}
	slices.SortStableFunc(s.Elements, func(a, b Element) int {
		if c := bytes.Compare(a.Key, b.Key); c != 0 {
			return c
		}
		switch am, bm := a.Verdict == intervalMark, b.Verdict == intervalMark; {
		case am && !bm:
			return -1
		case bm && !am:
			return 1
		}
		return 0
	})
	var out []Element
	for i := range s.Elements {
		e := s.Elements[i]
		if e.Verdict == intervalMark {
			continue
		}
		if e.CatchAll {
			out = append(out, e)
			continue
		}
		e.End = bytes.Repeat([]byte{0xff}, len(e.Key))
		ends := !s.Unread
		for _, next := range s.Elements[i+1:] {
			if next.CatchAll {
				continue
			}
			e.End = before(next.Key)
			ends = ends || next.Verdict == intervalMark
			break
		}
		if ends { // else its end may be among those that were not read
			out = append(out, e)
		}
	}
	s.Elements = out
}

// before is the value just below key.
func before(key []byte) []byte {
	out := bytes.Clone(key)
	for i := len(out) - 1; i >= 0; i-- {
		out[i]--
		if out[i] != 0xff {
			break
		}
	}
	return out
}

func (d *decoder) verdict(b []byte) (verdict, chain string) {
	as := d.attrs(b)
	const code, target = 1, 2
	chain = netlink.Text(netlink.Find(as, target))
	switch int32(be32(netlink.Find(as, code))) {
	case 0:
		return "drop", ""
	case 1:
		return "accept", ""
	case -1:
		return "continue", ""
	case -2:
		return "break", ""
	case -3:
		return "jump", chain
	case -4:
		return "goto", chain
	case -5:
		return "return", ""
	}
	return "queue", ""
}
