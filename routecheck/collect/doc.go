// Package collect reads the facts of the host that it runs on.
//
// Facts asks each system in its own way: Linux over netlink, sock_diag and /proc,
// macOS and the BSDs through the routing sysctl and pfctl, Windows through its own
// calls and the registry. What cannot be read is a fact with a reason; nothing
// fails. It sends no packet, joins no group and changes nothing; only the host's
// own name may be asked of a name server.
package collect
