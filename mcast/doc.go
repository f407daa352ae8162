// Package mcast is the bottom of the house: multicast groups, the interfaces
// they are heard on, and sockets that do what their user believes they do.
//
// [ParseGroup] reads a group as people write it, [FindInterface] chooses the
// interface and tells why, [Listen] makes a [Conn]: it joins groups (any source
// or one source), hears only what it joined, sends, and tells of every datagram
// where it went, where and when it came in, and with which TTL. [Node] is the
// smallest program over it.
//
// Linux is complete. Other systems do what golang.org/x/net offers there;
// [Conn.Lacks] says in sentences what is missing.
//
// Standards: RFC 1112 (host groups), RFC 3678 (source filters), RFC 4607
// (source-specific multicast), RFC 4291 and 7346 (IPv6 groups and scopes).
package mcast
