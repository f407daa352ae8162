//go:build !unix && !windows

package smoke

import "syscall"

// ownProcessGroup: this system has none.
func ownProcessGroup() *syscall.SysProcAttr { return nil }
