//go:build !unix

package netlab

import "syscall"

// Never sent: there is no lab on this OS.
const (
	sigstop = syscall.SIGTERM
	sigcont = syscall.SIGTERM
)
