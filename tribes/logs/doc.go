// Package logs reads what Tomcats write into catalina.out: of any release from 5.5
// to 11, in any form and language, of one node or of several. It makes one timeline
// of them, tells who saw whom, and judges by the catalogue. It knows no network: it
// reads what it is given.
//
// The way of a line: a file is split into lines (lines.go), lines become records
// with a time, a logger and a text (record.go, header.go), records become events of
// the cluster (event.go) by the message that they hold (package message), events of
// several nodes become one timeline (clock.go), and judges (judge*.go) read that.
package logs
