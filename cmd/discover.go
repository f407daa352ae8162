package cmd

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/term"
	"muster/cmd/internal/view"
	"muster/discover"
	"muster/internal/escape"
)

type discoverOptions struct {
	iface string
	wait  time.Duration
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

Exit status 0: somebody was found; 1: nobody; 3: it could not ask.`,
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
	c.Flags().DurationVarP(&o.wait, "wait", "W", 3*time.Second, "how long answers may take")
	interfaceFlag(c, &o.iface)
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
	if err := view.Discovered(a.Out, res.Table, view.DiscoverSummary{Type: "summary", Questions: res.Sent, Interface: escape.Text(i.Name), TookMS: time.Since(begin).Milliseconds()}, a.json); err != nil {
		return err
	}
	if len(res.Table.Clusters()) == 0 {
		return errNo
	}
	return nil
}
