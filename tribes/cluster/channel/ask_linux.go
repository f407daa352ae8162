package channel

import "golang.org/x/sys/unix"

// yield lets another thread have this one's processor, the peer's where it runs on
// this host.
func yield() { _, _, _ = unix.Syscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }

func writev(fd int, parts [][]byte) (int, error) { return unix.Writev(fd, parts) }
