// Package replicatedmap is a replicated map as a Tomcat has it
// (T/tipis/AbstractReplicatedMap, LazyReplicatedMap), and what a BackupManager
// makes of it: Sessions.
//
// Each entry has one primary node, where it is used, and one backup, which holds
// a copy; every other node holds a proxy, which only knows these two. A node that
// is asked for an entry of which it is not the primary becomes it: as the backup
// it chooses a new backup, as a proxy it fetches the value from the backup. When
// the primary is gone the backup takes its place, when the backup is gone the
// primary chooses another. Backups are chosen in turn among the map's members.
//
// A node is a member of the map, and may be chosen, from the moment it has said
// MSG_START. It then holds other nodes' only copies: no guest may do that.
//
// The package does not know sockets: a Channel carries its messages, and hands
// those that come to HandleMessage and Answer.
package replicatedmap
