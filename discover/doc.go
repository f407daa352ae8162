// Package discover asks the discovery protocols of other products once who is there,
// and listens for a few seconds. It sends nothing that makes a member of anybody, joins
// no cluster, elects nobody and changes nothing: where a product has no such question
// (Hazelcast, Ehcache, ActiveMQ), it only listens.
package discover
