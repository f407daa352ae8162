// Package netlab builds small networks for tests: hosts with an eth0 of their
// own on a switch, real kernel multicast between them, and the faults that real
// networks have. It needs no root: the test binary starts itself again in new
// user, network, mount and process-id namespaces, where it may do as it likes
// and which end, with everything in them, when it does.
//
// A package that uses it says so once and then makes a lab for each test:
//
//	func TestMain(m *testing.M) { netlab.Main(m) }
//
//	func TestTwoHosts(t *testing.T) {
//		lab := netlab.New(t, netlab.Config{Hosts: 2})
//		lab.Host(1).Do(func() { conn, err = net.ListenPacket("udp4", ":45564") })
//		out, err := lab.Host(2).Command(ctx, "ip", "route").Output()
//	}
//
// The network of a lab:
//
//	      n1            n2            n3
//	10.77.0.11    10.77.0.12    10.77.0.13     eth0, fd77::11 ...
//	       |             |             |
//	-------+-------------+-------------+------ br0 in the switch, 10.77.0.1
//	-------+-------------+-------------+------ br1 with Config.Dual, 10.78.0.1
//	       |             |             |       eth1, 10.78.0.11, fd78::11 ...
//
// Where the machine cannot do this (another OS, no user namespaces, a kernel
// without veth or bridge), New skips the test and names what is missing.
// Netlab is for tests: the product never imports it.
package netlab
