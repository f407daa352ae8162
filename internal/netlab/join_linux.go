package netlab

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Missing says why no lab can be made here; it is empty where one can.
func Missing() string {
	if unavailable != "" {
		return unavailable
	}
	ns, err := newNamespace("probe", nil)
	if err != nil {
		return err.Error()
	}
	ns.close()
	return ""
}

// HaveIPv6 tells whether the hosts of a lab have IPv6 addresses.
func HaveIPv6() bool { return haveIPv6() }

// Token names the host to a process that the tests start by other means than
// Command; see Join.
func (h *Host) Token() string {
	return fmt.Sprintf("%d/%d/%d/%d", os.Getpid(), h.ns.net.Fd(), h.ns.uts.Fd(), h.ns.mnt.Fd())
}

// Join locks the calling goroutine to its thread and moves that to the host that
// the token names. What the thread starts, and what it opens, is on the host.
func Join(token string) error {
	var pid int
	fds := [3]int{}
	if _, err := fmt.Sscanf(token, "%d/%d/%d/%d", &pid, &fds[0], &fds[1], &fds[2]); err != nil {
		return fmt.Errorf("netlab: %q names no host: %w", token, err)
	}
	for i, fd := range fds {
		var err error
		if fds[i], err = unix.Open(fmt.Sprintf("/proc/%d/fd/%d", pid, fd), unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
			return fmt.Errorf("netlab: the host of %q is gone: %w", token, err)
		}
		defer unix.Close(fds[i])
	}
	runtime.LockOSThread()
	return enter(fds[0], fds[1], fds[2])
}
