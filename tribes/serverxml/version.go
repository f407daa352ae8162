package serverxml

import "muster/tribes/release"

// Version is the release of Tomcat that a file is judged for.
type Version = release.Release

// DefaultVersion is what a file is judged for where nothing tells another.
//
// What is written about it in the tables of this package was read from the
// sources and documentation of 9.0.121, 10.1.59 and 11.0.25 (August 2026); which
// classes and attributes each release has is release's table, made of the classes.
var DefaultVersion = Version{Line: "10.1", Patch: -1}
