//go:build unix

package cmd

import (
	"os"
	"syscall"
)

// stopSignals end a command in order: it says goodbye and prints its summary.
var stopSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}
