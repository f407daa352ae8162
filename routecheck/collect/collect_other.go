//go:build !linux && !darwin && !freebsd && !openbsd && !netbsd && !dragonfly && !windows

package collect

import (
	"context"

	"muster/routecheck/facts"
)

// collectOS knows nothing more of this system than the standard library.
func collectOS(context.Context, *facts.Facts) {}
