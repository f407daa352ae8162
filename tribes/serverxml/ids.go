package serverxml

import "muster/internal/verdict"

// Checks lists every check of this package in the order in which findings are
// told. Ids that do not begin with "config." are the diagnosis
// catalogue's: the same failure seen from another side.
var Checks = []verdict.ID{
	// can it be read
	"config.syntax",
	"config.entity",
	"config.placeholder",
	"config.property-overridden",
	// is there a cluster, made of what Tomcat knows
	"config.no-cluster",
	"config.element",
	"config.class",
	"config.attribute",
	"config.legacy",
	"config.value",
	"config.duplicate-element",
	"config.two-clusters",
	"config.no-effect",
	// membership
	"group.invalid",
	"group.link-local-range",
	"group.ssm-as-asm",
	"group.well-known",
	"ttl.zero",
	"sock.loop-off",
	"tribes.drop-time",
	"tribes.domain-filter",
	"tribes.static-mix",
	"config.membership-off",
	"config.static-member",
	"tribes.duplicate-id",
	// receiver and ports
	"config.address",
	"java.ipv6-stack",
	"addr.hostname-loopback",
	"tribes.advertises-loopback",
	"tribes.receiver-port",
	"config.port-conflict",
	"config.threads",
	// messages
	"config.send-options",
	"tribes.interceptor-order",
	"config.interceptor-missing",
	"config.option-flag",
	"config.encryption",
	"config.key-exposed",
	"config.tls",
	"config.advisory",
	"tribes.key-mismatch",
	// sessions
	"config.replication-valve",
	"config.session-listener",
	"config.jvm-route",
	"config.filter",
	"config.manager",
	"config.deployer",
	"config.channel-heartbeat",
	"config.distributable",
	"config.context-manager",
	"config.session-store",
	// several files
	"sock.port-mismatch",
	"config.differs",
	"config.same",
	"config.rolling-update",
}
