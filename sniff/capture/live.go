package capture

import (
	"net/netip"

	"golang.org/x/net/bpf"
)

// LiveOptions say what to capture on this host.
type LiveOptions struct {
	// Interfaces are the names of those to capture on; none means all of them,
	// also ones that come later.
	Interfaces []string
	// Program is the kernel's filter, made for filter.LinuxLayout; none keeps all.
	Program []bpf.Instruction
	// Promiscuous asks the interfaces for frames that are not for this host. It is
	// off by default, since it hides what the host would not get without it.
	Promiscuous bool
	// Groups are let through by the interfaces' own address filters although this
	// host has not joined them; nobody is told.
	Groups []netip.Addr
	// Ring is the memory in bytes that the kernel may fill before packets are
	// dropped; 32 MiB where it is zero.
	Ring int
}

const defaultRing = 32 << 20
