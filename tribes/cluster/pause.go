package cluster

import "time"

// goodbyeTime is how long the others have to take the goodbye, and what is on its
// way to us to be acked, before the receiver closes.
const goodbyeTime = 150 * time.Millisecond

// Pause leaves the cluster for a while: the goodbye goes out, then the receiver
// closes. A process that is about to be stopped calls it: a member that stands
// still makes every sender that wants an ack wait for it. An observer has nothing
// to do.
func (n *Node) Pause() {
	if n.receiver == nil {
		return
	}
	n.service.Pause()
	time.Sleep(goodbyeTime)
	n.receiver.Pause()
	if n.second != nil {
		n.second.Pause()
	}
}

// Resume comes back after Pause, at the same address and under the same id. While
// the receiver cannot listen, no heartbeat goes out.
func (n *Node) Resume() error {
	if n.receiver == nil {
		return nil
	}
	if err := n.receiver.Resume(); err != nil {
		return err
	}
	if n.second != nil {
		if err := n.second.Resume(); err != nil {
			return err
		}
	}
	n.service.Resume()
	return nil
}
