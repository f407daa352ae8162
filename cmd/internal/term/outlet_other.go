//go:build !unix

package term

import "os"

// readiness: where there is no poll, every write is left to the goroutine.
func readiness(*os.File) func(n int) bool {
	return func(int) bool { return false }
}
