package collect

import (
	"context"
	"muster/routecheck/facts"
	"runtime"
	"time"
)

// Collect reads the facts of this host. What cannot be read is unknown with a
// reason; nothing makes it fail. It takes some tens of milliseconds, longer only
// where the host's name must be asked of a server.
func Facts(ctx context.Context, q facts.Query, program string) *facts.Facts {
	start := time.Now()
	f := &facts.Facts{Version: facts.Version, Program: program, Time: start.UTC(), OS: runtime.GOOS, Arch: runtime.GOARCH, Query: q, Sysctls: map[string]facts.Fact[string]{}}
	names := make(chan facts.Fact[facts.Names], 1)
	go func() { names <- collectNames(ctx) }()
	fill(ctx, f)
	f.Names = <-names
	f.TookMS = time.Since(start).Milliseconds()
	return f
}

// notNil keeps an empty list a list: nothing was found, rather than not read.
func notNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
