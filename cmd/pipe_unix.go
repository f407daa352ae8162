//go:build unix

package cmd

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// keepBrokenPipes makes a write to a pipe that nobody reads any more an error
// instead of the end of the process, so that a member can say goodbye. The
// function it returns undoes that.
func keepBrokenPipes() (undo func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGPIPE)
	return func() { signal.Stop(c) }
}

// readerGone reports whether err is that of a pipe that nobody reads.
func readerGone(err error) bool { return errors.Is(err, syscall.EPIPE) }
