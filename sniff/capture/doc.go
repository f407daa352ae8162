// Package capture is where packets come from and go to: pcap and pcapng files,
// pipes, and the interfaces of this host. It knows how packets are stored, not
// what they hold.
//
// Open reads a file or a stream of any of these forms, Live listens on
// interfaces (Linux), Writer writes pcapng. A Source gives its packets one after
// the other into a buffer of its own, so that reading a file of any length takes
// the same memory.
package capture
