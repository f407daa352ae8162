package cmd

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"muster/cmd/internal/term"
	"muster/internal/verdict"
	"muster/tribes/replication"
)

type sessionsOptions struct {
	cluster    clusterFlags
	watchOnly  bool
	read       string
	values     bool
	fetch      bool
	fetchEvery time.Duration
	duration   time.Duration
	expect     int
	strict     bool
}

func newTribesSessionsCmd(a *app) *cobra.Command {
	o := sessionsOptions{}
	c := &cobra.Command{
		Use:   "sessions",
		Short: "a live view of session replication: created, changed, moved, expired",
		Long: `Shows what the nodes of a cluster tell each other about their sessions: created, changed
(names, classes and sizes of attributes; values with --values), accessed, expired, renamed,
moved to another node, state asked for and sent, each with how long it took to get here. At
the end, and on a terminal all the time below the list: the sessions by context, who has
them, and what is wrong with their replication.

It joins as a guest (see 'muster tribes join'): every Tomcat with a DeltaManager sends it
what it sends the others. It keeps no session for anybody, acks at once what asks for an
ack however slow its screen is, answers a starting Tomcat that there is nothing to get, and
announces so small an alive time that a Tomcat is asked before it. Sessions made before it
came are shown from their next change on; --fetch asks every member for all of them, as a
starting Tomcat does, and finds those that are on one node only.

BackupManager sends a session to one backup node, never to a guest. --watch-only joins
nothing and reads the traffic between the others from the wire (CAP_NET_RAW, where it
passes: on a node of the cluster, or a mirror port), or from a capture file with --read; it
shows both managers. No privilege is needed to join.

It runs until Ctrl-C; -d ends it after a time, --expect alone when that many sessions are
there. Exit status 1: with a bound, a finding is a failure (or with --strict a warning) or
fewer sessions than --expect were there.`,
		Example: `  # what the Tomcats of this network replicate, with Tomcat's defaults
  muster tribes sessions
  # a script: are the sessions on every node? ask them all, and again after half a minute
  muster tribes sessions --fetch --fetch-every 30s -d 40s --json
  # what a capture shows, values included
  muster tribes sessions --read cluster.pcap --values`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.runTribesSessions(c, o) },
	}
	o.cluster.join(c)
	f := c.Flags()
	f.BoolVar(&o.watchOnly, "watch-only", false, "do not join: read the traffic from the wire, or from --read")
	f.StringVarP(&o.read, "read", "r", "", "read a capture `file`, - for standard input; it joins nothing")
	f.BoolVar(&o.values, "values", false, "show the values of attributes")
	f.BoolVar(&o.fetch, "fetch", false, "ask each member for all its sessions when it is there; it sends them once")
	f.DurationVar(&o.fetchEvery, "fetch-every", 0, "with --fetch: ask again each `time`")
	f.DurationVarP(&o.duration, "duration", "d", 0, "end after this `time`")
	f.IntVar(&o.expect, "expect", 0, "exit status 1 with fewer than `N` sessions at one time; without -d, end when they are there")
	a.judging(c, &o.strict)
	return c
}

// leastFetch keeps a typing error from loading a cluster.
const leastFetch = 5 * time.Second

func (o *sessionsOptions) check(c *cobra.Command) error {
	changed := c.Flags().Changed
	o.watchOnly = o.watchOnly || o.read != ""
	switch {
	case changed("expect") && o.expect < 1:
		return usagef("--expect %d: say 1 or more", o.expect)
	case o.watchOnly && o.fetch:
		return usagef("--fetch asks members, --watch-only sends nothing: give one of them")
	case changed("fetch-every") && !o.fetch:
		return usagef("--fetch-every goes with --fetch")
	case changed("fetch-every") && o.fetchEvery < leastFetch:
		return usagef("--fetch-every %v: say %v or more; each time every member sends all its sessions", o.fetchEvery, leastFetch)
	}
	return positive(c, "duration", o.duration)
}

func (a *app) runTribesSessions(c *cobra.Command, o sessionsOptions) error {
	if err := o.check(c); err != nil {
		return err
	}
	if none, err := o.cluster.withoutGroup(a); err != nil {
		return err
	} else if none && !o.watchOnly && !o.fetch {
		a.note("the members in %s find each other without multicast, so that no guest can join them: the traffic of this host is read (--watch-only)", o.cluster.serverXML)
		o.watchOnly = true
	}
	o.cluster.groupless = o.watchOnly
	cfg, err := o.cluster.memberConfig(a)
	if err != nil {
		return err
	}
	defer keepBrokenPipes()()
	w := a.newSessions(&o, cfg.DropTime)
	if o.watchOnly {
		err = w.watch(c)
	} else {
		err = w.join(c, cfg)
	}
	if err != nil {
		return err
	}
	return w.verdict(stopped(c.Context()))
}

// sessionsSummary is the last JSON line.
type sessionsSummary struct {
	Type       string `json:"type"`
	OK         bool   `json:"ok"`
	Sessions   int    `json:"sessions"` // at the end
	Most       int    `json:"most"`     // at one time
	Expected   int    `json:"expected"`
	Messages   uint64 `json:"messages"` // about sessions, each once
	Copies     uint64 `json:"copies"`   // of them for further receivers
	Unreadable uint64 `json:"unreadable"`
	Encrypted  uint64 `json:"encrypted"` // that no key opened
	Acks       uint64 `json:"acks"`
	FailAcks   uint64 `json:"fail_acks"`
	Answers    uint64 `json:"answers"` // of ours, to starting Tomcats
	Dropped    uint64 `json:"dropped"` // sessions, contexts and nodes without room
	Missed     uint64 `json:"missed"`  // messages that came faster than they were read
	Skipped    uint64 `json:"skipped"` // lines that the reader was too slow for
	verdict.Summary
	Notes  []string `json:"notes,omitempty"`
	TookMS int64    `json:"took_ms"`
}

// verdict makes of what was seen the exit status.
func (w *sessions) verdict(interrupted bool) error {
	bound := w.o.duration > 0 || w.o.expect > 0 || w.o.read != ""
	switch {
	case w.o.expect > 0 && w.peak < w.o.expect:
		if interrupted && !w.ended {
			return errInterrupted
		}
		return errNo
	case bound && interrupted && !w.ended && (w.o.expect == 0 || w.peak < w.o.expect):
		return errInterrupted
	case !w.ok:
		if bound || w.o.strict {
			return errNo
		}
	}
	return nil
}

// notes are what a person must know to read the rest rightly.
func (w *sessions) notes() (notes []string) {
	guest := !w.o.watchOnly
	for _, c := range w.view.Contexts() {
		if guest && c.Manager == replication.Backup {
			notes = append(notes, fmt.Sprintf("the sessions of %q are in a replicated map (BackupManager), which sends a guest none of them: --watch-only on one of its nodes shows them", c.Name))
		}
	}
	n := w.view.Counts
	if n.Sealed > 0 {
		notes = append(notes, fmt.Sprintf("%s encrypted: --encryption-key-file opens them", term.Count(n.Sealed, "message")))
	}
	if w.missed > 0 {
		notes = append(notes, fmt.Sprintf("%s came faster than they could be read, and are not counted here; each was acked", term.Count(w.missed, "message")))
	}
	if n.Dropped > 0 {
		notes = append(notes, fmt.Sprintf("there was no room for %s more sessions, contexts or nodes: they are shown as they come, and not listed", fmt.Sprint(n.Dropped)))
	}
	return notes
}
