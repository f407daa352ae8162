// Package explain finds what an error text means: a line of a log, a whole stack
// trace, a log, the words of a program in any language. It knows the messages of
// Tomcat's cluster packages (package message), the errors of the systems as each
// language spells them (errno.go), what kernels, firewalls and other products write
// (rules.go), and, for the words of people, the table docs/checks/messages.md.
package explain
