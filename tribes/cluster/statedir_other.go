//go:build !unix || darwin

package cluster

import (
	"os"
	"path/filepath"
	"runtime"
)

// stateDir is where this system keeps what a program remembers for a user:
// %LocalAppData% on Windows, ~/Library/Application Support on macOS.
func stateDir() (string, error) {
	base, err := os.UserConfigDir()
	if runtime.GOOS == "windows" {
		base, err = os.UserCacheDir() // which is %LocalAppData%: ids stay on the machine
	}
	if err != nil {
		return "", err
	}
	return filepath.Join(base, "muster"), nil
}
