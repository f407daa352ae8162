// Package interop tests muster against its peers: real Tomcats, and members made
// of Tomcat's own jars. See internal/netlab/tomcat for what they need.
package interop

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"muster/cmd"
	"muster/internal/netlab"
)

// TestMain lets a host run the real program: Host.Command(ctx, "muster", ...).
func TestMain(m *testing.M) {
	testscript.Main(netlab.Wrap(m), map[string]func(){
		"muster":  func() { os.Exit(cmd.Main(os.Args[1:])) },
		"mapnode": mapNode,
	})
}
