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
	// Tomcats mostly wait: three tests at a time, however few the processors; the whole
	// matrix two, beside whatever else runs for that long.
	flag.Parse()
	at := "3"
	if *whole {
		at = "2"
	}
	if err := flag.Set("test.parallel", at); err != nil {
		panic(err)
	}
	testscript.Main(netlab.Wrap(m), map[string]func(){
		"muster":    func() { os.Exit(cmd.Main(os.Args[1:])) },
		"mapnode":   mapNode,
		"statenode": stateNode,
	})
}
