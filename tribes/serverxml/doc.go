// Package serverxml reads a Tomcat's server.xml the way Tomcat does and tells what
// the cluster in it will do, what is wrong with it, and how two nodes differ.
//
// [Read] turns one file into a [File]: every <Cluster> with each attribute, its
// value and where the value came from (the file, a property, or Tomcat's
// default). [Check] judges files, one alone and several against each other, and
// [Describe] says in sentences what a cluster will do. [Cluster.Settings] gives
// the plain numbers to the commands that join or watch that cluster.
//
// Nothing here starts Tomcat, opens a socket, resolves a name or follows a
// reference out of the file: what the judgement needs from outside (properties,
// the host's name, the file's permissions) is handed in. Input is hostile by
// assumption: bytes, depth, elements and findings are bounded (limits.go), a DTD
// is recognised but never expanded.
//
// What Tomcat does with each mistake was tried with a real one; see
// docs/checks/config-accuracy.md. T/ stands for org.apache.catalina.tribes and
// H/ for org.apache.catalina.ha.
package serverxml
