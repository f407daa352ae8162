// Package product runs real peers other than Tomcat on a lab's hosts: JGroups,
// Hazelcast, Infinispan, Ehcache, ActiveMQ, and a lookup service, a space and workers
// of Apache River (Jini). Their jars come from Maven Central, pinned by checksums; small
// programs of our own (mains/) make members of them and print what the product says of
// itself, a line "KEY VALUE" each.
//
// A test skips where Java or the jars are missing, and names what.
package product
