//go:build !unix

package cmd

// keepBrokenPipes: a write to a pipe that nobody reads is an error here already.
func keepBrokenPipes() (undo func()) { return func() {} }

// readerGone reports whether err is that of a pipe that nobody reads; such a
// write is an error like any other here.
func readerGone(error) bool { return false }
