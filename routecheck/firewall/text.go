package firewall

import (
	"fmt"
	"strconv"
	"strings"
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
