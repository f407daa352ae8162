//go:build unix

package smoke

import "syscall"

// ownProcessGroup keeps a terminal's Ctrl-C from a node: the driver, which gets it, ends
// its nodes itself, and takes none for dead that was only asked to leave.
func ownProcessGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
