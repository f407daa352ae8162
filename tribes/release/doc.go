// Package release is what differs between the releases of Tomcat from 5.5 to 11
// where their clusters are concerned, as data: which classes and attributes a
// release has, its defaults, what is known to be wrong with it ([Advisories]),
// when its branch ends ([Branches]), and which changes forbid that old and new
// nodes run at once ([Changes]).
//
// Nothing here reads a file, opens a socket or knows who asks. Tables that are
// large are unpacked when they are first asked for, so that they cost a command
// that has no use for them nothing.
package release
