//go:build !windows

package channel

import "syscall"

// What the system calls the ways in which a connection or a port fails.
const (
	errRefused = syscall.ECONNREFUSED
	errInUse   = syscall.EADDRINUSE
)

var errUnreachable = []error{syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN}
