// Package hint carries advice beside an error: what the person who reads it can
// do next. Every room may attach hints; the command layer prints each on a line
// of its own that begins with "hint:".
package hint

import "errors"

// Error is an error with advice. Its text is that of the error alone.
type Error struct {
	Err   error
	Hints []string
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Wrap attaches hints to err. It returns nil for a nil err.
func Wrap(err error, hints ...string) error {
	if err == nil {
		return nil
	}
	return &Error{Err: err, Hints: hints}
}

// Of collects the hints attached anywhere in err's tree, outermost first,
// each once.
func Of(err error) []string {
	var out []string
	seen := map[string]bool{}
	walk(err, func(h string) {
		if !seen[h] {
			seen[h] = true
			out = append(out, h)
		}
	})
	return out
}

func walk(err error, visit func(string)) {
	for err != nil {
		if e, ok := err.(*Error); ok {
			for _, h := range e.Hints {
				visit(h)
			}
		}
		if many, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range many.Unwrap() {
				walk(e, visit)
			}
			return
		}
		err = errors.Unwrap(err)
	}
}
