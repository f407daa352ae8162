package mcast

import (
	"fmt"
	"net/netip"
	"strings"

	"muster/internal/hint"
	"muster/internal/portowner"
)

// inUseError tells who has the port of bind, where this user may see it.
func inUseError(err error, bind netip.AddrPort) error {
	err = fmt.Errorf("bind %s: %w", bind, err)
	owners := portowner.Of("udp", bind.Port())
	if len(owners) == 0 {
		return hint.Wrap(err, fmt.Sprintf("a process that does not share the port has it; as root, ss -uanp 'sport = :%d' tells which", bind.Port()))
	}
	return hint.Wrap(fmt.Errorf("%w by %s, which does not share the port", err, strings.Join(owners, " and ")),
		"stop it, or choose another port")
}
