// Package querier knows who asks for memberships: the IGMP and MLD queriers of each
// interface, the values that they tell, whether they fit each other, the
// memberships of this host, and when a switch would forget them if nobody asked
// any more (RFC 2236, RFC 3376, RFC 2710, RFC 3810).
//
// A Tracker is told each message that was seen (the caller captures) and the
// memberships that readMemberships found; Tracker.Report is what it knows, Judge
// turns that into verdicts. Nothing here sends, but Provoke: it joins a group
// that no one uses and leaves it, so that a querier asks about it.
package querier
