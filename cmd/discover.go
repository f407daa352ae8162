package cmd

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/term"
	"muster/cmd/internal/view"
	"muster/discover"
	"muster/internal/escape"
)

type discoverOptions struct {
	iface  string
	wait   time.Duration
	expect string
	strict bool
}

func newDiscoverCmd(a *app) *cobra.Command {
	o := discoverOptions{}
	c := &cobra.Command{
		Use:   "discover",
		Short: "ask other products once who is there: Jini, mDNS, SSDP, WS-Discovery, JGroups",
		Long: `Asks the discovery protocols of other products, each once, and lists who answered within
--wait: the lookup services of Jini with their groups, who looks for one and in which
groups, what mDNS, SSDP and WS-Discovery offer, members of JGroups. It joins no cluster,
elects nobody, changes nothing.

It sends these datagrams, and no other:

` + questionsHelp() + `

No question is asked of Hazelcast, Ehcache, ActiveMQ and of JGroups' clusters themselves,
because a member would take the sender for another one: muster joins their default groups,
which makes the kernel send membership reports (IGMP), and lists who speaks there meanwhile.
Lookup services answer Jini's request by a TCP connection to a port that is open for this
time; a firewall here may have to let it in. No privilege is needed. IPv4 only.

Exit status 0: somebody was found; 1: nobody, or not those of --expect; 3: it could not ask.`,
		Example: `  # what else is on this network
  muster discover

  # on one interface, with more time, for a script
  muster discover -i eth1 --wait 10s --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := positive(c, "wait", o.wait); err != nil {
				return err
			}
			return a.runDiscover(c, o)
		},
	}
	c.Flags().DurationVarP(&o.wait, "wait", "W", 3*time.Second, "the `time` answers may take")
	c.Flags().StringVar(&o.expect, "expect", "", "exit status 1 unless so many other hosts, or these (`N|HOST,HOST`), are found")
	interfaceFlag(c, &o.iface)
	a.judging(c, &o.strict)
	return c
}

// questionsHelp lists what is sent, a line each.
func questionsHelp() string {
	var b strings.Builder
	for _, q := range discover.Questions() {
		fmt.Fprintf(&b, "  %-13s %s, TTL %d: %s\n", q.Name, q.To, q.TTL, term.Wrap(q.What, 70, strings.Repeat(" ", 16)))
	}
	return strings.TrimRight(b.String(), "\n")
}

func (a *app) runDiscover(c *cobra.Command, o discoverOptions) error {
	expected, err := parseExpect(c.Context(), o.expect)
	if err != nil {
		return err
	}
	i, err := a.findInterface(o.iface, discover.Questions()[0].To.Addr())
	if err != nil {
		return err
	}
	if !a.quiet {
		fmt.Fprintf(a.Err, "asking on %s, answers for %s\n", escape.Text(i.String()), term.Seconds(o.wait))
	}
	sent := func(q discover.Question, err error) {
		if err != nil {
			a.note("%s was not asked: %v", q.Name, err)
		}
	}
	begin := time.Now()
	res, err := discover.Run(c.Context(), discover.Options{Interface: i, Wait: o.wait, Sent: sent})
	if err != nil {
		return err
	}
	own, found := ownHost(), map[netip.Addr]bool{}
	for _, cluster := range res.Table.Clusters() {
		for _, m := range cluster.Members {
			if at := m.Source(); at.IsValid() && !own.has(at) {
				found[at] = true
			}
		}
	}
	others := slices.SortedFunc(maps.Keys(found), netip.Addr.Compare)
	verdicts, met := res.Table.Unmet(), own.met(expected, others)
	a.judged(verdicts)
	if err := view.Discovered(a.Out, view.Discovery{
		Table: res.Table, Verdicts: verdicts, Own: own.has, Questions: res.Sent, Interface: i, Took: time.Since(begin),
		Expected: own.others(expected).Wanted(), Seen: len(others), Missing: own.missing(expected, others), Met: met,
	}, a.json); err != nil {
		return err
	}
	switch {
	case c.Context().Err() != nil && !(expected.Given() && met):
		return errInterrupted
	case !met, len(res.Table.Clusters()) == 0, o.strict && len(verdicts) > 0:
		return errNo
	}
	return nil
}
