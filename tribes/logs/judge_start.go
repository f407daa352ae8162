package logs

import (
	"fmt"
	"strings"
	"time"

	"muster/internal/verdict"
)

// startCause is what the innermost exception of a failed start means.
type startCause struct {
	words      []string // all of them stand in the exception or its wrappers
	frames     string   // and this in its stack trace, where there is one
	id         verdict.ID
	confidence verdict.Confidence
	saw, fix   string
}

// startCauses in the order in which they are tried. part is "receiver" or
// "membership" where a cause means another thing there.
var startCauses = []startCause{
	{[]string{"Not a multicast address"}, "", "group.invalid", verdict.Definite, "the group is no multicast address", "set Membership address to one of 224.0.0.0 to 239.255.255.255, such as 228.0.0.4"},
	{[]string{"Invalid AES key length"}, "", "config.encryption", verdict.Definite, "the encryption key has a length that AES does not know", "give EncryptInterceptor a key of 16, 24 or 32 bytes, as 32, 48 or 64 hexadecimal digits"},
	{[]string{"Encryption key is required"}, "", "config.encryption", verdict.Definite, "EncryptInterceptor has no key", "give EncryptInterceptor an encryptionKey, the same on all nodes"},
	{[]string{"EncryptInterceptor must be upstream"}, "", "tribes.interceptor-order", verdict.Definite, "EncryptInterceptor stands below TcpFailureDetector", "list EncryptInterceptor before TcpFailureDetector"},
	{[]string{"EncryptInterceptor does not support"}, "", "config.encryption", verdict.Definite, "EncryptInterceptor does not know the algorithm", "use AES/GCM/NoPadding, on all nodes"},
	{[]string{"Interceptor option flag conflict"}, "", "config.option-flag", verdict.Definite, "two interceptors have the same option flag", "give each interceptor an optionFlag of its own"},
	{[]string{"There is no localMember"}, "", "config.static-member", verdict.Definite, "the static membership has no local member", "add a LocalMember to the StaticMembershipService"},
	{[]string{"tcpListenPort"}, "", "tribes.static-mix", verdict.Likely, "a LocalMember of the StaticMembershipInterceptor, and multicast at once: the McastService is not told who it is", "set channelStartOptions=\"3\" on Cluster"},
	{[]string{"message header value", "Bearer"}, "", "provider.environment", verdict.Definite, "the token file ends in a newline, or holds more than the token", "write the token without a newline: printf %s, not echo"},
	{[]string{"can be less than 0 for URLConnection"}, "", "config.value", verdict.Definite, "connectTimeout or readTimeout of the CloudMembershipService is negative", "take it out, or set 1000"},
	{[]string{"No network interface with address"}, "", "config.address", verdict.Definite, "the address given to bind is none of this host's", "correct the bind attribute of Membership"},
	{[]string{"Invalid value 'null'"}, "", "config.address", verdict.Likely, "the address given to bind belongs to no interface of this host", "correct the bind attribute of Membership"},
	{[]string{"annot assign requested address"}, "", "config.address", verdict.Definite, "an address that is to be bound is none of this host's", "correct the address of Receiver, or the bind of Membership"},
	{[]string{"an't assign requested address"}, "", "config.address", verdict.Likely, "an address that is to be bound is none of this host's, or Java chose IPv6 for it", "correct the address of Receiver; on macOS add -Djava.net.preferIPv4Stack=true"},
	{[]string{"nresolved"}, "", "addr.hostname-loopback", verdict.Likely, "a name could not be turned into an address", "give Receiver an address instead of a name"},
	{[]string{"UnknownHostException"}, "", "addr.hostname-loopback", verdict.Definite, "a name could not be turned into an address", "give Receiver an address instead of a name"},
	{[]string{"Address already in use", "receiver"}, "", "tribes.receiver-port", verdict.Definite, "every port that the receiver may take is taken", "stop what has the port, or raise the port or autoBind of Receiver"},
	{[]string{"Address already in use"}, "", "sock.port-in-use", verdict.Likely, "a port that is needed is taken by something else", "stop what has the port, which ss -lnup names"},
	{[]string{"Permission denied"}, "", "sec.selinux", verdict.Hint, "the system forbids to bind or to join", ""},
	{[]string{"No such device"}, "", "route.none", verdict.Likely, "no interface of this host leads to the group: there is no route to it and no default route, or the interface is gone", "ip route add 224.0.0.0/4 dev INTERFACE"},
	{[]string{"Network is unreachable"}, "", "route.none", verdict.Likely, "no interface of this host leads to the group", "ip route add 224.0.0.0/4 dev INTERFACE"},
	{[]string{"No buffer space available"}, "", "limit.memberships", verdict.Likely, "the process may join no more groups", "sysctl -w net.ipv4.igmp_max_memberships=100"},
	{[]string{"Operation not permitted"}, "", "sec.systemd-sandbox", verdict.Hint, "the system forbids to join or to send", ""},
	{[]string{"Address family not supported"}, "", "ipv6.disabled", verdict.Likely, "the address family of the group or the receiver is switched off", ""},
	{[]string{"java.net.SocketException: Invalid argument"}, "", "java.ipv6-stack", verdict.Likely, "Java's IPv6 sockets cannot join this IPv4 group here", "add -Djava.net.preferIPv4Stack=true to Tomcat's options"},
	{[]string{"ClassNotFoundException"}, "", "config.class", verdict.Definite, "a class that the configuration names is not there", ""},
	{[]string{"NoClassDefFoundError"}, "", "config.class", verdict.Definite, "a class that the cluster needs is not there", ""},
	{[]string{"java.lang.IllegalArgumentException"}, "ThreadPoolExecutor", "config.threads", verdict.Definite, "the receiver's maxThreads is below its minThreads", "set maxThreads of Receiver to minThreads (6 by default) or more"},
	{[]string{"java.lang.IllegalArgumentException$"}, "", "config.threads", verdict.Likely, "a thread pool got impossible bounds", "set maxThreads of Receiver to minThreads (6 by default) or more"},
}

func (c *startCause) fits(e *Event, receiver bool) bool {
	for _, w := range c.words {
		switch {
		case w == "receiver":
			if !receiver {
				return false
			}
		case strings.HasSuffix(w, "$"):
			if e.Cause != strings.TrimSuffix(w, "$") {
				return false
			}
		case !contains(e.causes, w):
			return false
		}
	}
	return c.frames == "" || contains(e.frames, c.frames)
}

// start judges a cluster that did not start. What several lines of one failed start
// say is one verdict.
func (j *judge) start(n *Node) {
	failed := eventsOf(n, StartFailed)
	var told []verdict.ID
	for _, e := range failed {
		receiver := contains(e.frames, "Receiver") || strings.Contains(e.Key, "eceiver")
		for _, other := range failed {
			receiver = receiver || strings.Contains(other.Key, "eceiver") && other.Time.Sub(e.Time).Abs() < 2*time.Second
		}
		for i := range startCauses {
			c := &startCauses[i]
			if !c.fits(e, receiver) {
				continue
			}
			if has(told, c.id) {
				break
			}
			told = append(told, c.id)
			var parts []verdict.Part
			if c.fix != "" {
				parts = append(parts, verdict.Fix(c.fix))
			}
			j.explained[n] = c.id
			j.add(c.id, verdict.Fail, c.confidence, n.Name,
				fmt.Sprintf("the cluster of %s did not start at %s: %s (%s)", n.Name, clockText(e.Time), c.saw, e.Cause), []*Event{e}, parts...)
			break
		}
	}
	if len(failed) > 0 && len(told) == 0 {
		e := failed[0]
		j.explained[n] = "tribes.not-joined"
		j.add("tribes.not-joined", verdict.Fail, verdict.Likely, n.Name,
			fmt.Sprintf("the cluster of %s did not start at %s, and the reason is none that is known: %s", n.Name, clockText(e.Time), firstOf(e.Cause, e.Text)), []*Event{e})
	}
}

func has[T comparable](list []T, v T) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// settings judges attributes that Tomcat did not understand.
func (j *judge) settings(n *Node) {
	list := eventsOf(n, Setting)
	if len(list) == 0 {
		return
	}
	var names []string
	for _, e := range list {
		if !has(names, e.Detail) {
			names = append(names, e.Detail)
		}
	}
	j.add("config.attribute", verdict.Warn, verdict.Definite, n.Name,
		fmt.Sprintf("Tomcat did not understand %s of %s's server.xml: the setting has no effect", strings.Join(names, ", "), n.Name), list,
		verdict.Next("muster tribes config server.xml, on "+n.Name+", names the line and the right attribute"))
}
