package explain

// A rule says what a text with these words means. Rules are tried in their order:
// what names its cause comes before what several causes have in common.
type rule struct {
	when string // see facts.has
	ids  string // of the catalogue, the likeliest first
	text string
	// weak rules are said only where the text is no message of Tomcat: what the
	// message means is more than what they know.
	weak bool
}

var rules = []rule{
	// Sessions whose content cannot travel.
	{"notserializableexception|non-serializable attribute|is not serializable|writeabortedexception", "tribes.session-content", "An object in a session cannot be serialised, so it cannot travel to another node.", false},
	{"invalidclassexception", "tribes.session-content,tribes.version-mix", "The class of an object in a session is another version on the other node.", false},
	{"org.apache.catalina.tribes.group.interceptors.messagedispatch15interceptor", "config.legacy,config.class", "The class is of an older Tomcat; since 8.5 it is MessageDispatchInterceptor.", false},
	{"noclassdeffounderror|classnotfoundexception & org/apache/catalina/|org.apache.catalina.", "config.class,config.legacy", "A class of Tomcat's cluster is not there: a jar is missing, or the class belongs to another release.", false},
	{"classnotfoundexception|noclassdeffounderror & messagereceived|deltamanager|session|unable to receive message", "tribes.session-content", "The class of an object in a session is not in the application of this node.", false},

	// Lines that look bad and are not.
	{"creation of securerandom instance", "", "Making random numbers took long at the start.", false},

	// Keys.
	{"replay attack", "tribes.clock-skew,tribes.version-mix,tribes.key-mismatch", "A message was refused as a replay: the clocks of the nodes differ, or a node encrypts in the older form.", false},
	{"badpaddingexception|aeadbadtagexception|illegalblocksizeexception|failed to decrypt", "tribes.key-mismatch", "A message does not decrypt: the keys or algorithms differ, or the sender does not encrypt.", false},
	{"invalid stream header", "tribes.key-mismatch,tribes.malformed,config.differs", "What came is no Java object: it is encrypted or compressed and this node does not undo that, or it was damaged.", false},
	{"invalid aes key length|encryption key is required|does not support algorithm", "config.encryption", "EncryptInterceptor cannot work with its key or algorithm.", false},
	{"must be upstream of tcpfailuredetector", "tribes.interceptor-order", "EncryptInterceptor has to stand before TcpFailureDetector.", false},

	// What Tomcat's server.xml can have wrong.
	{"not a multicast address", "group.invalid", "The group is no multicast address.", false},
	{"no network interface with address|invalid value 'null' & CLUSTER", "config.address,sock.join-interface", "The address given to bind belongs to no interface of this host.", false},
	{"staticmember & invocationtargetexception|invocationtarget & uniqueid", "config.value,config.static-member", "A value of a static member cannot be read.", false},
	{"failed to set property|did not find a matching property", "config.attribute,config.value,config.legacy,config.placeholder", "The class has no such attribute; the setting has no effect.", false},
	{"unable to start cluster|failed to start & java.lang.illegalargumentexception; |illegalargumentexception caused|threadpoolexecutor", "config.threads", "The receiver's maxThreads is below its minThreads.", false},
	{"farmwardeployer", "config.deployer", "FarmWarDeployer has to stand in a Host's Cluster, and the other node has to be allowed to deploy what comes.", true},
	{"not be distributable|not distributable", "config.distributable", "The application's sessions are not replicated: <distributable/> is missing or taken back.", false},

	// Java's choice of IPv6.
	{"only ipv6 sockets can join|unrecognized windows sockets error: 0", "java.ipv6-stack,ipv6.disabled,sock.port-in-use", "Java's socket is of the wrong address family for the group.", false},
	{"can't assign requested address & JOIN", "java.ipv6-stack,sock.join-interface", "Java joined with an IPv6 socket where only IPv4 leads to the group.", false},

	// The errors of the system, by what was being done.
	{"EADDRINUSE & RECEIVER & CLUSTER & !mcast|membership", "tribes.receiver-port,sock.port-in-use", "Every port that the receiver may take is taken.", false},
	{"unrecognized windows sockets error", "sock.port-in-use,java.ipv6-stack", "Windows gave Java an error that it has no words for; mostly the port is taken or reserved.", false},
	{"EADDRINUSE", "sock.port-in-use,sock.reuse-mismatch", "Something else has the port and does not share it.", false},
	{"EADDRNOTAVAIL & bind|listen & MCAST & !CLUSTER", "sock.bind-group", "A group's address cannot be bound on this system: bind the port alone and join the group.", false},
	{"EADDRNOTAVAIL & JOIN & !bindexception|RECEIVER", "sock.join-interface,java.ipv6-stack", "The interface that the group was to be joined on has no such address.", false},
	{"EADDRNOTAVAIL", "config.address,addr.hostname-loopback,sock.join-interface", "An address was to be bound that is none of this host's.", false},
	{"ENODEV", "route.none,sock.join-interface,iface.loopback-only", "No interface of this host leads to the group: no route to it and no default route, or no such interface.", false},
	{"ENETUNREACH", "route.none", "This host has no route to that address.", false},
	{"EHOSTUNREACH & MCAST & !faulty members|tcp://|connectexception|CONNECT", "route.blocked,env.macos-privacy,fw.output-drop", "The system refuses to send there: a route that forbids it, a filter that rejects it, on macOS the permission for the local network.", false},
	{"EHOSTUNREACH & MACOS", "env.macos-privacy,route.blocked", "macOS has not allowed this program to use the local network, or no route leads there.", false},
	{"EHOSTUNREACH & CLUSTER|CONNECT|noroutetohost", "tribes.half-open,route.blocked,config.address,fw.input-drop", "The other node cannot be reached: it is down, the address is wrong, or a firewall rejects it.", false},
	{"EHOSTUNREACH", "route.blocked,env.macos-privacy", "The system refuses to send there, or nobody on the way there answers.", false},
	{"EPERM & JOIN|BIND & !SEND", "sec.capabilities,sec.systemd-sandbox,env.rootless", "The process has not the right to do that.", false},
	{"EPERM", "fw.output-drop,sec.systemd-sandbox", "A filter of this host refused to send the packet, or a sandbox forbids it.", false},
	{"EACCES & SEND|MCAST & !bind|listen", "route.blocked,fw.output-drop,sec.selinux", "A route that forbids it, or the host's security, refused to send.", false},
	{"EACCES & BIND", "sec.selinux,sec.capabilities", "The process may not take that port.", false},
	{"ENOBUFS & JOIN|mrt_add|membership", "limit.memberships,limit.sources,limit.optmem", "The process or socket may join no more groups or sources.", false},
	{"ENOBUFS", "sock.send-nobufs,limit.optmem", "The queue of the interface or the socket is full.", false},
	{"EMSGSIZE", "mtu.too-big", "The datagram is larger than the interface or the socket lets through.", false},
	{"EAFNOSUPPORT", "ipv6.disabled,sec.systemd-sandbox", "The address family is switched off or forbidden to this process.", false},
	{"EINVAL & JAVA|SEND|JOIN", "java.ipv6-stack,route.blocked,sock.join-interface", "Java's IPv6 socket cannot do that with an IPv4 group on this system; -Djava.net.preferIPv4Stack=true avoids it.", false},
	{"ENETDOWN|EHOSTDOWN", "iface.down,iface.no-carrier", "The interface that leads there is down.", false},
	{"EMFILE", "tribes.load", "The process has no file handle left.", false},

	// Kernels and firewalls.
	{"proto=2 & ufw|in=|reject|drop|block", "fw.igmp-drop", "The firewall dropped IGMP: queries or reports do not pass.", false},
	{"in= out=e|in= out=w|in= out=b|in= out=l", "fw.output-drop", "The host's firewall dropped a packet that this host itself sent; OUT= names the interface, DPT= the port.", false},
	{"ufw block|final_reject|_drop:|iptables|nft|firewall|dropped: & in= & out=", "fw.input-drop,fw.output-drop", "The host's firewall dropped a packet; IN= names the interface it came by, DPT= the port.", false},
	{"filter_in_|filter_fwd_|ufw block|[ufw audit]", "fw.input-drop", "The host's firewall dropped a packet.", false},
	{"martian source|martian destination", "rpf.strict,rpf.loose-no-route", "The kernel dropped a packet whose source it would not answer by that interface (reverse path filter).", false},
	{"nf_conntrack & table full", "fw.input-drop", "The firewall's table of connections is full: new ones are dropped.", false},
	{"avc: denied|avc:  denied|selinux is preventing|apparmor=\"denied\"", "sec.selinux", "The host's security module forbade it.", false},
	{"duplicate address|is using my ip address|address conflict", "addr.duplicate-ip", "Another host has the same address.", false},
	{"out of memory: kill|oom-kill|killed process", "tribes.not-joined,tribes.gc-pause", "The kernel ended a process since memory was short.", false},
	{"soft lockup|blocked for more than|rcu_sched|rcu: info|self-detected stall|steal time", "tribes.gc-pause,env.hypervisor", "The host stood still for a while.", false},
	{"clock was stepped|time has been changed|system clock wrong by|time jumped|clock jumped|step time server", "tribes.clock-step", "The host's clock was set.", false},
	{"link is down|carrier lost|no-carrier|lost carrier", "iface.no-carrier,iface.down", "The interface lost its link.", false},
	{"igmp querier & no|without|missing", "igmp.no-querier", "There is no IGMP querier: switches forget who is in which group.", true},

	// Other products.
	{"bea-000109", "fw.output-drop,route.none,route.blocked", "WebLogic could not send to its group; what follows says why.", true},
	{"attempting to join the cluster & ttl", "ttl.too-small,tribes.one-way,switch.isolation", "Coherence hears nobody: its TTL may be too small for the routers between, or multicast does not get there.", false},
	{"join( & sent to & timed out", "fw.input-drop,peer.alone,peer.address", "JGroups found a member and got no answer from it: discovery comes through, and unicast does not, or their keys differ.", false},
	{"too many join attempts", "peer.alone,fw.input-drop,peer.address", "The coordinator that was found did not answer: its discovery comes through, and unicast does not.", false},
	{"no members discovered after & creating cluster", "peer.alone,fw.input-drop,route.none", "A JGroups member found nobody and made a cluster of its own: right for the first one, wrong for any other.", false},
	{"rejected decryption|failed decrypting|unrecognized cipher|failed to decrypt|could not decrypt & nodea|jgrp|jgroups|message from|message", "tribes.key-mismatch,peer.alone", "JGroups members whose keys differ, or one that encrypts and one that does not, throw each other's messages away.", false},
	{"not a valid address on any local network interface|no matching network interface found", "config.address,peer.address", "The member is to bind to an address that no interface of this host has.", false},
	{"buffer of socket & only allocated", "sock.rcvbuf-overflow", "The system gives a socket less buffer than JGroups asked for (net.core.rmem_max, wmem_max).", false},
	{"members part of different cluster|different cluster-name|different cluster name|different group name|group name mismatch|cluster name mismatch", "peer.two-clusters", "A Hazelcast member of a cluster with another name asks to join.", false},
	{"before join check failed|could not join cluster. shutting down", "peer.release-mix,peer.two-clusters,config.differs", "The master refused a Hazelcast member: the line before says why; most often the releases differ.", false},
	{"failed to process: packet & packettype=bind", "peer.release-mix", "A Hazelcast member of another release connects, and its first packet cannot be read.", false},
	{"no join method is enabled", "peer.alone", "Hazelcast looks for nobody: neither multicast nor a list of members is switched on.", false},
	{"members {size:1|members [1] {", "peer.alone,peer.two-clusters,fw.input-drop", "A Hazelcast member is alone: right for the first one, wrong where others run.", false},
	{"jgrp|jgroups & different version|jgrp000010", "peer.release-mix", "A packet of another JGroups release was thrown away: major and minor have to be equal.", true},
	{"jgrp|jgroups & different cluster|different group|jgrp000012", "peer.two-clusters", "Another JGroups cluster sends to the same group and port.", true},
	{"jgrp|jgroups & buffer of socket|only allocated|jgrp000014|jgrp000015", "sock.rcvbuf-overflow", "The system gives a socket less buffer than JGroups asked for (net.core.rmem_max, wmem_max).", true},
	{"jgrp|jgroups & no physical address|wrong destination|jgrp000031|jgrp000032", "peer.address,peer.alone", "JGroups knows a member by name and not its address, or a message reached the wrong one.", true},
	{"jgrp|jgroups & non-member|not member|jgrp000011", "peer.alone", "A message came from a member that is not in this one's view.", true},
	{"jgrp|jgroups & too many join|becoming singleton|timed out (after", "peer.alone,fw.input-drop", "The coordinator that was found did not answer: its discovery comes through, and unicast does not.", true},
	{"jgrp|jgroups & failed sending|jgrp000029|jgrp000034", "peer.address,route.none,fw.output-drop", "JGroups could not send to a member.", true},
	{"jgrp|jgroups & discarded", "peer.two-clusters,peer.release-mix", "JGroups threw a packet away that was not of its cluster or release.", true},
	{"ispn000093|ispn000094|ispn100000", "peer.alone", "The view of an Infinispan cluster changed; one that changes again and again, or a view of one, means that members do not reach each other.", true},
	{"hazelcast|[dev]|:5701 & not compatible|incompatible|different packet-version|unknown protocol", "peer.release-mix", "Hazelcast members of releases that do not form a cluster.", true},
	{"hazelcast|[dev]|:5701 & cluster name|group name & mismatch|different|does not match|not equal", "peer.two-clusters", "A Hazelcast member of a cluster with another name asks to join.", true},
	{"hazelcast|[dev]|:5701 & split-brain|split brain|should merge|is merging", "peer.alone", "Two parts of a Hazelcast cluster found each other again.", true},
	{"hazelcast|[dev]|:5701 & could not connect|could not join|connection refused|connect timed out", "peer.address,peer.alone,fw.input-drop", "Discovery found a Hazelcast member, and its TCP port does not answer.", true},
	{"net.jini|lookupdiscovery|gigaspaces|reggie & not configured for multicast|is bad", "iface.multicast-flag,route.none", "Jini cannot use a network interface for multicast.", true},
	{"net.jini|lookupdiscovery|lookuplocator|gigaspaces & unicast discovery|connection refused|connect timed out", "peer.address,jini.no-group", "A lookup service was found, and its TCP port does not answer at the address that it announced.", true},
	{"net.jini|lookupfinder|lookupgroups|gigaspaces|lookup service & not found|failed to find|no lookup|cannotfindspace|could not find", "jini.no-group", "No lookup service of the groups that were asked for answered.", true},
	{"vrid & mismatch|actual master", "group.well-known,addr.duplicate-ip,vrrp.two-masters", "Two routers claim one VRRP id with different addresses.", false},
	{"bogus vrrp|vrrp & invalid|mismatch|received", "group.well-known,vrrp.version-mix", "VRRP of another group, version or password came by 224.0.0.18.", true},
	{"403|forbidden|unauthorized|401 & /api/v1/namespaces", "provider.unanswered", "Kubernetes refuses to list the pods: the service account has not the right to.", false},
	{"failed to bind & multicast group", "sock.join-interface,sock.bind-group,route.wrong-interface", "The group could not be bound or joined on the interface that was meant.", false},
	{"channel key is registered", "tribes.load,config.threads", "A connection waited too long for a thread of the receiver: all of them are busy.", false},
	{"read acknowledgement", "tribes.load,tribes.half-open,tribes.gc-pause", "A member took the message and did not acknowledge it in time.", false},
	{"queue is full", "tribes.load", "The queue for messages that are sent in the background is full: members do not take them fast enough.", false},
	{"received a failed ack", "tribes.session-content,tribes.load,config.differs,tribes.key-mismatch", "The receiver took the message and could not process it.", false},
	{"invalid package, should start with", "tribes.malformed,group.well-known,sock.multicast-all", "A datagram on the group is no heartbeat: another program uses the group and the port.", false},

	// What people say.
	{"minute|minutes|seconds & works|work & stop|stops|then", "igmp.no-querier,fw.igmp-drop", "A network that stops after minutes has forgotten who is in the group: nobody asks.", true},
	{"two subnets|between subnets|other subnet|different subnet|across subnets|between the two subnets", "route.multicast-router,ttl.too-small", "Multicast does not cross a router by itself.", true},
	{"wrong interface", "route.wrong-interface,route.join-send-split,sock.join-interface", "The group is joined on or sent by another interface than was meant.", true},

	// What remains of a connection that failed.
	{"ECONNREFUSED & CLUSTER", "tribes.half-open,tribes.receiver-port,tribes.not-joined", "Nothing takes connections at the member's receiver: it is not started, at another port, or its process is gone.", true},
	{"ETIMEDOUT & CLUSTER|CONNECT", "tribes.half-open,fw.input-drop,tribes.load,tribes.gc-pause", "No answer came in time: TCP to the member is blocked, or it stood still.", true},
	{"ECONNREFUSED", "tribes.half-open,tribes.receiver-port,tribes.not-joined", "Nothing takes connections at that address and port.", true},
}
