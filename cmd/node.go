package cmd

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/term"
	"muster/internal/escape"
	"muster/internal/expect"
	"muster/mcast"
)

type nodeOptions struct {
	message  string
	group    string
	port     uint16
	iface    string
	ttl      int
	count    int
	duration time.Duration
	expect   string

	own      localHost
	expected expect.Expect // of expect
}

func newNodeCmd(a *app) *cobra.Command {
	o := nodeOptions{}
	c := &cobra.Command{
		Use:   "node [MESSAGE]",
		Short: "the book's MulticastNode: joins, says one thing, prints all it hears",
		Long: `Joins a multicast group, sends MESSAGE to it once, and prints everything that
arrives there, its own message included. Start it on two nodes: when each prints
the other's message, multicast works between them in both directions. MESSAGE is
the host's name when left out.

The datagrams are ordinary UDP and need no privilege. The node runs until Ctrl-C,
or until --count, --duration or --expect ends it.`,
		Example: `  # on the first node, then on the second
  muster node NodeOne
  muster node NodeTwo
  # on another group, by a certain interface
  muster node --group 239.1.1.1 --port 5000 -i eth1 NodeOne
  # a script: succeed when two messages came within ten seconds
  muster node -c 2 -d 10s NodeOne`,
		Args: rangeArgs(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			for _, arg := range args {
				o.message = arg
			}
			return a.runNode(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.group, "group", mcast.NodeGroup.String(), "`GROUP` to join")
	f.Uint16Var(&o.port, "port", mcast.NodePort, "UDP `port`, where the group names none")
	interfaceFlag(c, &o.iface)
	f.IntVar(&o.ttl, "ttl", 1, "how many `routers` the message may pass, plus one (0 to 255)")
	f.IntVarP(&o.count, "count", "c", 0, "end after `N` messages were received, 0 never")
	f.DurationVarP(&o.duration, "duration", "d", 0, "end after this `time`")
	f.StringVar(&o.expect, "expect", "", "exit status 1 unless messages of so many other hosts, or of these hosts (`N|HOST,HOST`), come; without -c and -d, end when they did")
	return c
}

// mostHeard bounds how many other hosts are told apart.
const mostHeard = 10_000

// nodeLine is what --json prints for each message.
type nodeLine struct {
	Type        string    `json:"type"` // sent, received
	Time        time.Time `json:"time"`
	Message     string    `json:"message"`
	Source      string    `json:"source,omitempty"`
	Own         bool      `json:"own,omitempty"` // it came from this host
	Destination string    `json:"destination"`
	TTL         *int      `json:"ttl,omitempty"`
}

type nodeSummary struct {
	Type      string   `json:"type"`
	Group     string   `json:"group"`
	Interface string   `json:"interface"`
	Sent      int      `json:"sent"`
	Received  int      `json:"received"`
	Expected  int      `json:"expected"`
	Seen      int      `json:"seen"`    // other hosts that a message came from
	Missing   []string `json:"missing"` // expected by name, and nothing came from them
}

func (a *app) runNode(c *cobra.Command, o nodeOptions) error {
	groups, err := parseGroups([]string{o.group}, o.port)
	if err != nil {
		return err
	}
	switch {
	case groups[0].Count > 1 || groups[0].Port == 0:
		return usagef("--group %s --port %d: a node has one group and one port", o.group, o.port)
	case o.ttl < 0 || o.ttl > 255:
		return usagef("--ttl %d: say 0 to 255", o.ttl)
	case o.count < 0:
		return usagef("--count %d: say 1 or more", o.count)
	}
	if err := positive(c, "duration", o.duration); err != nil {
		return err
	}
	if o.message == "" {
		if o.message, err = os.Hostname(); err != nil {
			return fmt.Errorf("the message: ask the system for the host's name: %w", err)
		}
	}
	if o.expected, err = parseExpect(c.Context(), o.expect); err != nil {
		return err
	}
	o.own = ownHost()
	i, err := a.findInterface(o.iface, groups[0].Addr)
	if err != nil {
		return err
	}
	node, err := mcast.OpenNode(mcast.Config{Interface: i, Groups: groups, TTL: o.ttl})
	if err != nil {
		return err
	}
	defer node.Close()
	a.tellLacks(node.Conn)
	return a.talk(c.Context(), node, groups[0], o)
}

// talk says the message and prints what is heard until its end.
func (a *app) talk(ctx context.Context, node *mcast.Node, g mcast.Group, o nodeOptions) error {
	lines := term.NewLines(a.Out)
	destination := g.AddrPort().String()
	if a.json {
		lines.Write(nodeLine{Type: "sent", Time: time.Now(), Message: o.message, Destination: destination})
	} else {
		fmt.Fprintf(a.Out, "Sending message: %s\n", escape.Text(o.message))
	}
	if err := node.Say(o.message); err != nil {
		return err
	}
	bounded := ctx
	if o.duration > 0 {
		var cancel context.CancelFunc
		bounded, cancel = context.WithTimeout(ctx, o.duration)
		defer cancel()
	}
	received := 0
	var others []netip.Addr
	alone := o.expected.Given() && o.count == 0 && o.duration == 0
	err := node.Hear(bounded, func(d mcast.Datagram) bool {
		received++
		text, from, own := escape.Bytes(d.Payload), d.Source.Addr(), o.own.has(d.Source.Addr())
		if !own && !slices.Contains(others, from) && len(others) < mostHeard {
			others = append(others, from)
		}
		if a.json {
			lines.Write(nodeLine{Type: "received", Time: d.Time, Message: text, Source: d.Source.String(), Own: own, Destination: destination, TTL: &d.TTL})
		} else {
			mark := ""
			if own {
				mark = " (this host)"
			}
			fmt.Fprintf(a.Out, "Received: %s from %s%s\n", text, escape.Text(d.Source.String()), mark)
		}
		return (o.count == 0 || received < o.count) && !(alone && o.own.met(o.expected, others))
	})
	if a.json {
		lines.Write(nodeSummary{
			"summary", destination, node.Interface().Name, 1, received,
			o.own.others(o.expected).Wanted(), len(others), o.own.missing(o.expected, others),
		})
	}
	met, given := o.own.met(o.expected, others), o.expected.Given()
	switch {
	case err != nil:
		return err
	case o.count == 0 && o.duration == 0 && !given:
		return nil
	case ctx.Err() != nil && (o.count == 0 || received < o.count) && !(given && met):
		return errInterrupted
	case !met, received < o.count:
		return errNo
	}
	return nil
}
