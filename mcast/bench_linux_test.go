package mcast

import (
	"net"
	"testing"

	"golang.org/x/net/ipv4"

	"muster/internal/batch"
)

// One turn of each benchmark sends a batch of 64 datagrams of 100 bytes to a
// group on the loopback and reads them back with their source, destination,
// interface and TTL.

func BenchmarkConn(b *testing.B) {
	g := group(b, "239.77.2.1:%d", freePort(b))
	c := listen(b, Config{Groups: []Group{g}, ReadBuffer: 4 << 20})
	out, in := payloadsOf(batch.Size), make([]Datagram, batch.Size)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.SendBatch(out, g.AddrPort()); err != nil {
			b.Fatal(err)
		}
		for n := 0; n < batch.Size; {
			k, err := c.ReadBatch(in[:batch.Size-n])
			if err != nil {
				b.Fatal(err)
			}
			n += k
		}
	}
	perDatagram(b)
}

// The same by golang.org/x/net, which the systems without recvmmsg use.
func BenchmarkXNet(b *testing.B) {
	g := group(b, "239.77.2.2:%d", freePort(b))
	lo := loopback(b)
	udp, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(g.AddrPort()))
	if err != nil {
		b.Fatal(err)
	}
	defer udp.Close()
	udp.SetReadBuffer(4 << 20)
	pc := ipv4.NewPacketConn(udp)
	ifi := &net.Interface{Index: lo.Index}
	for _, err := range []error{
		pc.JoinGroup(ifi, &net.UDPAddr{IP: g.Addr.AsSlice()}), pc.SetMulticastInterface(ifi),
		pc.SetMulticastLoopback(true), pc.SetControlMessage(ipv4.FlagDst|ipv4.FlagInterface|ipv4.FlagTTL, true),
	} {
		if err != nil {
			b.Fatal(err)
		}
	}
	out, in := make([]ipv4.Message, batch.Size), make([]ipv4.Message, batch.Size)
	for i, p := range payloadsOf(batch.Size) {
		out[i] = ipv4.Message{Buffers: [][]byte{p}, Addr: net.UDPAddrFromAddrPort(g.AddrPort())}
		in[i] = ipv4.Message{Buffers: [][]byte{make([]byte, 2048)}, OOB: make([]byte, 192)}
	}
	b.ReportAllocs()
	for b.Loop() {
		for n := 0; n < batch.Size; {
			k, err := pc.WriteBatch(out[n:], 0)
			if err != nil {
				b.Fatal(err)
			}
			n += k
		}
		for n := 0; n < batch.Size; {
			k, err := pc.ReadBatch(in[:batch.Size-n], 0)
			if err != nil {
				b.Fatal(err)
			}
			var cm ipv4.ControlMessage
			for _, m := range in[:k] {
				if err := cm.Parse(m.OOB[:m.NN]); err != nil || !cm.Dst.IsMulticast() {
					b.Fatal(cm, err)
				}
			}
			n += k
		}
	}
	perDatagram(b)
}

func payloadsOf(n int) [][]byte {
	ps := make([][]byte, n)
	for i := range ps {
		ps[i] = make([]byte, 100)
	}
	return ps
}

func perDatagram(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch.Size), "ns/datagram")
}
