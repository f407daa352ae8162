package logs

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"muster/internal/verdict"
)

// keys judges messages that do not decrypt, or decode to nothing.
func (j *judge) keys() {
	var decrypt, decode, replay []*Event
	var names []string
	for _, n := range j.nodes {
		d := eventsOf(n, NoDecrypt)
		decrypt = append(decrypt, d...)
		if len(d) > 0 {
			names = append(names, n.Name)
		}
		for _, e := range eventsOf(n, NoDecode) {
			if contains(e.causes, "StreamCorrupted") {
				decode = append(decode, e)
			}
		}
		replay = append(replay, eventsOf(n, Replay)...)
	}
	switch {
	case len(decrypt) > 0 && len(decode) > 0:
		j.add("tribes.key-mismatch", verdict.Fail, verdict.Likely, strings.Join(names, ", "),
			fmt.Sprintf("%s cannot decrypt what comes, and %s gets bytes that are no object: only one of them encrypts (config.differs)", decrypt[0].Node, decode[0].Node),
			[]*Event{decrypt[0], decode[0]}, verdict.Fix("give all nodes an EncryptInterceptor with the same key, or none"))
	case len(decrypt) > 0:
		confidence := verdict.Hint
		if total(decrypt) > 1 {
			confidence = verdict.Likely
		}
		j.add("tribes.key-mismatch", verdict.Fail, confidence, strings.Join(names, ", "),
			fmt.Sprintf("%s cannot decrypt what other members send, %s: the keys or algorithms differ, or the sender does not encrypt", strings.Join(names, " and "), times(total(decrypt))), decrypt,
			verdict.Fix("give all nodes the same encryptionKey and encryptionAlgorithm"))
	case len(decode) > 0:
		j.add("tribes.key-mismatch", verdict.Fail, verdict.Hint, decode[0].Node,
			fmt.Sprintf("%s gets messages that are no Java object: they are encrypted or compressed, and here is no interceptor that undoes it; or they were damaged", decode[0].Node), decode)
	}
	if len(replay) > 0 {
		j.add("tribes.clock-skew", verdict.Fail, verdict.Likely, replay[0].Node,
			fmt.Sprintf("%s refuses messages as replays (%s): their time stamps are too far off its clock, or messages arrive twice", replay[0].Node, times(total(replay))), replay,
			verdict.Fix("run NTP or chrony on all nodes"))
	}
}

// loopback judges a receiver that others cannot reach since it is at an address of
// the loopback.
func (j *judge) loopback() {
	told := map[netip.AddrPort]bool{}
	outside := false
	for _, n := range j.nodes {
		outside = outside || n.Addr.IsValid() && !n.Addr.Addr().IsLoopback()
	}
	for _, n := range j.nodes {
		for i := range n.events {
			e := n.events[i]
			if !e.Member.Addr.Addr().IsLoopback() || told[e.Member.Addr] {
				continue
			}
			who, lines := j.name(e.Member), []*Event{e}
			confidence := verdict.Likely
			switch e.Kind {
			case Bound:
				if !outside {
					continue // all of them are on one host, or nothing is known of others
				}
				for _, o := range j.nodes {
					if o != n {
						for _, f := range eventsOf(o, SendFailed, SendFailing, Added) {
							if f.Member.Addr == e.Member.Addr {
								lines = append(lines, f)
							}
						}
					}
				}
				if len(lines) > 1 {
					confidence = verdict.Definite
				}
			case Added, SendFailed, SendFailing, Suspect, NotNotified:
				if n.Addr.IsValid() && n.Addr.Addr().IsLoopback() {
					continue
				}
				if e.Kind == SendFailed || e.Kind == SendFailing {
					confidence = verdict.Definite
				}
				for _, f := range eventsOf(n, SendFailed, SendFailing) {
					if f.Member.Addr == e.Member.Addr && f != e {
						lines, confidence = append(lines, f), verdict.Definite
					}
				}
			default:
				continue
			}
			told[e.Member.Addr] = true
			if o := j.nodeAt(e.Member.Addr); o != nil {
				j.explained[o] = "tribes.advertises-loopback"
			}
			j.add("tribes.advertises-loopback", verdict.Fail, confidence, who,
				fmt.Sprintf("%s tells the others to send to %s, where each of them finds only itself", who, e.Member), lines,
				verdict.Fix("set the address of Receiver to the node's own address, or correct its host name in /etc/hosts"))
		}
	}
	if len(told) > 0 {
		for _, n := range j.nodes { // a node of 5.5 whose address is not told
			if !n.Addr.IsValid() {
				j.explained[n] = "tribes.advertises-loopback"
			}
		}
	}
}

// ports judges a receiver that did not get the port that it wanted.
func (j *judge) ports() {
	for _, n := range j.nodes {
		if !n.Addr.IsValid() || n.AddrGuessed {
			continue
		}
		port := n.Addr.Port()
		var wanted uint16
		for _, o := range j.nodes {
			p := o.Addr.Port()
			if o == n || !o.Addr.IsValid() {
				continue
			}
			if o.Addr.Addr() == n.Addr.Addr() {
				wanted = 0 // several on one host: each takes the next port, as it should
				break
			}
			if p < port && port-p < 100 {
				wanted = p
			}
		}
		// A run before may have had the lower port: then something took it since.
		for _, l := range n.Lives {
			if l.Addr.IsValid() && l.Addr.Addr() == n.Addr.Addr() && l.Addr.Port() < port && port-l.Addr.Port() < 100 {
				wanted = l.Addr.Port()
			}
		}
		if wanted == 0 {
			continue
		}
		var lines []*Event
		for _, e := range eventsOf(n, Bound) {
			if e.Member.Addr == n.Addr {
				lines = append(lines, e)
			}
		}
		j.add("tribes.receiver-port", verdict.Warn, verdict.Hint, n.Name,
			fmt.Sprintf("the receiver of %s took port %d, where the others have %d: something else has %d there, or its server.xml says so; a firewall may let only %d through", n.Name, port, wanted, wanted, wanted), lines)
	}
}

// managers judges an application that has another manager on another node.
func (j *judge) managers() {
	type kind struct {
		node *Node
		e    *Event
	}
	delta, maps := map[string]kind{}, map[string]kind{}
	for _, n := range j.nodes {
		for _, e := range eventsOf(n, Manager) {
			delta[contextPath(e.App)] = kind{n, e}
		}
		for _, e := range eventsOf(n, MapStarted) {
			maps[contextPath(e.App)] = kind{n, e}
		}
	}
	for app, m := range maps {
		d, ok := delta[app]
		if !ok || d.node == m.node || d.e.Key != "deltaManager.registerCluster" {
			continue
		}
		if hasManager(m.node, app) {
			continue // a BackupManager registers too; the same node has both lines
		}
		j.add("config.differs", verdict.Fail, verdict.Definite, d.node.Name+", "+m.node.Name,
			fmt.Sprintf("%s has a DeltaManager for %s, %s a BackupManager: they do not understand each other", d.node.Name, app, m.node.Name), []*Event{d.e, m.e},
			verdict.Fix("use the same Manager on all nodes"))
	}
}

func hasManager(n *Node, app string) bool {
	for _, e := range eventsOf(n, Manager) {
		if contextPath(e.App) == app && e.Key == "deltaManager.registerCluster" {
			return true
		}
	}
	return false
}

// membershipOff judges a node that started without a membership service.
func (j *judge) membershipOff() {
	shown := false // does any log have the lines of a membership service?
	for _, n := range j.nodes {
		for _, l := range n.Lives {
			shown = shown || l.listening
		}
	}
	if !shown {
		return
	}
	for _, n := range j.nodes {
		if len(n.Lives) == 0 || j.explained[n] != "" || n.count(Added) > 0 {
			continue
		}
		l := n.Lives[len(n.Lives)-1]
		if l.Start.IsZero() || l.Up.IsZero() || !l.Addr.IsValid() || l.listening || l.Failed {
			continue
		}
		lines := eventsOf(n, Bound, Started)
		j.explained[n] = "config.membership-off"
		j.add("config.membership-off", verdict.Fail, verdict.Likely, n.Name,
			fmt.Sprintf("%s started its receiver and no membership service: it did not wait for members, and saw none", n.Name), lines,
			verdict.Fix("take channelStartOptions out of Cluster, or set it to 15"))
	}
}

// clocks judges how far the clocks are apart.
func (j *judge) clocks() {
	for _, n := range j.nodes[1:] {
		told := skewTold
		if n.coarse || j.nodes[0].coarse {
			told = skewToldCoarse
		}
		skew := n.skew()
		if !n.OffsetKnown || skew.Abs() < told {
			continue
		}
		word := "ahead of"
		if skew < 0 {
			word = "behind"
		}
		confidence := verdict.Likely
		if n.agreed < 2 { // the line may be about a run that is not in the other log
			confidence = verdict.Hint
		}
		j.add("tribes.clock-skew", verdict.Warn, confidence, j.nodes[0].Name+", "+n.Name,
			fmt.Sprintf("the clock of %s is %s %s that of %s, by the alive times of heartbeats in both logs", n.Name, skew.Abs().Round(10*time.Millisecond), word, j.nodes[0].Name), nil,
			verdict.Fix("run NTP or chrony on all nodes"))
	}
}
