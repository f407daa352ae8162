// Package session reads and writes the objects that Tomcat's nodes send each
// other: session messages with the deltas and session lists inside them, RPC,
// the messages of replicated maps, and what the deployer and static membership
// send. H/ stands for org.apache.catalina.ha, T/ for
// org.apache.catalina.tribes.
//
// Parse turns the message of a frame into one of these types; each has an
// Append that writes it again, byte for byte where Java writes the same object
// the same way. What refuses an object of another class version is its
// serialVersionUID: an answer copies the class of the message that it answers.
package session
