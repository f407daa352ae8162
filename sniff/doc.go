// Package sniff reads what is on the wire: it takes packets of a capture, finds
// out what each means, and learns from them who is in which cluster, which
// queriers keep the groups alive, and what is wrong.
//
// The way of a packet: capture.Source gives it, filter.Filter keeps it, frame
// reads its headers, a decoder says what it is, the stream assembler
// puts TCP together, analysis counts. Each kept packet and each message inside a
// stream becomes an Event; Sniffer ties the parts together, and Run feeds it from
// a source until its end.
package sniff
