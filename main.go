// Muster tells whether multicast and a Tomcat-style cluster work on this node
// and between these nodes, and if not, why, and which command fixes it.
package main

import (
	"os"

	"muster/cmd"
)

func main() {
	os.Exit(cmd.Main(os.Args[1:]))
}
