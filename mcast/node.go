package mcast

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// The group and port of the MulticastNode that books on clustered Tomcats use
// to show what multicast is.
const NodePort = 12345

// NodeGroup is the group that goes with NodePort.
var NodeGroup = netip.AddrFrom4([4]byte{228, 0, 0, 4})

// Node is that program: a member of one group that sends text and hears all
// that is sent there, its own included.
type Node struct {
	*Conn
	group netip.AddrPort
}

// OpenNode joins the first group of cfg.
func OpenNode(cfg Config) (*Node, error) {
	if len(cfg.Groups) == 0 {
		return nil, errors.New("open a node: no group is given")
	}
	c, err := Listen(cfg)
	if err != nil {
		return nil, err
	}
	return &Node{c, c.cfg.Groups[0].AddrPort()}, nil
}

// Say sends message to the group.
func (n *Node) Say(message string) error { return n.Send([]byte(message), n.group) }

// Hear hands every datagram to heard until ctx ends, which is no error, or
// heard returns false. The payload is valid during the call only.
func (n *Node) Hear(ctx context.Context, heard func(Datagram) bool) error {
	stop := context.AfterFunc(ctx, func() { _ = n.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	ds := make([]Datagram, 1)
	for {
		if _, err := n.ReadBatch(ds); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if !heard(ds[0]) {
			return nil
		}
	}
}
