// Package interceptor has what Tomcat's channel interceptors do to the bytes of
// a message: gzip, fragments, order, two-phase commit, encryption, election.
// Everything here is a function of its arguments; where time matters, the caller
// says what time it is. What keeps state (assembling fragments, ordering,
// replay) holds at most what its fields allow, and tells when that is not
// enough. Sources are T/group/interceptors.
package interceptor
