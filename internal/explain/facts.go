package explain

import (
	"regexp"
	"strings"

	"muster/internal/lazyregexp"
)

// facts are what a text is about, as the rules ask for it: names of errors and the
// words below in capitals, and the text itself in lower case.
type facts struct {
	lower string
	flags map[string]bool
}

// about are the circumstances that decide between the meanings of one error.
var about = map[string]func() *regexp.Regexp{
	"JOIN":     lazyregexp.New(`join|add_?membership|add_source|mreq|setsockopt|multicast interface|setinterface|multicast_if|subscribe`),
	"BIND":     lazyregexp.New(`bind|listen `),
	"SEND":     lazyregexp.New(`send|sent|write|mcast message`),
	"CONNECT":  lazyregexp.New(`connect|tcp|faulty members|receiver`),
	"RECEIVER": lazyregexp.New(`receiver|cluster listener|replication listener|server socket|tribes\.transport|unable to start cluster|catalina\.start|channelexception`),
	"CLUSTER":  lazyregexp.New(`tribes|catalina|cluster|channelexception|faulty members|replicat|tomcat`),
	"MCAST":    lazyregexp.New(`multicast|mcast|\b2(2[4-9]|3[0-9])\.\d+\.\d+\.\d+|\bff[0-9a-f]{2}:|datagram|udp|igmp|membership`),
	"MACOS":    lazyregexp.New(`macos|darwin|mac os|can't assign|\[errno 65\]|\[errno 49\]|osx`),
	"WINDOWS":  lazyregexp.New(`windows|wsa|winerror|\(?os error 100|\b100[1-6]\d\b`),
	"JAVA":     lazyregexp.New(`java|exception|at org\.|jgroups|jgrp|hazelcast|tomcat`),
	"IPV6":     lazyregexp.New(`ipv6|\bff[0-9a-f]{2}:|udp6|inet6`),
}

func factsOf(text string) facts {
	f := facts{lower: strings.ToLower(text), flags: errnosOf(strings.ToLower(text))}
	for name, re := range about {
		if re().MatchString(f.lower) {
			f.flags[name] = true
		}
	}
	return f
}

// has reports whether a condition holds: words of which one must be there, with "|"
// between them, all of those that "&" joins; "!" before a part is: none of them. A
// word in capitals is a flag, any other stands in the text.
func (f *facts) has(condition string) bool {
	for part := range strings.SplitSeq(condition, " & ") {
		want := true
		if part[0] == '!' {
			want, part = false, part[1:]
		}
		if f.one(part) != want {
			return false
		}
	}
	return true
}

func (f *facts) one(words string) bool {
	for w := range strings.SplitSeq(words, "|") {
		if w[0] >= 'A' && w[0] <= 'Z' {
			if f.flags[w] {
				return true
			}
		} else if strings.Contains(f.lower, w) {
			return true
		}
	}
	return false
}
