package cluster

import (
	"context"
	"net/netip"

	"muster/tribes/cluster/channel"
)

// open opens the receivers, and returns the ports for our record: the plain one, and
// the one for TLS, -1 where there is none.
func (n *Node) open(cfg channel.ReceiverConfig) (port uint16, secure int32, err error) {
	if n.cfg.TLS == nil {
		if n.receiver, err = channel.Listen(cfg); err != nil {
			return 0, -1, err
		}
		return n.receiver.AddrPort().Port(), -1, nil
	}
	tls := cfg
	tls.Port, tls.PSK = n.cfg.TLS.Port, &n.cfg.TLS.PSK
	n.sender.Secure = n.secureOf
	if n.cfg.TLS.Only {
		if n.receiver, err = channel.Listen(tls); err != nil {
			return 0, -1, err
		}
		secured := n.receiver.AddrPort().Port()
		if port = n.cfg.TCPPort; port == 0 { // a record without a port is of one that left
			port = secured
		}
		return port, int32(secured), nil
	}
	if n.receiver, err = channel.Listen(cfg); err != nil {
		return 0, -1, err
	}
	if n.second, err = channel.Listen(tls); err != nil {
		n.receiver.Close()
		return 0, -1, err
	}
	return n.receiver.AddrPort().Port(), int32(n.second.AddrPort().Port()), nil
}

func (n *Node) closeReceivers() {
	n.receiver.Close()
	if n.second != nil {
		n.second.Close()
	}
}

// securePort is where the member that advertises addr takes TLS; 0 where it does not.
func (n *Node) securePort(addr netip.AddrPort) uint16 {
	for _, i := range n.Members() {
		a, ok := i.Member.AddrPort()
		if ok && a.Port() == addr.Port() && a.Addr().Unmap().WithZone("") == addr.Addr().Unmap().WithZone("") && i.Member.SecurePort > 0 && i.Member.SecurePort <= 65535 {
			return uint16(i.Member.SecurePort)
		}
	}
	return 0
}

// secureOf sends by TLS to each member that takes it.
func (n *Node) secureOf(to netip.AddrPort) channel.Secure {
	port := n.securePort(to)
	if port == 0 {
		return channel.Secure{}
	}
	return channel.Secure{Addr: netip.AddrPortFrom(to.Addr(), port), PSK: &n.cfg.TLS.PSK}
}

// probe asks a member as TcpFailureDetector does; one with a port for TLS is only
// connected to there, since its plain port may be closed on purpose.
func (n *Node) probe(ctx context.Context, addr netip.AddrPort) channel.Exchange {
	at := dialable(addr, n.Interface)
	if n.cfg.TLS != nil {
		if port := n.securePort(addr); port != 0 {
			return channel.Probe(ctx, netip.AddrPortFrom(at.Addr(), port), channel.ProbeConfig{ConnectOnly: true})
		}
	}
	return channel.Probe(ctx, at, channel.ProbeConfig{Member: n.Local()})
}
