package testscripts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"muster/internal/netlab"
)

// faults are the words after `fault`: what they need, and what they do. The first
// word is a host where host is set.
var faults = map[string]struct {
	usage string
	host  bool
	start func(l *netlab.Lab, h *netlab.Host, args []string) (heal func(), err error)
}{
	"loss": {"HOST PERCENT [in|out]", true, func(l *netlab.Lab, h *netlab.Host, args []string) (func(), error) {
		percent, err := strconv.ParseFloat(args[0], 64)
		direction := netlab.Both
		if len(args) > 1 {
			direction = map[string]netlab.Direction{"in": netlab.In, "out": netlab.Out}[args[1]]
		}
		return try(err, func() func() { return l.Switch().Loss(h, percent, direction) })
	}},
	"delay": {"HOST TIME [JITTER]", true, func(l *netlab.Lab, h *netlab.Host, args []string) (func(), error) {
		how := netlab.Impairment{}
		var err error
		if how.Delay, err = time.ParseDuration(args[0]); err == nil && len(args) > 1 {
			how.Jitter, err = time.ParseDuration(args[1])
		}
		return try(err, func() func() { return l.Switch().Delay(h, how) })
	}},
	"partition": {"HOST...", false, func(l *netlab.Lab, _ *netlab.Host, args []string) (func(), error) {
		var hosts []*netlab.Host
		for _, name := range args {
			h := l.Named(name)
			if h == nil {
				return nil, fmt.Errorf("no host %s", name)
			}
			hosts = append(hosts, h)
		}
		return l.Switch().Partition(hosts...), nil
	}},
	"unplug": {"HOST", true, func(l *netlab.Lab, h *netlab.Host, _ []string) (func(), error) {
		return l.Switch().Unplug(h), nil
	}},
	"switch-drop": {"HOST udp|tcp|igmp|mld [PORT]", true, func(l *netlab.Lab, h *netlab.Host, args []string) (func(), error) {
		what, err := traffic(args)
		return try(err, func() func() { return l.Switch().Drop(h, what) })
	}},
	"firewall": {"HOST udp|tcp|igmp|mld [PORT]", true, func(_ *netlab.Lab, h *netlab.Host, args []string) (func(), error) {
		what, err := traffic(args)
		return try(err, func() func() { return h.Firewall(what) })
	}},
	"snooping-querier": {"", false, func(l *netlab.Lab, _ *netlab.Host, _ []string) (func(), error) {
		return l.Switch().SnoopWithQuerier(), nil
	}},
	"snooping-no-querier": {"TIME", false, func(l *netlab.Lab, _ *netlab.Host, args []string) (func(), error) {
		d, err := time.ParseDuration(args[0])
		return try(err, func() func() { return l.Switch().SnoopWithoutQuerier(d) })
	}},
	"no-route": {"HOST", true, func(_ *netlab.Lab, h *netlab.Host, _ []string) (func(), error) { return h.NoRoute(), nil }},
	"wrong-iface": {"HOST", true, func(_ *netlab.Lab, h *netlab.Host, _ []string) (func(), error) {
		return h.WrongInterface(), nil
	}},
	"rpfilter": {"HOST", true, func(_ *netlab.Lab, h *netlab.Host, _ []string) (func(), error) {
		return h.ReversePathFilter(), nil
	}},
	"nomcast": {"HOST", true, func(_ *netlab.Lab, h *netlab.Host, _ []string) (func(), error) { return h.NoMulticast(), nil }},
	"mtu": {"HOST BYTES", true, func(_ *netlab.Lab, h *netlab.Host, args []string) (func(), error) {
		n, err := strconv.Atoi(args[0])
		return try(err, func() func() { return h.MTU(n) })
	}},
	"sysctl": {"HOST KEY VALUE", true, func(_ *netlab.Lab, h *netlab.Host, args []string) (func(), error) {
		return h.Sysctl(args[0], args[1]), nil
	}},
}

func try(err error, start func() func()) (func(), error) {
	if err != nil {
		return nil, err
	}
	return start(), nil
}

// traffic has the lab's own ports where none is given.
func traffic(args []string) (netlab.Traffic, error) {
	port := map[string]string{"udp": "45564", "tcp": "4000"}[args[0]]
	if len(args) > 1 {
		port = args[1]
	}
	if port == "" {
		return netlab.Traffic{Protocol: args[0]}, nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return netlab.Traffic{Protocol: args[0], Port: uint16(n)}, err
}

// fault breaks something until `heal` or the end of the script.
func fault(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	if neg || s.lab == nil || len(args) == 0 {
		ts.Fatalf("usage: hosts N, then fault WORD ...")
	}
	f, ok := faults[args[0]]
	if !ok {
		ts.Fatalf("no fault %q", args[0])
	}
	usage := "usage: fault " + args[0] + " " + f.usage
	args = args[1:]
	words := strings.Fields(f.usage)
	least := len(slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w[0] == '[' }))
	if len(args) < least || len(args) > len(words) && !strings.HasSuffix(f.usage, "...") {
		ts.Fatalf("%s", usage)
	}
	var h *netlab.Host
	if f.host {
		if h = s.lab.Named(args[0]); h == nil {
			ts.Fatalf("no host %s; %s", args[0], usage)
		}
		args = args[1:]
	}
	heal, err := f.start(s.lab, h, args)
	if err != nil {
		ts.Fatalf("%v; %s", err, usage)
	}
	s.heals = append(s.heals, heal)
}

// heal ends all faults, the last one first.
func heal(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	if neg || len(args) > 0 {
		ts.Fatalf("usage: heal")
	}
	for _, h := range slices.Backward(s.heals) {
		h()
	}
	s.heals = nil
}
