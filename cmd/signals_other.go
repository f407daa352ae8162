//go:build !unix

package cmd

import "os"

// stopSignals end a command in order: it says goodbye and prints its summary.
var stopSignals = []os.Signal{os.Interrupt}
