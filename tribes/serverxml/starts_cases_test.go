package serverxml

import (
	"regexp"
	"slices"
	"strings"
)

// start is a change of a sound server.xml with which a Tomcat of each release was
// started; what that did is in testdata/starts.json.
type start struct {
	name string
	edit func(string) string
	// quiet: members that find each other without heartbeats are meant.
	quiet bool
	// unseen is why we say fail, or it does not matter, where one Tomcat alone starts
	// and is heard: what the start of one cannot show.
	unseen string
}

const (
	m4Address   = `address="228.0.0.4" port="45564"`
	nioAddress  = `address="10.77.0.11" port="4000"`
	transport   = `<Transport className="org.apache.catalina.tribes.transport.nio.PooledParallelSender"/>`
	wholeSender = `(?s)          <Sender .*?</Sender>\n`
	binderOld   = `<ClusterListener className="org.apache.catalina.ha.session.JvmRouteSessionIDBinderListener"/>`
	onlyShared  = "the sessions of two are not shared, and one is no cluster"
	onlyIPv6    = "with IPv4 sockets it starts, and the file does not say which it has"
	onlyHost    = "which addresses a host has is not in the file"
	onlyApart   = "others are not found, and one is no cluster"
)

// starts6 are those of 6.0 and later, on base.xml.
var starts6 = slices.Concat([]start{
	{name: "sound", edit: func(s string) string { return s }},
	{name: "bind blank", edit: swap(`dropTime="3000"`, `dropTime="3000" bind=""`)},
	{name: "bind loopback", edit: swap(`dropTime="3000"`, `dropTime="3000" bind="127.0.0.1"`)},
	{name: "bind a device", edit: swap(`dropTime="3000"`, `dropTime="3000" bind="eth0"`)},
	{name: "bind its own address", edit: swap(`dropTime="3000"`, `dropTime="3000" bind="10.77.0.11"`), unseen: onlyIPv6},
	{name: "group blank", edit: swap(`address="228.0.0.4"`, `address=""`)},
	{name: "names of 5.5 for the membership", edit: swap(m4Address, `mcastAddr="228.0.0.9" mcastPort="45570"`)},
	{name: "receiver blank", edit: swap(`address="10.77.0.11"`, `address=""`)},
	{name: "receiver localhost", edit: swap(`address="10.77.0.11"`, `address="localhost"`)},
	{name: "receiver a device", edit: swap(`address="10.77.0.11"`, `address="eth0"`)},
	{name: "receiver by bind", edit: swap(nioAddress, `bind="10.77.0.11" port="4000"`)},
	{name: "receiver of BIO", edit: swap(`nio.NioReceiver`, `bio.BioReceiver`)},
	{name: "listener of 7.0", edit: swap(listenerLine, binderOld+"\n"+listenerLine)},
	{name: "options by name", edit: swap(send8, `channelSendOptions="sync,use_ack"`)},
	{name: "Sender without Transport", edit: swap(transport, "")},
	{name: "Sender with transport", edit: swap(transport, "", `<Sender `, `<Sender transport="org.apache.catalina.tribes.transport.nio.PooledParallelSender" `)},
	{name: "encryption", edit: encrypt(`encryptionKey="` + key16 + `"`)},
	{name: "key of 5 bytes", edit: encrypt(`encryptionKey="0102030405"`), unseen: "no message leaves, and one alone sends none"},
	{name: "order above fragments, one flag", edit: swap(send8, `channelSendOptions="520"`, detectorLine, interceptor("OrderInterceptor", `optionFlag="512"`)+
		interceptor("FragmentationInterceptor", `optionFlag="512"`)+detectorLine), unseen: onlyShared},
	{name: "static members alone", edit: static(memberN("Member", 2)), quiet: true},
	{name: "a local static member beside multicast", edit: swap(dispatchLine, dispatchLine+staticList(memberN("LocalMember", 1), memberN("Member", 2)))},
	{name: "BackupManager that is to expire", edit: swap(`DeltaManager" expireSessionsOnShutdown="false"`, `BackupManager" expireSessionsOnShutdown="false"`)},
	{name: "EUC-KR in a comment", edit: both(swap(`encoding="UTF-8"`, `encoding="EUC-KR"`), swap(`  <Service`, "  <!-- \xc5\xac\xb7\xaf\xbd\xba\xc5\xcd -->\n  <Service"))},
}, chosen(
	"bytes that are no UTF-8", "misspelt class", "two memberships", "unknown attribute", "group is a host", "ttl 0", "filter for another domain",
	"receiver on an address of nobody", "receiver port of a connector, fixed", "encryption below the detector",
))

// chosen are mistakes of the table for 10.1, with what the start of one does not show.
func chosen(names ...string) (out []start) {
	unseen := map[string]string{"two memberships": onlyApart, "filter for another domain": onlyApart, "receiver on an address of nobody": onlyHost}
	for _, n := range names {
		i := slices.IndexFunc(brokenFiles, func(b broken) bool { return b.name == n })
		out = append(out, start{name: n, edit: brokenFiles[i].edit, unseen: unseen[n]})
	}
	return out
}

const (
	member5   = `mcastAddr="228.0.0.7" mcastPort="45567" mcastFrequency="400" mcastDropTime="2500"`
	receiver5 = `tcpListenAddress="10.77.0.11" tcpListenPort="4001"`
)

// starts5 are those of 5.5, on tomcat5.xml.
var starts5 = []start{
	{name: "sound", edit: func(s string) string { return s }},
	{name: "bind blank", edit: swap(member5, member5+` mcastBindAddress=""`)},
	{name: "bind loopback", edit: swap(member5, member5+` mcastBindAddress="127.0.0.1"`)},
	{name: "bind a device", edit: swap(member5, member5+` mcastBindAddress="eth0"`)},
	{name: "bind its own address", edit: swap(member5, member5+` mcastBindAddress="10.77.0.11"`), unseen: onlyIPv6},
	{name: "group blank", edit: swap(`mcastAddr="228.0.0.7"`, `mcastAddr=""`)},
	{name: "group is a host", edit: swap(`mcastAddr="228.0.0.7"`, `mcastAddr="10.1.2.3"`)},
	{name: "no group", edit: swap(`mcastAddr="228.0.0.7" `, ``)},
	{name: "group port too large", edit: swap(`45567`, `70000`)},
	{name: "ttl 0", edit: swap(member5, member5+` mcastTTL="0"`)},
	{name: "names of later releases for the membership", edit: swap(member5, `address="228.0.0.7" port="45567" frequency="400" dropTime="2500"`)},
	{name: "receiver blank", edit: swap(`tcpListenAddress="10.77.0.11"`, `tcpListenAddress=""`)},
	{name: "receiver localhost", edit: swap(`tcpListenAddress="10.77.0.11"`, `tcpListenAddress="localhost"`)},
	{name: "receiver a device", edit: swap(`tcpListenAddress="10.77.0.11"`, `tcpListenAddress="eth0"`)},
	{name: "receiver on an address of nobody", edit: swap(`tcpListenAddress="10.77.0.11"`, `tcpListenAddress="192.0.2.1"`), unseen: onlyHost},
	{name: "receiver port of a connector", edit: swap(`tcpListenPort="4001"`, `tcpListenPort="8080"`)},
	{name: "names of later releases for the receiver", edit: swap(receiver5, `address="10.77.0.11" port="4001"`)},
	{name: "mode of nobody", edit: swap(`replicationMode="pooled"`, `replicationMode="quick"`)},
	{name: "mode synchronous", edit: swap(`replicationMode="pooled"`, `replicationMode="synchronous"`)},
	{name: "no Sender", edit: func(s string) string {
		return regexp.MustCompile(`(?s)          <Sender .*?/>\n`).ReplaceAllString(s, "")
	}},
	{name: "no Membership", edit: func(s string) string {
		return regexp.MustCompile(`(?s)          <Membership .*?/>\n`).ReplaceAllString(s, "")
	}},
	{name: "class of later releases", edit: swap(`cluster.mcast.McastService`, `tribes.membership.McastService`)},
	{name: "misspelt class", edit: swap(`cluster.mcast.McastService`, `cluster.mcast.MulticastService`)},
	{name: "manager of nobody", edit: swap(`cluster.session.DeltaManager`, `cluster.session.EpsilonManager`), unseen: onlyShared},
	{name: "unknown attribute", edit: swap(`mcastDropTime`, `mcastDropTimeout`)},
	{name: "bytes that are no UTF-8", edit: swap(`name="Catalina" default`, "name=\"Cat\xe4lina\" default")},
	{name: "element not closed", edit: swap("        </Cluster>\n", "")},
	{name: "two memberships", edit: func(s string) string {
		m := regexp.MustCompile(`(?s)          <Membership .*?/>\n`).FindString(s)
		return strings.Replace(s, m, m+strings.Replace(m, "45567", "45568", 1), 1)
	}, unseen: onlyApart},
	{name: "no ClusterListener", edit: func(s string) string {
		return regexp.MustCompile(`          <ClusterListener .*?/>\n`).ReplaceAllString(s, "")
	}, unseen: onlyShared},
}
