// Package tomcat takes a cluster of real Tomcats through the steps of a
// session's life, by HTTP and the cluster's own protocol together: a session
// made on one is read on the other by its id, its counter goes on from where it
// was, a node is killed by a command of the user's or by hand.
//
// Meanwhile muster is a guest of the cluster (wire.go): it hears heartbeats, sees
// session messages, asks receivers whether they answer and, when a step failed,
// asks the Tomcats what they hold (ask.go). From that Judge says which half is
// broken: the members, the replication between them, or the serving of what was
// replicated.
//
// Run goes through the scenario. With Config.Guest it is muster that replicates a
// session, and the Tomcats that have to serve it.
package tomcat
