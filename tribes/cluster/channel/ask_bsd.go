//go:build unix && !linux

package channel

import "runtime"

// yield lets another goroutine have this one's processor.
func yield() { runtime.Gosched() }

// writev writes nothing: x/sys has not got it for all of these systems.
func writev(int, [][]byte) (int, error) { return 0, nil }
