// Package smoke proves by doing that a cluster works on this host: it starts
// real processes, each a member with its own TCP receiver, lets them find each
// other by real multicast, kills one without warning, and looks at what the
// others notice.
//
// Run is the driver: it starts the processes and goes through the steps of the
// scenario. Node is the process that it starts: a member that obeys commands on
// its standard input and reports on its standard output, one JSON object a line
// (protocol.go). The driver never trusts its own memory of what it asked for: a
// step passes when the nodes report it.
package smoke
