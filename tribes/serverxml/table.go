package serverxml

import (
	"slices"
	"sync"
)

// The tables below say which attributes each class takes, of which type, and
// with which default, in Tomcat 9.0, 10.1 and 11.0. Read from the setters and
// field initialisers of the sources at 9.0.121, 10.1.59 and 11.0.25 and from the
// configuration reference of the same releases (webapps/docs/config/cluster*.xml),
// releases of changes from the tags; compared by TestTablesAgainstTomcat with
// the setters and getters of the classes of 9.0.70 and 10.1.60.

// The tables are made when they are first asked for: most commands read no server.xml.
var classes = sync.OnceValue(func() []class {
	return slices.Concat(clusterClasses(), channelClasses(), interceptorClasses())
})

func with(own []attribute, more ...[]attribute) []attribute {
	return append(slices.Clone(own), slices.Concat(more...)...)
}

const (
	notCopied = "the cluster makes each application's manager as a copy of this one, and this attribute is not among those copied"
	jmxOnly   = "it only names the JMX domain"
)

// ---- what stands directly in <Cluster>

var lifecycleAttrs = []attribute{
	{name: "throwOnFailure", kind: boolean, def: "true", quiet: true},
	{name: "domain", kind: plain, quiet: true, lost: jmxOnly},
}

// managerAttrs are those of H/session/ClusterManagerBase and
// org.apache.catalina.session.ManagerBase.
var managerAttrs = []attribute{
	{name: "notifyListenersOnReplication", kind: boolean, def: "true"},
	{name: "maxActiveSessions", kind: number, def: "-1"},
	{name: "processExpiresFrequency", kind: number, def: "6"},
	{name: "recordAllActions", kind: boolean, def: "false"},
	{name: "sessionAttributeNameFilter", kind: pattern},
	{name: "sessionAttributeValueClassNameFilter", kind: pattern},
	{name: "warnOnSessionAttributeFilterFailure", kind: boolean, def: "false"},
	{name: "secureRandomClass", kind: plain},
	{name: "secureRandomProvider", kind: plain},
	{name: "secureRandomAlgorithm", kind: plain, def: "SHA1PRNG"},
	{name: "maxInactiveInterval", kind: number, quiet: true, lost: "Tomcat takes no notice of it: the session-timeout of the application counts"},
	{name: "sessionIdLength", kind: number, quiet: true, lost: "session ids keep 16 bytes"},
	{name: "name", kind: plain, quiet: true, lost: notCopied},
	{name: "persistAuthentication", kind: boolean, def: "false", quiet: true, lost: notCopied, since: "9.0.32"},
	{name: "persistAuthenticationNotes", kind: boolean, def: "false", quiet: true, lost: notCopied, since: "9.0.66"},
	{name: "notifyBindingListenerOnUnchangedValue", kind: boolean, def: "false", quiet: true, lost: notCopied},
	{name: "notifyAttributeListenerOnUnchangedValue", kind: boolean, def: "true", quiet: true, lost: notCopied},
	{name: "sessionActivityCheck", kind: boolean, def: "false", quiet: true, lost: notCopied},
	{name: "sessionLastAccessAtStart", kind: boolean, def: "false", quiet: true, lost: notCopied},
	{name: "duplicates", kind: number, quiet: true, lost: notCopied},
	{name: "sessionCounter", kind: long, quiet: true, lost: notCopied},
	{name: "expiredSessions", kind: long, quiet: true, lost: notCopied},
	{name: "maxActive", kind: number, quiet: true, lost: notCopied},
	{name: "processingTime", kind: long, quiet: true, lost: notCopied},
	{name: "sessionMaxAliveTime", kind: number, quiet: true, lost: notCopied},
}

var valveAttrs = sync.OnceValue(func() []attribute {
	return with(lifecycleAttrs, []attribute{
		{name: "asyncSupported", kind: boolean, def: "true", quiet: true},
	})
})

func clusterClasses() []class {
	return []class{
		{name: simpleTCPCluster, role: roleCluster, attrs: with([]attribute{
			{name: "channelSendOptions", kind: options, def: "8", main: true, meets: true},
			{name: "channelStartOptions", kind: number, def: "15", main: true, meets: true},
			{name: "clusterName", kind: plain},
			{name: "heartbeatBackgroundEnabled", kind: boolean, def: "false"},
			{name: "notifyLifecycleListenerOnFailure", kind: boolean, def: "false"},
		}, lifecycleAttrs)},
		{name: deltaManager, role: roleManager, attrs: with([]attribute{
			{name: "expireSessionsOnShutdown", kind: boolean, def: "false", main: true},
			{name: "stateTransferTimeout", kind: number, def: "60", main: true},
			{name: "sendAllSessions", kind: boolean, def: "true"},
			{name: "sendAllSessionsSize", kind: number, def: "1000"},
			{name: "sendAllSessionsWaitTime", kind: number, def: "2000"},
			{name: "stateTimestampDrop", kind: boolean, def: "true"},
			{name: "notifySessionListenersOnReplication", kind: boolean, def: "true"},
			{name: "notifyContainerListenersOnReplication", kind: boolean, def: "true"},
			{name: "enableStatistics", kind: boolean, def: "true", since: "9.0.108 10.1.44 11.0.10"},
			{name: "noContextManagerReceived", kind: boolean, quiet: true, lost: notCopied},
			{name: "stateTransferred", kind: boolean, quiet: true, lost: notCopied},
			{name: "stateTransfered", kind: boolean, quiet: true, lost: notCopied},
		}, managerAttrs, lifecycleAttrs)},
		{name: backupManager, role: roleManager, attrs: with([]attribute{
			{name: "mapSendOptions", kind: options, def: "6", main: true},
			{name: "rpcTimeout", kind: long, def: "15000", main: true},
			{name: "accessTimeout", kind: long, def: "5000"},
			{name: "terminateOnStartFailure", kind: boolean, def: "false"},
		}, managerAttrs, lifecycleAttrs)},
		{name: standardIDGenerator, role: roleIDs, attrs: with([]attribute{
			{name: "sessionIdLength", kind: number, def: "16", main: true},
			{name: "jvmRoute", kind: plain},
			{name: "secureRandomClass", kind: plain, quiet: true},
			{name: "secureRandomProvider", kind: plain, quiet: true},
			{name: "secureRandomAlgorithm", kind: plain, def: "SHA1PRNG", quiet: true},
		}, lifecycleAttrs[:1])},
		{name: replicationValve, role: roleValve, attrs: with([]attribute{
			{name: "filter", kind: pattern, main: true, meets: true},
			{name: "primaryIndicator", kind: boolean, def: "false"},
			{name: "primaryIndicatorName", kind: plain, def: haPackage + "tcp.isPrimarySession"},
			{name: "statistics", kind: boolean, def: "true"},
		}, valveAttrs())},
		{name: jvmRouteBinderValve, role: roleValve, attrs: with([]attribute{
			{name: "enabled", kind: boolean, def: "true"},
			{name: "sessionIdAttribute", kind: plain, def: haPackage + "session.JvmRouteOriginalSessionID"},
		}, valveAttrs())},
		{name: clusterSingleSignOn, role: roleValve, attrs: with([]attribute{
			{name: "mapSendOptions", kind: number, def: "6"},
			{name: "rpcTimeout", kind: long, def: "15000"},
			{name: "accessTimeout", kind: long, def: "5000"},
			{name: "terminateOnStartFailure", kind: boolean, def: "false"},
			{name: "cookieDomain", kind: plain},
			{name: "cookieName", kind: plain, def: "JSESSIONIDSSO"},
			{name: "requireReauthentication", kind: boolean, def: "false"},
		}, valveAttrs())},
		{name: farmWarDeployer, role: roleDeployer, attrs: []attribute{
			{name: "deployDir", kind: plain, main: true},
			{name: "tempDir", kind: plain, main: true},
			{name: "watchDir", kind: plain, main: true},
			{name: "watchEnabled", kind: boolean, def: "false", main: true},
			{name: "processDeployFrequency", kind: number, def: "2"},
			{name: "maxValidTime", kind: number, def: "300"},
		}},
		{name: clusterSessionListen, role: roleListener},
	}
}
