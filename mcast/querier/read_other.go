//go:build !linux

package querier

import (
	"errors"
	"runtime"
)

// readMemberships reads the groups joined on all interfaces, on Linux only.
func readMemberships() ([]Membership, error) {
	return nil, errors.New("muster reads the memberships of a host on Linux only, not on " + runtime.GOOS)
}

// mLDQueries tells nothing on this system.
func mLDQueries(string) (n uint64, ok bool) { return 0, false }

// Forced tells nothing on this system.
func Forced(string, bool) uint8 { return 0 }

// Snoops: this system does not tell.
func Snoops(string) bool { return false }
