// Package cluster is a whole member: Join brings up a TCP receiver, joins the
// group, sends heartbeats and follows the others, as Tomcat's GroupChannel does
// with its defaults. Observe only listens.
//
// The order is Tomcat's lesson: the receiver listens before the first heartbeat
// goes out, because every Tomcat asks it before it counts a newcomer, and the
// goodbye goes out on every way down.
package cluster
