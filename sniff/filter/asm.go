package filter

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// label is a place in a program that jumps go to. All jumps go forward: the
// kernel's machine has no others.
type label int

// op is an instruction, a jump whose targets are still labels, or a label's
// place.
type op struct {
	ins  bpf.Instruction // nil for jumps and places
	jump *jump
	here label // -1 where op is no place
}

type jump struct {
	cond   bpf.JumpTest
	val    uint32
	x      bool // compare with X instead of val
	always bool // to t
	t, f   label
	long   bool // the targets are further than 255 instructions away
}

// assembler collects a program and turns labels into distances.
type assembler struct {
	ops    []op
	labels int
}

func (a *assembler) label() label {
	a.labels++
	return label(a.labels - 1)
}

func (a *assembler) emit(list ...bpf.Instruction) {
	for _, i := range list {
		a.ops = append(a.ops, op{ins: i, here: -1})
	}
}

func (a *assembler) place(l label) { a.ops = append(a.ops, op{here: l}) }

// branch compares register A with val.
func (a *assembler) branch(cond bpf.JumpTest, val uint32, t, f label) {
	a.ops = append(a.ops, op{jump: &jump{cond: cond, val: val, t: t, f: f}, here: -1})
}

// branchX compares register A with X.
func (a *assembler) branchX(cond bpf.JumpTest, t, f label) {
	a.ops = append(a.ops, op{jump: &jump{cond: cond, x: true, t: t, f: f}, here: -1})
}

func (a *assembler) goTo(l label) {
	a.ops = append(a.ops, op{jump: &jump{always: true, t: l}, here: -1})
}

// maxProgram is the kernel's bound (BPF_MAXINSNS).
const maxProgram = 4096

// assemble lays the program out. A conditional jump reaches 255 instructions;
// one that must go further becomes three: the condition, and a jump for each
// outcome.
func (a *assembler) assemble() ([]bpf.Instruction, error) {
	for {
		at := make([]int, a.labels)
		n := 0
		for _, o := range a.ops {
			switch {
			case o.here >= 0:
				at[o.here] = n
			case o.jump != nil && o.jump.long:
				n += 3
			default:
				n++
			}
		}
		if n > maxProgram {
			return nil, fmt.Errorf("the filter needs %d instructions, the kernel takes %d", n, maxProgram)
		}
		out, again := a.layout(at, n)
		if !again {
			return out, nil
		}
	}
}

// layout writes the program with the labels at those places; again is set where
// a jump turned out too short and has been made a long one.
func (a *assembler) layout(at []int, size int) (out []bpf.Instruction, again bool) {
	out = make([]bpf.Instruction, 0, size)
	for _, o := range a.ops {
		j := o.jump
		if j == nil {
			if o.here < 0 {
				out = append(out, o.ins)
			}
			continue
		}
		n := len(out)
		switch {
		case j.always:
			out = append(out, bpf.Jump{Skip: uint32(at[j.t] - n - 1)})
		case j.long:
			out = append(out, j.conditional(0, 1),
				bpf.Jump{Skip: uint32(at[j.t] - n - 2)}, bpf.Jump{Skip: uint32(at[j.f] - n - 3)})
		default:
			t, f := at[j.t]-n-1, at[j.f]-n-1
			if t > 255 || f > 255 {
				j.long, again = true, true
				t, f = 0, 0
			}
			out = append(out, j.conditional(uint8(t), uint8(f)))
		}
	}
	return out, again
}

func (j *jump) conditional(t, f uint8) bpf.Instruction {
	if j.x {
		return bpf.JumpIfX{Cond: j.cond, SkipTrue: t, SkipFalse: f}
	}
	return bpf.JumpIf{Cond: j.cond, Val: j.val, SkipTrue: t, SkipFalse: f}
}
