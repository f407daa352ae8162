// Package traffic makes multicast traffic and counts what arrives of it:
// [Generate] sends once, at a rate or as fast as it goes, [Receive] reads until
// it is told to stop, and a [Tally] keeps the account of each sender. It prints
// nothing.
package traffic
