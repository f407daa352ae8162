package filter

import "golang.org/x/net/bpf"

// node compiles one part: control goes to t where it is true, else to f. Each
// part does what its matcher does, in the same order.
func (g *generator) node(n node, t, f label) {
	switch n := n.(type) {
	case and:
		mid := g.label()
		g.node(n.a, mid, f)
		g.place(mid)
		g.node(n.b, t, f)
	case or:
		mid := g.label()
		g.node(n.a, t, mid)
		g.place(mid)
		g.node(n.b, t, f)
	case not:
		g.node(n.x, f, t)
	case address:
		g.address(n, t, f)
	case port:
		g.port(n, t, f)
	case vlan:
		g.vlan(n, t, f)
	case later:
		g.later(t, f)
	case word:
		g.word(n, t, f)
	}
}

// kind goes on where the EtherType is the one, else to f.
func (g *generator) kind(kind uint32, f label) {
	ok := g.label()
	g.emit(bpf.LoadScratch{Dst: bpf.RegA, N: memKind})
	g.branch(bpf.JumpEqual, kind, ok, f)
	g.place(ok)
}

// is goes on where size bytes at off from base are val after the mask, else to f.
func (g *generator) is(base, off, size int, mask, val uint32, f label) {
	ok := g.label()
	g.load(base, off, size, f)
	if mask != 0xffffffff {
		g.emit(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: mask})
	}
	g.branch(bpf.JumpEqual, val, ok, f)
	g.place(ok)
}

const all32 = 0xffffffff

func (g *generator) word(w word, t, f label) {
	v6 := g.label()
	switch w {
	case "all":
		g.goTo(t)
	case "ip":
		g.kind(typeIPv4, f)
		g.goTo(t)
	case "ip6":
		g.kind(typeIPv6, f)
		g.goTo(t)
	case "arp":
		g.kind(typeARP, f)
		g.goTo(t)
	case "multicast":
		g.kind(typeIPv4, v6)
		g.is(memNet, 16, 1, 0xf0, 0xe0, f)
		g.goTo(t)
		g.place(v6)
		g.kind(typeIPv6, f)
		g.is(memNet, 24, 1, all32, 0xff, f)
		g.goTo(t)
	case "fragment":
		g.kind(typeIPv4, v6)
		g.load(memNet, 6, 2, f)
		g.branch(bpf.JumpBitsSet, 0x3fff, t, f)
		g.place(v6)
		g.kind(typeIPv6, f)
		g.is(memNet, 6, 1, all32, 44, f)
		g.goTo(t)
	case "mld":
		g.mld(t, f)
	case "tribes":
		g.tribes(t, f)
	default:
		g.protocol(words[w].v4, words[w].v6, t, f)
	}
}

// protocol asks for the IP protocol number in either version.
func (g *generator) protocol(v4, v6 int, t, f label) {
	six := g.label()
	if v4 >= 0 {
		g.kind(typeIPv4, six)
		g.is(memNet, 9, 1, all32, uint32(v4), f)
		g.goTo(t)
	}
	g.place(six)
	if v6 < 0 {
		g.goTo(f)
		return
	}
	behind := g.label()
	g.kind(typeIPv6, f)
	g.is(memNet, 6, 1, all32, uint32(v6), behind)
	g.goTo(t)
	g.place(behind)
	g.is(memNet, 6, 1, all32, 44, f)
	g.is(memNet, 40, 1, all32, uint32(v6), f)
	g.goTo(t)
}

func (g *generator) later(t, f label) {
	v6 := g.label()
	g.kind(typeIPv4, v6)
	g.load(memNet, 6, 2, f)
	g.branch(bpf.JumpBitsSet, 0x1fff, t, f)
	g.place(v6)
	g.kind(typeIPv6, f)
	g.is(memNet, 6, 1, all32, 44, f)
	g.load(memNet, 42, 2, f)
	g.branch(bpf.JumpBitsSet, 0xfff8, t, f)
}

func (g *generator) vlan(n vlan, t, f label) {
	g.emit(bpf.LoadScratch{Dst: bpf.RegA, N: memTag1})
	if n.id < 0 {
		g.branch(bpf.JumpNotEqual, 0, t, f)
		return
	}
	second := g.label()
	g.branch(bpf.JumpEqual, uint32(n.id)|tagPresent, t, second)
	g.place(second)
	g.emit(bpf.LoadScratch{Dst: bpf.RegA, N: memTag2})
	g.branch(bpf.JumpEqual, uint32(n.id)|tagPresent, t, f)
}

func (g *generator) address(n address, t, f label) {
	kind, srcAt, dstAt := uint32(typeIPv4), 12, 16
	if n.net.Addr().Is6() {
		kind, srcAt, dstAt = typeIPv6, 8, 24
	}
	want, mask := netWords(n)
	same := func(at int, no label) {
		for i := range want {
			if mask[i] != 0 {
				g.is(memNet, at+4*i, 4, mask[i], want[i], no)
			}
		}
		if len(want) > 0 && mask[len(mask)-1] == 0 {
			g.load(memNet, at+4*len(want)-1, 1, no) // the whole address must be there
		}
		g.goTo(t)
	}
	g.kind(kind, f)
	second := g.label()
	if n.side != dst {
		no := f
		if n.side == either {
			no = second
		}
		same(srcAt, no)
	}
	g.place(second)
	if n.side != src {
		same(dstAt, f)
	}
}

// transport leaves the offset of the header of proto in scratch memory, or goes
// to f.
func (g *generator) transport(proto uint32, f label) {
	v6, frag, done := g.label(), g.label(), g.label()
	g.kind(typeIPv4, v6)
	g.is(memNet, 9, 1, all32, proto, f)
	g.load(memNet, 6, 2, f)
	g.branch(bpf.JumpBitsSet, 0x1fff, f, frag)
	g.place(frag)
	g.load(memNet, 0, 1, f)
	g.emit(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0x0f}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2})
	g.emit(bpf.LoadScratch{Dst: bpf.RegX, N: memNet}, bpf.ALUOpX{Op: bpf.ALUOpAdd})
	g.setTransport(f)
	g.goTo(done)
	g.place(v6)
	g.kind(typeIPv6, f)
	g.is(memNet, 6, 1, all32, proto, f)
	g.emit(bpf.LoadScratch{Dst: bpf.RegA, N: memNet}, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 40})
	g.setTransport(f)
	g.place(done)
}

// between goes to t where the two bytes at off of the transport header are in
// the range, else to f.
func (g *generator) between(off int, lo, hi uint16, t, f label) {
	above := g.label()
	g.load(memTransport, off, 2, f)
	g.branch(bpf.JumpGreaterOrEqual, uint32(lo), above, f)
	g.place(above)
	g.branch(bpf.JumpLessOrEqual, uint32(hi), t, f)
}

func (g *generator) port(n port, t, f label) {
	ports := g.label()
	switch n.proto {
	case 0:
		tcp := g.label()
		g.transport(17, tcp)
		g.goTo(ports)
		g.place(tcp)
		g.transport(6, f)
	default:
		g.transport(uint32(n.proto), f)
	}
	g.place(ports)
	second := g.label()
	if n.side != dst {
		no := f
		if n.side == either {
			no = second
		}
		g.between(0, n.lo, n.hi, t, no)
	}
	g.place(second)
	if n.side != src {
		g.between(2, n.lo, n.hi, t, f)
	}
}

func (g *generator) mld(t, f label) {
	options, types := g.label(), g.label()
	g.kind(typeIPv6, f)
	g.emit(bpf.LoadScratch{Dst: bpf.RegA, N: memNet}, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 40})
	g.setTransport(f)
	g.is(memNet, 6, 1, all32, 58, options)
	g.goTo(types)
	g.place(options)
	g.is(memNet, 6, 1, all32, 0, f)
	g.is(memTransport, 0, 1, all32, 58, f)
	g.load(memTransport, 1, 1, f)
	g.emit(bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 3}, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 8})
	g.emit(bpf.LoadScratch{Dst: bpf.RegX, N: memTransport}, bpf.ALUOpX{Op: bpf.ALUOpAdd})
	g.setTransport(f)
	g.place(types)
	g.load(memTransport, 0, 1, f)
	for _, kind := range []uint32{130, 131, 132} {
		next := g.label()
		g.branch(bpf.JumpEqual, kind, t, next)
		g.place(next)
	}
	g.branch(bpf.JumpEqual, 143, t, f)
}

func (g *generator) tribes(t, f label) {
	tcp, frame, payload := g.label(), g.label(), g.label()
	g.transport(17, tcp)
	g.is(memTransport, 8, 4, all32, heartbeat0, frame)
	g.is(memTransport, 12, 4, all32, heartbeat1, f)
	g.goTo(t)
	g.place(frame)
	g.is(memTransport, 8, 4, all32, frame0, f)
	g.is(memTransport, 12, 4, 0xffffff00, frame1, f)
	g.goTo(t)

	g.place(tcp)
	g.transport(6, f)
	low := g.label()
	g.load(memTransport, 2, 2, payload) // both ports or none
	g.between(0, receiverLow, receiverHigh, t, low)
	g.place(low)
	g.between(2, receiverLow, receiverHigh, t, payload)
	g.place(payload)
	g.load(memTransport, 12, 1, f)
	g.emit(bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2})
	g.emit(bpf.LoadScratch{Dst: bpf.RegX, N: memTransport}, bpf.ALUOpX{Op: bpf.ALUOpAdd})
	g.setTransport(f)
	g.is(memTransport, 0, 4, all32, frame0, f)
	g.is(memTransport, 4, 4, 0xffffff00, frame1, f)
	g.goTo(t)
}
