package cmd

import (
	"time"

	"github.com/spf13/cobra"

	"muster/internal/expect"
	"muster/mcast"
	"muster/sniff/filter"
)

// sniffOptions are the flags of sniff.
type sniffOptions struct {
	interfaces  []string
	read, write string
	filter      string
	count       uint64
	duration    time.Duration
	expect      string
	strict      bool
	summary     bool
	top         bool
	values      bool
	promiscuous bool
	join        bool
	buffer      int
	dropTime    time.Duration
	keyFile     string
	algorithm   string
	serverXML   string
}

func newSniffCmd(a *app) *cobra.Command {
	o := sniffOptions{}
	c := &cobra.Command{
		Use:   "sniff [GROUP...]",
		Short: "read what is on the wire: members, messages, queriers, and what is wrong",
		Long: `Captures packets, live or from a file (-r), and says what each means: heartbeats
and goodbyes of cluster members on any port, the messages and acks inside their TCP
streams down to sessions and attribute names, IGMP and MLD of every version, and other
protocols of multicast groups by name. --summary shows members, groups, queriers and
receivers instead, and judges them; --top does so on a live screen.

Muster sends nothing. It neither joins a group nor switches an interface to promiscuous
mode unless asked (--join, --promiscuous), because both hide faults: what this host does
not get then is what its programs do not get. Without -i it captures on the interface that
the route to the first group names, or on all where no group is given; -i may be repeated,
and "-i any" is all. Without a group and without --filter a live capture keeps what goes
to groups and what cluster members send each other; a file is read whole. With groups it
keeps what is sent to them, and all IGMP and MLD.

Live capture works on Linux and needs CAP_NET_RAW. Files are pcap or pcapng, also
compressed with gzip, "-" is standard input. -w writes what was kept as pcapng. The
filter language is in docs/filters.md. Values of session attributes are shown with
--values only. With --server-xml silences are judged by the cluster's own drop time.`,
		Example: `  # who is in which cluster, and what is wrong, within a minute
  sudo muster sniff -i eth0 -d 1m --summary

  # the replication of one member, from another tool's capture
  tcpdump -U -i eth0 -w - | muster sniff -r - --filter 'host 10.77.0.11 and tribes'

  # an encrypted cluster's messages as JSON, and the packets kept for later
  muster sniff -r cluster.pcap --encryption-key-file key -w kept.pcapng --json`,
		RunE: func(c *cobra.Command, args []string) error {
			r, err := o.parse(c, a, args)
			if err != nil {
				return err
			}
			return a.runSniff(c.Context(), r)
		},
	}
	f := c.Flags()
	f.StringArrayVarP(&o.interfaces, "interface", "i", nil, "capture on this interface (`name`, index or address), \"any\" for all; may be repeated")
	f.StringVarP(&o.read, "read", "r", "", "read a capture `file` instead of an interface, - for standard input")
	f.StringVarP(&o.write, "write", "w", "", "write the packets kept to a pcapng `file`, - for standard output")
	f.StringVar(&o.filter, "filter", "", "keep packets that this `expression` matches, for example 'tribes and host 10.77.0.11'")
	f.Uint64VarP(&o.count, "count", "c", 0, "end after `N` packets")
	f.DurationVarP(&o.duration, "duration", "d", 0, "end after this `time`")
	f.StringVar(&o.expect, "expect", "", "exit status 1 unless so many members of other hosts, or those hosts (`N|HOST,HOST`), are heard; live without -c and -d, end when they were")
	f.BoolVar(&o.summary, "summary", false, "print members, groups, queriers, receivers and verdicts instead of packets; exit status 1 if one fails")
	f.BoolVar(&o.top, "top", false, "the same as a live screen (sort: n b i l s, quit: q)")
	a.judging(c, &o.strict)
	f.BoolVar(&o.values, "values", false, "show the values of session attributes and the text of messages")
	f.BoolVar(&o.promiscuous, "promiscuous", false, "let the interface pass frames that are not for this host")
	f.BoolVar(&o.join, "join", false, "join the groups, so that snooping switches send their traffic here")
	f.IntVar(&o.buffer, "buffer", 32, "`MiB` that the kernel may hold before it drops packets, 1 to 1024")
	f.DurationVar(&o.dropTime, "drop-time", 3*time.Second, "judge silences by this `time` (Tomcat: dropTime)")
	f.StringVar(&o.serverXML, "server-xml", "", "take the drop time, the receiver's ports and the key from this Tomcat's `FILE`, and tell where the wire differs from its group and frequency; flags that are given go before it")
	f.StringVar(&o.keyFile, "encryption-key-file", "", "a `file` with the encryptionKey, to open what EncryptInterceptor sealed")
	f.StringVar(&o.algorithm, "encryption-algorithm", "", "its encryptionAlgorithm, `CIPHER/MODE/PADDING` (default both of Tomcat's)")
	return c
}

// sniffRun is what a command line asks for, checked.
type sniffRun struct {
	sniffOptions
	groups []mcast.Group
	filter *filter.Filter
	// cluster is what --server-xml tells; nil without it.
	cluster *sniffCluster
	// filterless: the command line names neither groups nor a filter.
	filterless bool
	expected   expect.Expect
	own        localHost // this host, where the capture is live
}

// defaultLiveFilter keeps out what is of no interest in a live capture, above all
// the connection by which somebody looks at it. Receivers that take TLS are often put
// on the hundred ports after the plain ones.
const defaultLiveFilter = "multicast or igmp or mld or tribes or tcp port 4100-4199"

func (o *sniffOptions) parse(c *cobra.Command, a *app, args []string) (*sniffRun, error) {
	r := &sniffRun{sniffOptions: *o, filterless: o.filter == "" && len(args) == 0}
	var err error
	if r.expected, err = parseExpect(c.Context(), o.expect); err != nil {
		return nil, err
	}
	if o.read == "" {
		r.own = ownHost()
	}
	for _, arg := range args {
		g, err := mcast.ParseGroup(arg)
		if err != nil {
			return nil, usagef("%w", err)
		}
		r.groups = append(r.groups, g)
	}
	if err := o.check(c, len(args)); err != nil {
		return nil, err
	}
	if err := r.takeServerXML(c, a); err != nil {
		return nil, err
	}
	expr := o.filter
	if expr == "" && o.read == "" && len(args) == 0 {
		expr = defaultLiveFilter + r.cluster.filterWords()
	}
	f, err := filter.Parse(expr)
	if err != nil {
		return nil, usagef("%w", err)
	}
	if len(r.groups) > 0 {
		f = filter.ForGroups(r.groups).And(f)
	}
	r.filter = f.WithLaterFragments()
	return r, nil
}

func (o *sniffOptions) check(c *cobra.Command, groups int) error {
	live := map[string]bool{"interface": len(o.interfaces) > 0, "promiscuous": o.promiscuous, "join": o.join, "buffer": c.Flags().Changed("buffer")}
	for name, given := range live {
		if given && o.read != "" {
			return usagef("--%s is for live captures, not for --read", name)
		}
	}
	switch {
	case o.summary && o.top:
		return usagef("--summary and --top exclude each other")
	case o.top && o.write == "-":
		return usagef("--top needs the standard output that --write - takes")
	case o.join && groups == 0:
		return usagef("--join needs a GROUP to join")
	case o.buffer < 1 || o.buffer > 1024:
		return usagef("--buffer %d: say 1 to 1024 MiB", o.buffer)
	case o.dropTime <= 0:
		return usagef("--drop-time %v: say a time longer than 0, such as 3s", o.dropTime)
	case o.algorithm != "" && o.keyFile == "" && o.serverXML == "":
		return usagef("--encryption-algorithm needs --encryption-key-file")
	}
	return positive(c, "duration", o.duration)
}
