package filter

import "golang.org/x/net/bpf"

// Layout says how a program finds the network header.
type Layout uint8

const (
	// EthernetLayout reads frames that begin with an Ethernet header and carry
	// their tags inside, as in files and in the test machine.
	EthernetLayout Layout = iota
	// LinuxLayout is for AF_PACKET sockets of the raw type, on interfaces of any
	// kind: the kernel takes the outermost tag out of the frame and keeps it
	// beside it.
	LinuxLayout
)

// The scratch memory of a program.
const (
	memNet       = iota // offset of the network header; inside the packet where memKind is not 0
	memKind             // EtherType
	memTag1             // id of the first tag, with tagPresent; 0 for none
	memTag2             // of the second
	memTransport        // offset of the UDP or TCP header
	memLen              // loads may go up to here
)

const tagPresent = 0x10000

// Program compiles f for the kernel's classic packet filter. It keeps accept
// bytes of a packet.
func (f *Filter) Program(layout Layout, accept uint32) ([]bpf.Instruction, error) {
	if f.IsAll() {
		return []bpf.Instruction{bpf.RetConstant{Val: accept}}, nil
	}
	g := &generator{}
	yes, no := g.label(), g.label()
	if layout == LinuxLayout {
		g.linuxPrelude()
	} else {
		g.emit(bpf.LoadConstant{Dst: bpf.RegA}, bpf.StoreScratch{Src: bpf.RegA, N: memTag1})
		g.ethernetPrelude(memTag1)
	}
	g.node(f.root, yes, no)
	g.place(yes)
	g.emit(bpf.RetConstant{Val: accept})
	g.place(no)
	g.emit(bpf.RetConstant{})
	return g.assemble()
}

type generator struct{ assembler }

func (g *generator) set(mem int, val uint32) {
	g.emit(bpf.LoadConstant{Dst: bpf.RegA, Val: val}, bpf.StoreScratch{Src: bpf.RegA, N: mem})
}

func (g *generator) store(mem int) { g.emit(bpf.StoreScratch{Src: bpf.RegA, N: mem}) }

// ethernetPrelude reads the EtherType and the tags from firstTag on, as look
// does.
func (g *generator) ethernetPrelude(firstTag int) {
	done := g.label()
	g.emit(bpf.LoadExtension{Num: bpf.ExtLen})
	g.store(memLen)
	g.set(memNet, 14)
	for mem := firstTag; mem <= memTag2; mem++ {
		g.set(mem, 0)
	}
	g.set(memKind, 0)
	kind := g.label()
	g.emit(bpf.LoadScratch{Dst: bpf.RegA, N: memLen})
	g.branch(bpf.JumpGreaterOrEqual, 14, kind, done)
	g.place(kind)
	g.emit(bpf.LoadAbsolute{Off: 12, Size: 2})
	g.store(memKind)
	for mem := firstTag; mem <= memTag2; mem++ {
		tag := g.label()
		for _, kind := range []uint32{0x8100, 0x88a8, 0x9100} {
			next := g.label()
			g.branch(bpf.JumpEqual, kind, tag, next)
			g.place(next)
		}
		g.goTo(done)
		g.place(tag)
		g.load(memNet, 2, 2, done)
		g.store(memKind)
		g.load(memNet, 0, 2, done)
		g.emit(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0x0fff}, bpf.ALUOpConstant{Op: bpf.ALUOpOr, Val: tagPresent})
		g.store(mem)
		g.emit(bpf.LoadScratch{Dst: bpf.RegA, N: memNet}, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 4})
		g.store(memNet)
		g.emit(bpf.LoadScratch{Dst: bpf.RegA, N: memKind})
	}
	g.place(done)
}

// Hardware types whose frames begin with an Ethernet header.
const (
	arphrdEther    = 1
	arphrdLoopback = 772
)

// skfNetOff is where the kernel lets a program read relative to the network
// header (SKF_NET_OFF), whatever stands before it.
const skfNetOff = 0xfff00000

func (g *generator) linuxPrelude() {
	ethernet, other, next, done := g.label(), g.label(), g.label(), g.label()
	tagged, untagged := g.label(), g.label()
	g.emit(bpf.LoadExtension{Num: bpf.ExtLinkLayerType})
	g.branch(bpf.JumpEqual, arphrdEther, ethernet, next)
	g.place(next)
	g.branch(bpf.JumpEqual, arphrdLoopback, ethernet, other)
	g.place(ethernet)
	g.emit(bpf.LoadExtension{Num: bpf.ExtVLANTagPresent})
	g.branch(bpf.JumpEqual, 0, untagged, tagged)
	g.place(tagged)
	g.emit(bpf.LoadExtension{Num: bpf.ExtVLANTag},
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0x0fff}, bpf.ALUOpConstant{Op: bpf.ALUOpOr, Val: tagPresent})
	g.store(memTag1)
	g.ethernetPrelude(memTag2)
	g.goTo(done)
	g.place(untagged)
	g.ethernetPrelude(memTag1)
	g.goTo(done)
	g.place(other)
	g.set(memLen, 0xffffffff)
	g.set(memNet, skfNetOff)
	g.set(memTag1, 0)
	g.set(memTag2, 0)
	g.emit(bpf.LoadExtension{Num: bpf.ExtProto})
	g.store(memKind)
	g.place(done)
}

// load puts size bytes at off from the offset in scratch memory, which is not
// beyond the packet's end, into A; where the packet has not that many, it goes
// to short.
func (g *generator) load(base, off, size int, short label) {
	ok := g.label()
	g.emit(bpf.LoadScratch{Dst: bpf.RegX, N: base},
		bpf.LoadScratch{Dst: bpf.RegA, N: memLen},
		bpf.ALUOpX{Op: bpf.ALUOpSub})
	g.branch(bpf.JumpGreaterOrEqual, uint32(off+size), ok, short)
	g.place(ok)
	g.emit(bpf.LoadIndirect{Off: uint32(off), Size: size})
}

// setTransport keeps the offset in A for later loads; where it is beyond the
// packet's end, it goes to short.
func (g *generator) setTransport(short label) {
	ok := g.label()
	g.store(memTransport)
	g.emit(bpf.TAX{}, bpf.LoadScratch{Dst: bpf.RegA, N: memLen})
	g.branchX(bpf.JumpGreaterOrEqual, ok, short)
	g.place(ok)
}
