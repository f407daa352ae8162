package cmd

import (
	"context"
	"errors"
	"fmt"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/internal/hint"
)

// Exit statuses, as the table in docs/cli.md has them.
const (
	exitOK          = 0   // yes: it works, or what was asked for was found
	exitNo          = 1   // no: a check failed, or too few answered
	exitUsage       = 2   // the command line is wrong
	exitUnknown     = 3   // could not tell: permission, interface, system, nothing seen
	exitInterrupted = 130 // stopped before a verdict
)

// errNo is a negative verdict that the command has already told on stdout.
var errNo = errors.New("negative verdict")

// errInterrupted is a stop by signal before there was a verdict.
var errInterrupted = errors.New("interrupted")

// usageError is a mistake on the command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// exitStatus is the one switch from errors to exit statuses. What is neither a
// verdict nor a wrong command line means that muster could not tell.
func exitStatus(err error) int {
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errNo):
		return exitNo
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitUnknown
}

// report tells err on stderr, one sentence and its hints. A verdict has been
// told already.
func report(s *term.Streams, err error) {
	if err == nil || errors.Is(err, errNo) {
		return
	}
	if err == context.Canceled { // wrapped, it says what was interrupted
		err = errInterrupted
	}
	fmt.Fprintf(s.Err, "muster: %s\n", escape.Text(err.Error()))
	for _, h := range hint.Of(err) {
		fmt.Fprintf(s.Err, "hint: %s\n", escape.Text(h))
	}
}
