package cmd

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"muster/cmd/internal/view"
	"muster/internal/escape"
	"muster/mcast"
	"muster/ping"
)

// runRespond answers until Ctrl-C, or for the duration asked for.
func (a *app) runRespond(c *cobra.Command, o pingOptions, args []string) error {
	for _, other := range []string{"udp", "both", "expect", "count", "ttl", "size", "spread", "interval", "wait", "no-loop", "dont-fragment"} {
		if c.Flags().Changed(other) {
			return usagef("--respond only answers; --%s does not go with it", other)
		}
	}
	if err := positive(c, "duration", o.duration); err != nil {
		return err
	}
	groups, err := pingGroups(args, ping.DefaultPort)
	if err != nil {
		return err
	}
	i, err := a.findInterface(o.iface, groups[0].Addr)
	if err != nil {
		return err
	}
	return a.respond(c.Context(), o, groups, i)
}

func (a *app) respond(ctx context.Context, o pingOptions, groups []mcast.Group, i mcast.Interface) error {
	s, err := ping.ListenToRespond(groups, i, a.tell)
	if err != nil {
		return err
	}
	r := ping.NewResponder(s.Unicast)
	show := view.NewRespond(a.Out, a.json)
	r.Asked = func(from netip.Addr) { show.Asked(from) }
	if !a.quiet {
		fmt.Fprintf(a.Err, "answering muster's echo on %s\n", groups[0])
	}
	if c := closedPort(ctx, i, groups[0].AddrPort(), tomcatPort); c != nil {
		a.note("this host's own firewall drops UDP port %d, so that nobody is answered: %s; to open it: %s", groups[0].Port, escape.Text(c.Rule), strings.Join(c.Fix, "; "))
	}
	end := ctx
	if o.duration > 0 {
		var cancel context.CancelFunc
		end, cancel = context.WithTimeout(ctx, o.duration)
		defer cancel()
	}
	if err := r.Run(end, s.Group, s.Unicast); err != nil {
		return err
	}
	if err := show.Summary(groups, i, r.Counts()); err != nil {
		return err
	}
	if o.duration > 0 && ctx.Err() != nil {
		return errInterrupted
	}
	return nil
}
