package ping

import (
	"net/netip"
	"strings"
	"testing"
)

// Verify that who is missing is explained once: a host that is known to be there, by
// its own answers, needs no guesses, and no other host of the network is its concern.
func TestExplain(t *testing.T) {
	group := func(a netip.Addr, n uint64) Row {
		return Row{Addr: a, Series: Series{Sent: 5, Received: n}, Unicast: Series{Sent: 5, Received: 5}}
	}
	named := func(n ...byte) (e Expectation) {
		for _, i := range n {
			e.Hosts = append(e.Hosts, Host{Name: addr(i).String(), Addrs: []netip.Addr{addr(i)}})
		}
		e.Count = len(n)
		return e
	}
	udp := Asked{Group: netip.MustParseAddr("228.0.0.4"), Port: DefaultPort, UDP: true}
	for _, tt := range []struct {
		name string
		rows []Row
		e    Expectation
		want []string // what each sentence holds
	}{
		{"all there", []Row{group(addr(1), 5)}, named(1), nil},
		{"one by unicast only", []Row{group(addr(1), 5), group(addr(2), 0)}, named(1, 2), []string{addr(2).String() + " answers by unicast but not to the group"}},
		{"two wanted, one by unicast only", []Row{group(addr(1), 5), group(addr(2), 0)}, Expectation{Count: 2}, []string{"by unicast but not to the group"}},
		{"a third is nowhere", []Row{group(addr(1), 5), group(addr(2), 0)}, named(1, 2, 3), []string{"by unicast but not to the group", "who is missing does not run"}},
		{"another one is missing than answers by unicast", []Row{group(addr(1), 5), group(addr(9), 0)}, named(1, 2), []string{"by unicast but not to the group", "who is missing does not run"}},
		{"two by unicast only", []Row{group(addr(1), 0), group(addr(2), 0)}, named(1, 2), []string{"answer by unicast but not to the group: they have not joined", "with TTL 1"}},
		{"nobody", nil, named(1), []string{"nobody answered", "answers come by unicast", "with TTL 1"}},
	} {
		got := Explain(udp, tt.rows, tt.e)
		ok := len(got) == len(tt.want)
		for i := range min(len(got), len(tt.want)) {
			ok = ok && strings.Contains(got[i], tt.want[i])
		}
		if !ok {
			t.Errorf("%s: %q, want what holds %q", tt.name, got, tt.want)
		}
	}
}

// Verify that a host is looked for until it is found, and no longer.
func TestLooker(t *testing.T) {
	two := Expectation{Count: 2, Hosts: []Host{{Addrs: []netip.Addr{addr(1)}}, {Addrs: []netip.Addr{addr(2)}}}}
	silent := Row{Addr: addr(2), Series: Series{Sent: 5}, Unicast: Series{Sent: 5}}
	answers := Row{Addr: addr(1), Series: Series{Sent: 5, Received: 5}}
	l := looker{have: []Row{answers, silent}, expect: two}
	if l.enough() {
		t.Error("a host that nobody has seen needs no looking for")
	}
	l.add(Neighbour{Addr: addr(1), How: "arp"})
	if len(l.found) != 0 {
		t.Errorf("one that answered the group was noted: %+v", l.found)
	}
	l.add(Neighbour{Addr: addr(3), How: "echo"})
	l.add(Neighbour{Addr: addr(3), How: "arp"})
	if len(l.found) != 0 {
		t.Errorf("one that nobody asked for was noted: %+v", l.found)
	}
	l.add(Neighbour{Addr: addr(2), How: "arp"})
	if len(l.found) != 1 || !l.enough() {
		t.Errorf("found %+v, enough %v", l.found, l.enough())
	}

	silent.Unicast.Received = 5
	l = looker{have: []Row{answers, silent}, expect: two}
	if !l.enough() {
		t.Error("a host that answers by unicast is looked for")
	}
	l.add(Neighbour{Addr: addr(2), How: "arp"})
	if len(l.found) != 0 {
		t.Errorf("one that answered by unicast was noted as a neighbour: %+v", l.found)
	}
	l.add(Neighbour{Addr: addr(2), How: "echo"})
	if len(l.found) != 1 {
		t.Error("that muster's own echo reaches it by the group was not noted")
	}
}
