//go:build !linux && !darwin && !freebsd && !openbsd && !netbsd && !dragonfly && !windows

package routecheck

import "context"

// collectOS knows nothing more of this system than the standard library.
func collectOS(context.Context, *Facts) {}
