//go:build unix

package term

import (
	"os"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// pipeAtOnce is what a pipe that poll calls writable takes without blocking
// (PIPE_BUF of Linux; POSIX promises 512); terminalAtOnce is the same of a
// terminal (WAKEUP_CHARS of Linux).
const (
	pipeAtOnce     = 4096
	terminalAtOnce = 256
)

// readiness tells for f whether a write of n bytes would block. A file or a
// device without a reader never does.
func readiness(f *os.File) func(n int) bool {
	fd := f.Fd()
	most := pipeAtOnce
	switch info, err := f.Stat(); {
	case err != nil:
		return func(int) bool { return true } // the write will tell
	case term.IsTerminal(int(fd)):
		most = terminalAtOnce
	case info.Mode()&(os.ModeNamedPipe|os.ModeSocket) == 0:
		return func(int) bool { return true }
	}
	return func(n int) bool {
		if n > most {
			return false
		}
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
		k, err := unix.Poll(p, 0)
		return err == nil && k == 1
	}
}
