package channel

import "golang.org/x/sys/windows"

// What the system calls the ways in which a connection or a port fails.
const (
	errRefused = windows.WSAECONNREFUSED
	errInUse   = windows.WSAEADDRINUSE
)

var errUnreachable = []error{windows.WSAEHOSTUNREACH, windows.WSAENETUNREACH, windows.WSAENETDOWN, windows.WSAEHOSTDOWN}
