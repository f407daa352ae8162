// Package membership follows the members of a Tomcat cluster by their
// heartbeats and sends those of a member of its own (T/membership/McastService,
// with the checks of T/group/interceptors/TcpFailureDetector).
//
// Table is the judgement: who is a member, who is suspected, who is gone, and
// why. It has no socket and no clock; it is told what was heard and when.
// Service gives it both: a multicast conn, the time, and a question to ask over
// TCP before a member is announced or given up.
//
// Nothing that arrives is trusted: the table has a limit of members and of
// bytes, members that are in it are never pushed out by newcomers, and the
// number and rate of TCP checks are bounded.
package membership
