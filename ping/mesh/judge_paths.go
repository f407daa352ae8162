package mesh

import (
	"fmt"
	"slices"
	"time"

	"muster/internal/verdict"
)

// Thresholds of how good a path is.
const (
	// lossWorthTelling is told from lossLeast announcements on that did not come, or
	// where another node tells only its share, from lossShare on. With lossFatal a
	// Tomcat with its default times gives up a member now and then: six heartbeats in a
	// row are lost once in some thousand.
	lossWorthTelling = 0.01
	lossLeast        = 2
	lossShare        = 0.02
	lossFatal        = 0.20
	// A round trip of tripWorthTelling is felt by each request that waits for an ack;
	// from detectorTime on TcpFailureDetector never gets its connection in time.
	tripWorthTelling = 100 * time.Millisecond
	// oddLeast and oddShare are the announcements that came twice, or after a later
	// one, from which on it is told.
	oddLeast = 3
	oddShare = 0.02
)

// paths tells of loss, delay, duplicates and the order, in this order: what they
// explain is not judged again.
func (j *judge) paths() {
	j.losses()
	j.delays()
	j.odd(idDuplicates, "came twice", func(a Direction) uint64 { return a.Duplicates },
		verdict.Next("muster sniff shows whether the copies differ in TTL or Ethernet address: a loop, two paths, or an interface that is bridged twice"))
	j.odd(idReorder, "came after a later one", func(a Direction) uint64 { return a.Reordered },
		verdict.Next("look for several paths of different length between the two: link bundles, tunnels"))
}

// lossy: the direction loses so much that the loss is worth telling.
func (j *judge) lossy(a Direction) bool {
	if a.State != Heard && a.State != Ended || a.Loss < lossWorthTelling {
		return false
	}
	if j.Nodes[a.To].Self {
		return a.Lost >= lossLeast && !(j.Dropped > 0 || j.Stood > 0)
	}
	return a.Loss >= lossShare && j.Nodes[a.To].Hearing&Overloaded == 0
}

func (j *judge) losses() {
	for a := range j.Directions() {
		switch {
		case j.lossy(a):
			st, conf := verdict.Warn, verdict.Definite
			if a.Loss >= lossFatal {
				st = verdict.Fail
			}
			saw := fmt.Sprintf("%s loses %.1f %% of what %s announces", j.Label(a.To), 100*a.Loss, j.Label(a.From))
			if j.Nodes[a.To].Self {
				saw += fmt.Sprintf(" (%d of %d)", a.Lost, a.Lost+a.Received)
				if a.Lost+a.Received < 30 {
					conf = verdict.Likely
				}
			}
			if st == verdict.Fail {
				saw += "; so much loss makes Tomcats give up members that are there"
			}
			j.add(idLoss, st, conf, j.name(a), saw, verdict.Next("muster ping --udp --both between the two tells whether unicast loses as much"))
		case j.Nodes[a.To].Self && a.Lost >= lossLeast && a.Loss >= lossWorthTelling:
			j.add(idLoss, verdict.Unknown, verdict.Definite, j.name(a), fmt.Sprintf("%d of %d announcements of %s are missing, and this host itself lost %d datagrams and stood still for %s: the network is not known to lose any",
				a.Lost, a.Lost+a.Received, j.Label(a.From), j.Dropped, j.Stood.Round(100*time.Millisecond)))
		}
	}
}

// trip is the time there and back between two nodes, as far as it is known: both
// directions, or the one that is, doubled.
func (j *judge) trip(a Direction) (time.Duration, bool) {
	back := j.Direction(a.To, a.From)
	switch {
	case a.DelayOK && back.DelayOK:
		return a.Delay + back.Delay, true
	case a.DelayOK:
		return 2 * a.Delay, true
	case back.DelayOK:
		return 2 * back.Delay, true
	}
	return 0, false
}

func (j *judge) delays() {
	for a := range j.Directions() {
		trip, ok := j.trip(a)
		if a.From > a.To || !ok || trip < tripWorthTelling || !j.Nodes[a.From].took() || !j.Nodes[a.To].took() {
			continue
		}
		if n := &j.Nodes[a.To]; a.From == 0 && n.OffsetKnown && n.RTT < tripWorthTelling {
			continue // the shortest exchange knows it better
		}
		st := verdict.Warn
		saw := fmt.Sprintf("%s and back takes %s; each request that waits for an ack waits that long", j.name(a), trip.Round(time.Millisecond))
		if trip >= detectorTime {
			st = verdict.Fail
			saw += "; TcpFailureDetector gives a connection 1 s, so that these two never become members of each other"
		}
		conf := verdict.Definite
		if !j.Nodes[a.From].Self {
			conf = verdict.Likely
		}
		var parts []verdict.Part
		for _, x := range []Direction{a, j.Direction(a.To, a.From)} {
			if x.DelayOK {
				parts = append(parts, evidence("delay "+j.name(x), "the time stamps of announcements", "%s", x.Delay.Round(100*time.Microsecond)))
			}
		}
		j.add(idDelay, st, conf, j.name(a), saw, parts...)
	}
}

// odd tells of announcements that came to this node otherwise than once and in
// their order.
func (j *judge) odd(id verdict.ID, what string, count func(Direction) uint64, next verdict.Next) {
	for a := range j.Directions() {
		if n := count(a); j.Nodes[a.To].Self && n >= oddLeast && float64(n) >= oddShare*float64(a.Received) {
			j.add(id, verdict.Warn, verdict.Definite, j.name(a), fmt.Sprintf("%d of %d announcements of %s %s", n, a.Received, j.Label(a.From), what), next)
		}
	}
}

// tcp tells where the group gets through and TCP does not: a half-open cluster.
// Where the path loses or delays, that is the cause, and nothing is concluded of a
// firewall.
func (j *judge) tcp() {
	const id = verdict.ID("tribes.half-open")
	due, tried, open := 0, 0, 0
	for a := range j.Directions() {
		port := j.Nodes[a.From].TCPPort
		if port == 0 || !j.Nodes[a.From].took() || !j.Nodes[a.To].took() {
			continue
		}
		if due++; a.TCP == TCPUnknown {
			continue
		}
		tried++
		from, to := j.Label(a.From), j.Label(a.To)
		what := evidence(fmt.Sprintf("TCP connections to port %d", port), to, "%s", a.TCP)
		subject := fmt.Sprintf("%s > %s:%d", to, from, port)
		switch cause := j.pathCause(a); {
		case a.TCP == TCPOpen:
			open++
		case j.starved: // who has no time accepts no connection in time
			tried--
		case cause != "" && a.TCP != TCPRefused:
			j.add(id, verdict.Warn, verdict.Likely, subject, fmt.Sprintf("%s got no timely TCP connection to port %d of %s (%s): what the path loses or delays explains it", to, port, from, a.TCP), what, cause)
		case a.TCP == TCPSlow:
			j.add(id, verdict.Warn, verdict.Definite, subject, fmt.Sprintf("%s accepts TCP connections of %s to port %d later than the second that TcpFailureDetector waits", from, to, port), what)
		case a.TCP == TCPRefused:
			// The port was asked at the address of the announcements; a receiver may have one of its own.
			j.add(id, verdict.Warn, verdict.Hint, subject, fmt.Sprintf("%s refuses TCP connections of %s to port %d of %s: nobody listens at that address, its receiver has another one, or a firewall rejects", from, to, port, j.Nodes[a.From].Address()), what,
				verdict.Next(fmt.Sprintf("on %s: ss -ltn 'sport = :%d'", from, port)))
		case a.State == Heard || a.State == Ended:
			j.add(id, verdict.Fail, verdict.Likely, subject,
				fmt.Sprintf("%s hears %s by the group and loses nothing, but %d attempts in different seconds to connect to its TCP port %d got no answer (%s): a firewall drops it", to, from, dialTries, port, a.TCP), what,
				verdict.Next("on "+from+": sudo muster check"), verdict.Fix(fmt.Sprintf("on %s: sudo muster check --tcp-port %d --only tribes.half-open --fix   # prints what lets the connections in there", from, port)))
		case a.Cut():
			j.add(id, verdict.Fail, verdict.Likely, subject, fmt.Sprintf("%s cannot connect to TCP port %d of %s either (%s)", to, port, from, a.TCP), what, j.cutCause(a))
		}
	}
	switch {
	case due == 0:
	case open == due:
		j.add(id, verdict.Pass, verdict.Definite, "", fmt.Sprintf("%d TCP connections, all accepted", open))
	case open == tried:
		j.add(id, verdict.Unknown, verdict.Definite, "", fmt.Sprintf("of %d TCP connections %d were accepted, and of %d nothing is known yet: a port is tried %d times before it is judged", due, open, due-tried, dialTries),
			verdict.Next("muster mesh "+j.Group+" -d 30s on all nodes, with --tcp-port"))
	}
}

// pathCause is what was said of the path between two nodes that explains that a
// connection fails: loss, delay, or an address that two hosts have.
func (j *judge) pathCause(a Direction) verdict.ID {
	back := j.Direction(a.To, a.From)
	const connectLoss = 0.05 // two of a handshake's packets in a second may be lost
	switch {
	case j.lossy(a) && a.Loss >= connectLoss, j.lossy(back) && back.Loss >= connectLoss:
		return idLoss
	case j.told(idDelay, j.name(a)) || j.told(idDelay, j.name(back)):
		return idDelay
	case j.told("addr.duplicate-ip", j.Nodes[a.From].Addr.String()):
		return "addr.duplicate-ip"
	}
	return ""
}

// cutCause is what was said of a direction that does not work.
func (j *judge) cutCause(a Direction) verdict.ID {
	pair := []string{j.name(a), j.name(j.Direction(a.To, a.From)), j.Label(a.From) + ", " + j.Label(a.To), j.Label(a.To) + ", " + j.Label(a.From), j.Label(a.To), j.Label(a.From), ""}
	for _, v := range j.out {
		if v.Status.Bad() && slices.Contains(pair, v.Subject) && v.ID != idMissing {
			return v.ID
		}
	}
	return idCut
}
