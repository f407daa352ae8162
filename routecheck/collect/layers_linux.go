package collect

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"muster/internal/netlink"
	"muster/routecheck/facts"
	"muster/routecheck/firewall"
)

// readLayers adds to the rules what else may stop packets. What may not be read
// without a right is said as rules that could not be read are.
func readLayers(ctx context.Context, f *facts.Facts, rules *firewall.Ruleset) {
	var err error
	if !hasModule("xfrm_user") && !hasModule("af_key") {
		// Nobody can have made a policy.
	} else if rules.IPsec, err = readPolicies(ctx); err != nil && !noSuchProtocol(err) {
		rules.Unread = append(rules.Unread, because("reading IPsec policies", err))
	}
	for _, l := range f.Links.Value {
		if l.XDP {
			rules.Programs = append(rules.Programs, firewall.Program{Link: l.Index, In: true, Text: "XDP program on " + l.Name})
		}
		if len(rules.Programs) < maxPrograms {
			rules.Programs = append(rules.Programs, linkPrograms(ctx, l)...)
		}
	}
	for _, p := range f.Processes.Value {
		if p.Tomcat {
			rules.Programs = append(rules.Programs, cgroupPrograms(p.PID)...)
		}
	}
	if names, err := slurp(procNet+"arp_tables_names", 4096); err == nil && strings.TrimSpace(names) != "" {
		rules.UnreadARP = append(rules.UnreadARP, fmt.Sprintf("there are tables of the old arptables (%s), which muster does not read", words(names)))
	}
}

const maxPrograms = 256

func noSuchProtocol(err error) bool {
	return errors.Is(err, unix.EPROTONOSUPPORT) || errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EOPNOTSUPP)
}

// readPolicies lists the IPsec policies (linux/xfrm.h).
func readPolicies(ctx context.Context) ([]firewall.Policy, error) {
	const getPolicy, newPolicy = 0x15, 0x13
	const policyID = 64 // struct xfrm_userpolicy_id
	const max = 10000
	var out []firewall.Policy
	err := netlink.Dump(ctx, unix.NETLINK_XFRM, getPolicy, make([]byte, policyID), func(kind uint16, b []byte) error {
		if len(out) >= max {
			return netlink.Stop
		}
		if p, ok := decodePolicy(b); ok && kind == newPolicy {
			out = append(out, p)
		}
		return nil
	})
	return out, err
}

// decodePolicy reads struct xfrm_userpolicy_info: a selector of 56 bytes, life
// times of 96, priority, index, direction, action; then attributes.
func decodePolicy(b []byte) (firewall.Policy, bool) {
	const size, priority, direction = 168, 152, 160
	if len(b) < size || b[direction] > 2 {
		return firewall.Policy{}, false
	}
	n := 4
	if native.Uint16(b[40:]) == unix.AF_INET6 {
		n = 16
	}
	prefix := func(at int, bits byte) netip.Prefix {
		a, _ := netip.AddrFromSlice(b[at : at+n])
		return netip.PrefixFrom(a, min(int(bits), n*8))
	}
	port := func(at int) uint16 {
		if b[at+2]|b[at+3] == 0 { // its mask
			return 0
		}
		return uint16(b[at])<<8 | uint16(b[at+1])
	}
	p := firewall.Policy{Dst: prefix(0, b[42]), Src: prefix(16, b[43]), DstPort: port(32), SrcPort: port(36), Protocol: b[44],
		Link: native.Uint32(b[48:]), Priority: native.Uint32(b[priority:]),
		Dir: []string{"in", "out", "fwd"}[b[direction]], Action: map[bool]string{true: "allow", false: "block"}[b[direction+1] == 0]}
	const templates, mark, ifID = 5, 21, 31
	as := netlink.Attrs(native, b[size:])
	p.Encrypts = len(netlink.Find(as, templates)) > 0
	p.Marked = netlink.Find(as, mark) != nil || netlink.Find(as, ifID) != nil
	return p, true
}

// linkPrograms are the filters of tc at an interface, in the order of its queueing
// discipline clsact or ingress, and the programs attached in tcx.
func linkPrograms(ctx context.Context, l facts.Link) []firewall.Program {
	const clsact, ingress, egress = 0xffff0000, 0xfff2, 0xfff3
	var out []firewall.Program
	for _, at := range []struct {
		parent uint32
		name   string
		attach uint32
	}{{clsact | ingress, "ingress", bpfTCXIngress}, {clsact | egress, "egress", bpfTCXEgress}} {
		seen := map[string]bool{}
		for _, parent := range []uint32{at.parent, clsact}[:map[string]int{"ingress": 2, "egress": 1}[at.name]] {
			req := make([]byte, 20) // struct tcmsg: family, interface, handle, parent, info
			native.PutUint32(req[4:], l.Index)
			native.PutUint32(req[12:], parent)
			_ = netlink.Dump(ctx, unix.NETLINK_ROUTE, unix.RTM_GETTFILTER, req, func(kind uint16, b []byte) error {
				if kind != unix.RTM_NEWTFILTER || len(b) < 20 {
					return nil
				}
				text := fmt.Sprintf("%s filter of tc on %s (%s)", at.name, l.Name, netlink.Text(netlink.Find(netlink.Attrs(native, b[20:]), 1)))
				if !seen[text] {
					seen[text] = true
					out = append(out, firewall.Program{Link: l.Index, In: at.name == "ingress", Out: at.name == "egress", Text: text})
				}
				return nil
			})
		}
		if n := attachedPrograms(int(l.Index), at.attach, 0); n > 0 {
			out = append(out, firewall.Program{Link: l.Index, In: at.name == "ingress", Out: at.name == "egress", Text: fmt.Sprintf("%s eBPF program (tcx) on %s", at.name, l.Name)})
		}
	}
	return out
}

// Attach types of linux/bpf.h.
const (
	bpfCgroupIngress = 0
	bpfCgroupEgress  = 1
	bpfConnect4      = 10
	bpfSendmsg4      = 14
	bpfTCXIngress    = 46
	bpfTCXEgress     = 47
)

// cgroupPrograms are the programs that see the traffic of a process.
func cgroupPrograms(pid int) []firewall.Program {
	text, err := slurp(fmt.Sprintf("/proc/%d/cgroup", pid), 16<<10)
	if err != nil {
		return nil
	}
	path := ""
	for line := range strings.Lines(text) {
		if p, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			path = p
		}
	}
	dir, err := os.Open(filepath.Join("/sys/fs/cgroup", path))
	if err != nil || path == "" {
		return nil
	}
	defer dir.Close()
	const effective = 1 // BPF_F_QUERY_EFFECTIVE: those of the groups above too
	var out []firewall.Program
	for _, at := range []struct {
		kind uint32
		in   bool
		name string
	}{{bpfCgroupIngress, true, "ingress"}, {bpfCgroupEgress, false, "egress"}, {bpfSendmsg4, false, "sendmsg"}, {bpfConnect4, false, "connect"}} {
		if n := attachedPrograms(int(dir.Fd()), at.kind, effective); n > 0 {
			out = append(out, firewall.Program{In: at.in, Out: !at.in, Text: fmt.Sprintf("%s eBPF program of the cgroup %s", at.name, path)})
		}
	}
	return out
}

// attachedPrograms asks the kernel how many eBPF programs are attached to a cgroup
// or an interface; 0 where it does not tell.
func attachedPrograms(target int, kind, flags uint32) int {
	const query = 16 // BPF_PROG_QUERY
	attr := struct {
		target, attach, flags, attachFlags uint32
		ids                                uint64
		count, _                           uint32
		_                                  [32]byte
	}{target: uint32(target), attach: kind, flags: flags}
	ids := make([]uint32, 64)
	attr.ids, attr.count = uint64(uintptr(unsafe.Pointer(&ids[0]))), uint32(len(ids))
	_, _, errno := unix.Syscall(unix.SYS_BPF, query, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	runtime.KeepAlive(ids)
	if errno != 0 && !errors.Is(errno, unix.ENOSPC) {
		return 0
	}
	return int(attr.count)
}
