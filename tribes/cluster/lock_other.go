//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package cluster

import (
	"fmt"
	"os"
	"runtime"
)

// lock cannot take a file for this process alone here.
func lock(f *os.File) error {
	return fmt.Errorf("lock %s: muster has no file locks on %s", f.Name(), runtime.GOOS)
}
