package serverxml

import "muster/internal/verdict"

// Checks lists every check of this package in the order in which findings are
// told, with its title. Ids that do not begin with "config." are the diagnosis
// catalogue's: the same failure seen from another side.
var Checks = []struct {
	ID    verdict.ID
	Title string
}{
	// can it be read
	{"config.syntax", "the file is no well-formed XML"},
	{"config.entity", "a DTD brings in text that is not judged"},
	{"config.placeholder", "a ${placeholder} is not known"},
	{"config.property-overridden", "catalina.properties overrides a property from the command line"},
	// is there a cluster, made of what Tomcat knows
	{"config.no-cluster", "no cluster is configured"},
	{"config.element", "an element stands where Tomcat does not look for it"},
	{"config.class", "a class is missing, unknown, or in the wrong place"},
	{"config.attribute", "an attribute that the class does not have"},
	{"config.legacy", "written for an older Tomcat"},
	{"config.value", "a value that Tomcat cannot read"},
	{"config.duplicate-element", "an element is there twice, the last one counts"},
	{"config.two-clusters", "two clusters run in one Tomcat"},
	{"config.no-effect", "a setting has no effect"},
	// membership
	{"group.invalid", "the group is no multicast address"},
	{"group.link-local-range", "the group is in 224.0.0.x"},
	{"group.ssm-as-asm", "the group is in the source-specific range"},
	{"group.well-known", "the group belongs to another product"},
	{"ttl.zero", "TTL 0 never leaves the host"},
	{"sock.loop-off", "members on one host do not hear each other"},
	{"tribes.drop-time", "dropTime is too short for the frequency"},
	{"tribes.domain-filter", "the domain filter refuses the cluster's own members"},
	{"tribes.static-mix", "static and multicast membership are mixed"},
	{"config.membership-off", "the membership service is not started"},
	{"config.static-member", "a static member is incomplete"},
	{"tribes.duplicate-id", "two members are the same"},
	// receiver and ports
	{"config.address", "an address is none of this host's"},
	{"addr.hostname-loopback", "the host name resolves to a loopback address"},
	{"tribes.advertises-loopback", "the receiver announces an address nobody can reach"},
	{"tribes.receiver-port", "the receiver's port is not the one others expect"},
	{"config.port-conflict", "two parts of Tomcat want one port"},
	{"config.threads", "the receiver has fewer threads than its minimum"},
	// messages
	{"config.send-options", "the send options contradict each other or the rest"},
	{"tribes.interceptor-order", "the interceptors are in the wrong order"},
	{"config.interceptor-missing", "an interceptor that the others need is missing"},
	{"config.option-flag", "option flags of interceptors collide or never match"},
	{"config.encryption", "the encryption cannot work as it is configured"},
	{"config.key-exposed", "the key can be read by others"},
	{"tribes.key-mismatch", "the nodes encrypt differently"},
	// sessions
	{"config.replication-valve", "the ReplicationValve is missing"},
	{"config.session-listener", "nobody receives the session messages"},
	{"config.jvm-route", "JvmRouteBinderValve without a jvmRoute"},
	{"config.filter", "the ReplicationValve's filter is not what it seems"},
	{"config.manager", "the manager's settings bite"},
	{"config.deployer", "the FarmWarDeployer cannot work here"},
	{"config.channel-heartbeat", "the channel's own housekeeping is switched off"},
	{"config.distributable", "the application is not marked distributable"},
	{"config.context-manager", "the application brings a manager of its own"},
	// several files
	{"sock.port-mismatch", "same group, different port, or the reverse"},
	{"config.differs", "the nodes differ where they must not"},
	{"config.same", "the nodes are the same where they must differ"},
}

// title returns the title of an id.
func title(id verdict.ID) string {
	for _, c := range Checks {
		if c.ID == id {
			return c.Title
		}
	}
	return string(id)
}
