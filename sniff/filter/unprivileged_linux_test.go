package filter

import (
	"os/exec"
	"syscall"
)

// unprivileged runs a command as an ordinary user of a namespace of its own:
// tcpdump as root gives up its rights first, and may not in netlab's namespaces.
func unprivileged(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: syscall.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, HostID: syscall.Getgid(), Size: 1}},
	}
}
