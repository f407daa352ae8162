// Package lazyregexp has regular expressions for package variables: each is compiled
// when it is first used, so that commands that never use it start no later for it.
package lazyregexp

import (
	"regexp"
	"sync"
)

// New returns a function that gives the compiled expression, always the same. One that
// cannot be compiled panics at its first use. It is for several goroutines at once.
func New(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
