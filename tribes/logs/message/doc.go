// Package message knows what the cluster packages of Tomcat can log: which message
// a line is, whatever the release and the language, what stands in it, and what it
// means. It does not know how a line was found.
package message
