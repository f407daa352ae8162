package netlab

import (
	"fmt"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// healer makes a fault's end, and ends the test where there was a mistake.
func (l *Lab) healer(fault string, heal func() error, err error) func() {
	l.tb.Helper()
	if err != nil {
		if missing(err) {
			l.tb.Skipf("netlab: not possible here: %s: %v", fault, err)
		}
		l.tb.Fatalf("netlab: %s: %v", fault, err)
	}
	return func() {
		l.tb.Helper()
		if err := heal(); err != nil {
			l.tb.Fatalf("netlab: healing %s: %v", fault, err)
		}
	}
}

// Loss drops frames at the host's port of the switch by chance.
func (s *Switch) Loss(h *Host, percent float64, d Direction) (heal func()) {
	s.lab.tb.Helper()
	remove, err := s.atPort(h, "loss", d, perMille(uint32(percent*10)))
	return s.lab.healer(fmt.Sprintf("loss at %s", h.Name()), remove, err)
}

// Drop drops the host's frames of that kind at its port, both ways.
func (s *Switch) Drop(h *Host, what Traffic) (heal func()) {
	s.lab.tb.Helper()
	rules, err := what.matches()
	var remove func() error
	if err == nil {
		remove, err = s.atPort(h, "drop_"+what.Protocol, Both, rules...)
	}
	return s.lab.healer(fmt.Sprintf("dropping %s at %s", what.Protocol, h.Name()), remove, err)
}

func (s *Switch) atPort(h *Host, name string, d Direction, drops ...[]expr.Any) (func() error, error) {
	var chains []chain
	if d != In {
		chains = append(chains, chain{nftables.ChainHookIngress, s.portOf(h), drops})
	}
	if d != Out {
		chains = append(chains, chain{nftables.ChainHookEgress, s.portOf(h), drops})
	}
	return s.ns.filter(nftables.TableFamilyNetdev, name+"_"+h.Name(), chains...)
}

// Partition cuts the hosts off from all others and from the switch itself, as
// silently as a broken trunk: links stay up.
func (s *Switch) Partition(hosts ...*Host) (heal func()) {
	s.lab.tb.Helper()
	var forward, input, output [][]expr.Any
	name := "partition"
	for _, h := range hosts {
		name += "_" + h.Name()
		for net := range s.lab.nets {
			port := s.port(h, net)
			input, output = append(input, inBy(port)), append(output, outBy(port))
			for _, other := range s.lab.hosts {
				if !slices.Contains(hosts, other) {
					beyond := s.port(other, net)
					forward = append(forward, append(inBy(port), outBy(beyond)...), append(inBy(beyond), outBy(port)...))
				}
			}
		}
	}
	remove, err := s.ns.filter(nftables.TableFamilyBridge, name,
		chain{nftables.ChainHookForward, "", forward},
		chain{nftables.ChainHookInput, "", input},
		chain{nftables.ChainHookOutput, "", output})
	return s.lab.healer("the partition", remove, err)
}

// Unplug pulls the host's cable: eth0 loses its carrier.
func (s *Switch) Unplug(h *Host) (heal func()) {
	s.lab.tb.Helper()
	change := func(up bool) error {
		c, err := dial(s.ns)
		if err != nil {
			return err
		}
		defer c.Close()
		if !up {
			return c.down(h.port(0))
		}
		if err := c.up(h.port(0)); err != nil {
			return err
		}
		return s.waitForwarding(c, h.port(0))
	}
	return s.lab.healer("unplugging "+h.Name(), func() error { return change(true) }, change(false))
}

// portOf is the device of the switch's bridge through which frames of the host's
// first net pass; port is that of any net.
func (s *Switch) portOf(h *Host) string { return s.port(h, 0) }

func (s *Switch) port(h *Host, net int) string {
	if net == 0 && s.relays[h] != nil {
		return relayPort(h)
	}
	return h.port(net)
}
