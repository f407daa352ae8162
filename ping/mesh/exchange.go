package mesh

import (
	"net/netip"
	"slices"
	"time"
)

// underWay is how many questions for the time to one node may wait for their answers. A
// starting node asks every 0.2 s: of a path that takes 1.6 s there and back eight are
// under way, and with fewer slots than that not one answer would be taken.
const underWay = 32

// time answers a question for the time, or takes an answer.
func (n *Node) time(k kind, from ID, pkt Packet, m timeMessage, now time.Time) {
	p := n.peers[from.Short()]
	if p == nil || p.id != from || m.To != n.id || p.to.Addr() != pkt.From.Addr() || p.hasLeft() && now.Sub(p.left) < afterGoodbye {
		n.counts.Unasked++
		return
	}
	if p.rumour {
		p.to = netip.AddrPortFrom(p.to.Addr(), pkt.From.Port())
	}
	if k == kindTimeRequest {
		n.heardOf(p, now)
		if m.Heard != 0 && slices.Contains(n.nonces[:], m.Heard) {
			p.proven = now
		}
		n.sendTo(timeMessage{To: from, T1: m.T1, T2: pkt.At, T3: time.Now().UnixNano()}.appendTo(nil, kindTimeReply, n.id), pkt.From)
		return
	}
	i := slices.Index(p.pending[:], m.T1)
	if i < 0 || m.T1 == 0 || m.T3 < m.T2 {
		n.counts.Unasked++
		return
	}
	p.pending[i] = 0
	p.unicast = now
	n.heardOf(p, now)
	if by := p.offset.take(m.T1, m.T2, m.T3, pkt.At); by != 0 && !n.jumpedSince(now.Add(-time.Minute)) {
		n.counts.ClockJumps++
		n.tell(Event{Time: now, Kind: ClockJumped, From: n.info(p), By: by})
	}
}

// ask asks p for the time, and proves to it that its announcements are heard.
func (n *Node) ask(p *peer) {
	m := timeMessage{To: p.id, T1: time.Now().UnixNano()}
	if p.in.heard && !p.in.stopped {
		m.Heard = p.in.nonce
	}
	p.pending[p.asking%len(p.pending)] = m.T1
	p.asking++
	p.asks++
	n.sendTo(m.appendTo(nil, kindTimeRequest, n.id), p.to)
}

// who answers who the nodes are that were named. Only those get an answer that
// this node knows by an exchange both ways: nobody else can be made a target.
func (n *Node) who(from ID, pkt Packet, body []byte) {
	p := n.peers[from.Short()]
	m, err := parseWho(body)
	if err != nil {
		n.counts.Invalid++
		return
	}
	if p == nil || p.id != from || p.to.Addr() != pkt.From.Addr() || p.unicast.IsZero() {
		n.counts.Unasked++
		return
	}
	var answer hereMessage
	for _, s := range m {
		if x := n.peers[s]; x != nil && !x.rumour && len(answer) < maxWho {
			answer = append(answer, introduction{x.id, x.to.Addr().WithZone(""), x.to.Port(), x.mtu, x.tcpPort, x.name, x.version})
		}
	}
	if len(answer) > 0 {
		n.sendTo(answer.appendTo(nil, n.id), pkt.From)
	}
}

// maxRumours bounds the nodes that are known by name only.
const maxRumours = 256

// here takes the introduction of nodes that were asked for. What another node
// says is a rumour until the node itself answers.
func (n *Node) here(from ID, pkt Packet, body []byte, now time.Time) {
	p := n.peers[from.Short()]
	m, err := parseHere(body)
	if err != nil {
		n.counts.Invalid++
		return
	}
	if p == nil || p.id != from || p.to.Addr() != pkt.From.Addr() {
		n.counts.Unasked++
		return
	}
	rumours := 0
	for _, x := range n.slots {
		if x != nil && x.rumour {
			rumours++
		}
	}
	for _, i := range m {
		if _, asked := n.wanted[i.ID.Short()]; !asked || i.ID == n.id || i.Port == 0 || i.Addr.IsMulticast() || i.Addr.IsUnspecified() {
			n.counts.Unasked++
			continue
		}
		if rumours >= maxRumours {
			n.counts.Refused++
			continue
		}
		addr := i.Addr
		if addr.IsLinkLocalUnicast() && addr.Is6() {
			addr = addr.WithZone(p.to.Addr().Zone())
		}
		x := n.learn(i.ID, addr, now)
		if x == nil {
			continue
		}
		rumours++
		x.rumour = true
		x.to = netip.AddrPortFrom(addr, i.Port)
		x.name, x.version, x.mtu, x.tcpPort = i.Name, i.Version, i.MTU, i.TCPPort
	}
}

func (n *Node) jumpedSince(t time.Time) bool {
	return len(n.jumps) > 0 && n.jumps[len(n.jumps)-1].At.After(t)
}
