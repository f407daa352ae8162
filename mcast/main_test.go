package mcast

import (
	"testing"

	"muster/internal/netlab"
)

// The tests run in namespaces of their own: those of the loopback see nothing
// of the machine, the others make labs.
func TestMain(m *testing.M) { netlab.Main(m) }
