package routecheck

import (
	"context"
	"runtime"
	"time"
)

// Collect reads the facts of this host. What cannot be read is unknown with a
// reason; nothing makes it fail. It takes some tens of milliseconds, longer only
// where the host's name must be asked of a server.
func Collect(ctx context.Context, q Query, program string) *Facts {
	start := time.Now()
	f := &Facts{Version: Version, Program: program, Time: start.UTC(), OS: runtime.GOOS, Arch: runtime.GOARCH, Query: q, Sysctls: map[string]Fact[string]{}}
	names := make(chan Fact[Names], 1)
	go func() { names <- collectNames(ctx) }()
	collect(ctx, f)
	f.Names = <-names
	f.TookMS = time.Since(start).Milliseconds()
	return f
}
