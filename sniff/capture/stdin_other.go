//go:build !unix

package capture

import "os"

// Stdin reads a capture from f. A read that waits ends with the next bytes or
// with the other program.
func Stdin(f *os.File) (Source, error) { return NewReader(f) }
