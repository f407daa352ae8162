package ping

import (
	"fmt"
	"net/netip"

	"muster/mcast"
	"muster/ping/internal/sock"
)

// ResponderSockets are the real sockets of a Responder: one joined to the groups,
// one for what is sent to this host, which the answers leave from.
type ResponderSockets struct {
	Group   Inbox
	Unicast *UnicastBox
}

// ListenToRespond joins the groups on the interface, each on its own port. notify,
// which may be nil, is told when the interface goes away and comes back.
func ListenToRespond(groups []mcast.Group, on mcast.Interface, notify func(string)) (*ResponderSockets, error) {
	group, port := groups[0].Addr, groups[0].Port
	conn, err := mcast.Listen(mcast.Config{Interface: on, Groups: groups, Port: port, TTL: -1, ReadBuffer: 4 << 20, Notify: notify})
	if err != nil {
		return nil, err
	}
	bind := netip.AddrPortFrom(netip.Addr{}, port)
	if src, ok := on.SourceFor(group); ok {
		bind = netip.AddrPortFrom(src, port) // not the wildcard: others may have the port
	}
	s, err := sock.Open(sock.Config{Group: group, Interface: on, Bind: bind, TTL: -1, ReadBuffer: 4 << 20})
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("open a UDP socket to answer from: %w", err)
	}
	return &ResponderSockets{&groupBox{conn: conn, ds: make([]mcast.Datagram, readBatch)}, &UnicastBox{sock: s, packets: make([]sock.Packet, readBatch)}}, nil
}

// Drops is what the kernel threw away because it was not read in time.
func (s *ResponderSockets) Drops() uint64 {
	return s.Group.(*groupBox).conn.Drops() + s.Unicast.sock.Drops()
}

type groupBox struct {
	conn *mcast.Conn
	ds   []mcast.Datagram
	calm lull
}

func (b *groupBox) Read(rs []Request) (int, error) {
	b.calm.wait()
	ds := b.ds[:min(len(rs), len(b.ds))]
	n, err := b.conn.ReadBatch(ds)
	b.calm.read(n, n < len(ds))
	for i, d := range ds[:n] {
		rs[i] = Request{Data: d.Payload, From: d.Source, TTL: d.TTL, At: d.Time.UnixNano()}
	}
	return n, err
}

func (b *groupBox) Close() error { return b.conn.Close() }

// UnicastBox is the socket for what is sent to this host.
type UnicastBox struct {
	sock    *sock.Socket
	packets []sock.Packet
	calm    lull
}

// Read waits for requests.
func (b *UnicastBox) Read(rs []Request) (int, error) {
	b.calm.wait()
	ps := b.packets[:min(len(rs), len(b.packets))]
	n, err := b.sock.Read(ps)
	b.calm.read(n, b.sock.Drained())
	for i, p := range ps[:n] {
		rs[i] = Request{Data: p.Data, From: p.From, TTL: p.TTL, At: p.At, Unicast: true}
	}
	return n, err
}

// SendSegments sends p as answers of size bytes each.
func (b *UnicastBox) SendSegments(p []byte, size int, to netip.AddrPort) (sent int, err error) {
	return b.sock.SendSegments(p, size, to)
}

// Close closes the socket.
func (b *UnicastBox) Close() error { return b.sock.Close() }
