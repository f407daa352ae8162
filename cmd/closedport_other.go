//go:build !linux

package cmd

import (
	"context"
	"net/netip"

	"muster/mcast"
	"muster/ping/mesh"
)

// closedPort: the rules of this system's firewall are not read.
func closedPort(context.Context, mcast.Interface, netip.AddrPort, uint16) *mesh.Closed { return nil }
