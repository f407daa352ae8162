// Package ping sends probes to a group and keeps an account of every responder:
// what it answered, what was lost, how long it took. The probes are ICMP echo
// requests, which kernels answer where they are allowed to, or muster's own echo
// over UDP (Echo), which a Responder answers.
//
// Start with Run and a Link; Open makes the links with real sockets. The account
// itself is a Tracker, which knows neither sockets nor clocks. Who hears whom
// among many nodes is package mesh below.
//
// The package knows nothing of Tomcat and sends nothing to its port.
package ping
