// Package interop tests muster against its peers: real Tomcats, and members made
// of Tomcat's own jars. See internal/netlab/tomcat for what they need.
package interop

import (
	"flag"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"muster/cmd"
	"muster/internal/netlab"
)

// TestMain lets a host run the real program: Host.Command(ctx, "muster", ...).
func TestMain(m *testing.M) {
	// Tomcats mostly wait: three tests at a time, however few the processors.
	if err := flag.Set("test.parallel", "3"); err != nil {
		panic(err)
	}
	testscript.Main(netlab.Wrap(m), map[string]func(){
		"muster":  func() { os.Exit(cmd.Main(os.Args[1:])) },
		"mapnode": mapNode,
	})
}
