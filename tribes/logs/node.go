package logs

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"muster/internal/lazyregexp"
)

// Node is one Tomcat whose log was read.
type Node struct {
	// Name is what it is called: as it was given, by the container's runtime, or
	// after its file.
	Name string
	// Addr is the address of its receiver; not valid where nothing tells it.
	Addr netip.AddrPort
	// AddrGuessed: no line says it; it follows from whom the others saw.
	AddrGuessed bool
	Release     string
	Files       []string
	// First and Last are the times of the first and the last line, on the clock of
	// the timeline.
	First, Last time.Time
	// Offset is by how much its clock is ahead of the first node's, OffsetKnown
	// whether anything tells it. Shifted says that its times were moved by it.
	Offset      time.Duration
	OffsetKnown bool
	Shifted     bool
	// Frequency is the time between heartbeats that it was started with, 0 where
	// the log does not tell.
	Frequency time.Duration
	// Lives are its runs.
	Lives []Life

	events []*Event
	addrs  map[netip.AddrPort]bool // that its receiver had
	coarse bool                    // its times are whole seconds
	agreed int                     // how many lines agree on Offset
}

// Life is one run of a node, from its start to its stop.
type Life struct {
	Start time.Time // the cluster is about to start
	// Membership is when its heartbeats began to count: their alive times are from here.
	Membership time.Time
	Up         time.Time // the server is up
	Stop       time.Time // an orderly stop began; zero where none is told
	Addr       netip.AddrPort
	Failed     bool // the start failed
	listening  bool
}

// has reports whether the node is the one at that address.
func (n *Node) has(m Member) bool {
	if !m.Addr.IsValid() {
		return false
	}
	return n.Addr == m.Addr || n.addrs[m.Addr]
}

// live reads the lives out of the events, and what they say of the node itself.
func (n *Node) live() {
	n.Lives, n.addrs = nil, map[netip.AddrPort]bool{}
	var l *Life
	open := func(t time.Time) *Life {
		n.Lives = append(n.Lives, Life{Start: t})
		return &n.Lives[len(n.Lives)-1]
	}
	for i := range n.events {
		e := n.events[i]
		switch e.Kind {
		case Starting:
			l = open(e.Time)
			continue
		case Release:
			n.Release = e.Detail
			continue
		case Bound, Listening, Waiting, Started, StartFailed, Stopping:
		default:
			continue
		}
		if l == nil || !l.Stop.IsZero() && e.Kind == Bound {
			l = open(e.Time)
		}
		switch e.Kind {
		case Bound:
			l.Addr, n.Addr = e.Member.Addr, e.Member.Addr
			n.addrs[n.Addr] = true
		case Listening:
			if l.Membership.IsZero() {
				l.Membership = e.Time
			}
			l.listening = true
		case Waiting:
			wait := milliseconds(e.Detail)
			old := e.Key == "mcastService.sleepingFor0Secs"
			if l.Membership.IsZero() {
				l.Membership = e.Time
				if old { // it sends its first heartbeat after the wait, the others before
					l.Membership = e.Time.Add(wait)
				}
			}
			l.listening = true
			// Tomcat waits for twice the frequency, 5.5 for four times.
			switch {
			case wait > 0 && old:
				n.Frequency = wait / 4
			case wait > 0:
				n.Frequency = wait / 2
			}
		case Started:
			l.Up = e.Time
		case StartFailed:
			l.Failed = true
		case Stopping:
			if l.Stop.IsZero() {
				l.Stop = e.Time
			}
		}
	}
}

// stoppedNear reports whether an orderly stop of the node began shortly before t.
func (n *Node) stoppedNear(t time.Time) bool {
	return slices.ContainsFunc(n.Lives, func(l Life) bool {
		return !l.Stop.IsZero() && t.Sub(l.Stop) > -3*time.Second && t.Sub(l.Stop) < 20*time.Second
	})
}

// startedBetween reports whether a run of it began in that time.
func (n *Node) startedBetween(from, to time.Time) bool {
	return slices.ContainsFunc(n.Lives, func(l Life) bool { return l.Start.After(from) && l.Start.Before(to) })
}

func (n *Node) count(kind Kind) (count int) {
	for i := range n.events {
		if n.events[i].Kind == kind {
			count += n.events[i].Count
		}
	}
	return count
}

// rotated is what rotation adds to the name of a log: a number, a day, a packing.
var rotated = lazyregexp.New(`(\.(gz|bz2|xz|zst|zip|[0-9]{1,4}))+$|[.-_]?[0-9]{4}-?[0-9]{2}-?[0-9]{2}([._-][0-9]+)?`)

// logName is the name that the files of one rotated log share: its folder and its
// name without what rotation added; catalina.out and catalina.2026-11-29.log are one.
func logName(file string) string {
	dir, base := filepath.Split(file)
	base = rotated().ReplaceAllString(base, "")
	base = rotated().ReplaceAllString(base, "")
	for _, ext := range []string{".log", ".out", ".txt", ".json"} {
		base = strings.TrimSuffix(base, ext)
	}
	return dir + base
}

// shortNames gives each of the paths the shortest name that no other has: its last
// word, or with the folders before it.
func shortNames(paths []string) map[string]string {
	out := map[string]string{}
	for _, p := range paths {
		parts := strings.Split(filepath.ToSlash(p), "/")
		for n := 1; n <= len(parts); n++ {
			name := strings.Join(parts[len(parts)-n:], "/")
			same := 0
			for _, q := range paths {
				if q == p || strings.HasSuffix(filepath.ToSlash(q), "/"+name) || filepath.ToSlash(q) == name {
					same++
				}
			}
			if same == 1 || n == len(parts) {
				out[p] = name
				break
			}
		}
	}
	// Where the last words are all the same, such as catalina, the folder tells them apart.
	return out
}
