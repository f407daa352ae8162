package collect

import (
	"context"

	"golang.org/x/sys/unix"

	"muster/internal/netlink"
	"muster/routecheck/facts"
)

// kernelTable is one of rtnetlink's: what to ask for, and which answers hold an
// entry.
type kernelTable struct {
	from   string // "netlink RTM_GETLINK"
	what   string // in the words of an error: "interfaces"
	get    uint16
	answer uint16
	header []byte // of the request; the answers begin with one of its size
	max    int
}

// entries reads a table, up to its limit; f says so where there is more. entry decodes
// one answer, false for one that is not wanted.
func entries[T any](ctx context.Context, f *facts.Facts, t kernelTable, entry func(b []byte) (T, bool)) facts.Fact[[]T] {
	out := []T{}
	err := netlink.Dump(ctx, unix.NETLINK_ROUTE, t.get, t.header, func(kind uint16, b []byte) error {
		if kind != t.answer || len(b) < len(t.header) {
			return nil
		}
		x, ok := entry(b)
		switch {
		case !ok:
			return nil
		case len(out) >= t.max:
			f.Omit("%s: there are more than %d, and muster looked at so many", t.what, t.max)
			return netlink.Stop
		}
		out = append(out, x)
		return nil
	})
	if err != nil {
		return facts.Unread[[]T](t.from, because("listing "+t.what, err))
	}
	return facts.Read(out, t.from)
}
