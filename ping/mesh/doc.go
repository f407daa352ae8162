// Package mesh lets nodes find out who of them hears whom, without a server and
// without a list. Each node announces itself on a group, in datagrams that are
// muster's own and on a port of their own (DefaultPort), and says whom it hears
// and how well; so every node knows the whole matrix. Beside the group, nodes
// exchange small unicast datagrams: the time, which tells the difference of two
// clocks and proves who hears whom, and announcements for those who do not hear
// the group.
//
// Start with Run. Node is the state without sockets and without output; Report is
// what it knows; Judge turns a Report into verdicts. wire.go has the bytes.
//
// The group's load stays below Config.Load whatever the number of nodes: each
// node takes its share of it, and waits when it hears the others exceed it. What
// a node remembers is bounded by maxNodes.
package mesh
