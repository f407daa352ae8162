// Package replication follows the replication of sessions from the messages that
// nodes send each other: what is created, changed, accessed, expired, renamed and
// moved, who asks for state and who sends it, how long each took, and what is
// wrong about it. It reads DeltaManager's messages and those of replicated maps
// (BackupManager).
//
// A View is given each message as somebody saw it, a guest to whom it was sent or
// a capture between two others, and answers with what happened. It waits for
// nothing, sends nothing, takes its time from what it is given, and what strangers
// can make it hold is bounded.
package replication
