package serverxml

import (
	"fmt"
	"strings"

	"muster/internal/verdict"
)

// What Tomcat 5.0, 5.5, 6.0 and 7.0 called things that have another name since,
// or none. Tomcat 9 and later ignore an old attribute with a warning and do not
// start with an old class.

// legacyClasses maps a class that is gone to the one that does its work today;
// "" is none: it is no longer needed.
var legacyClasses = map[string]struct{ now, era string }{
	legacyClusterPackage + "tcp.SimpleTcpCluster":                    {simpleTCPCluster, "Tomcat 5"},
	legacyClusterPackage + "tcp.ReplicationValve":                    {replicationValve, "Tomcat 5"},
	legacyClusterPackage + "tcp.ReplicationListener":                 {nioReceiver, "Tomcat 5"},
	legacyClusterPackage + "tcp.SocketReplicationListener":           {nioReceiver, "Tomcat 5"},
	legacyClusterPackage + "tcp.ReplicationTransmitter":              {replicationTransmit, "Tomcat 5"},
	legacyClusterPackage + "mcast.McastService":                      {mcastService, "Tomcat 5"},
	legacyClusterPackage + "session.DeltaManager":                    {deltaManager, "Tomcat 5"},
	legacyClusterPackage + "session.SimpleTcpReplicationManager":     {deltaManager, "Tomcat 5"},
	legacyClusterPackage + "session.ClusterSessionListener":          {clusterSessionListen, "Tomcat 5"},
	legacyClusterPackage + "session.JvmRouteBinderValve":             {jvmRouteBinderValve, "Tomcat 5"},
	legacyClusterPackage + "session.JvmRouteSessionIDBinderListener": {"", "Tomcat 5"},
	legacyClusterPackage + "deploy.FarmWarDeployer":                  {farmWarDeployer, "Tomcat 5"},
	legacyClusterPackage + "authenticator.ClusterSingleSignOn":       {clusterSingleSignOn, "Tomcat 5"},
	haPackage + "session.JvmRouteSessionIDBinderListener":            {"", "Tomcat 6 and 7"},
	haPackage + "session.SimpleTcpReplicationManager":                {deltaManager, "Tomcat 6"},
	interceptorPackage + "MessageDispatch15Interceptor":              {messageDispatch, "Tomcat 6 to 8.0"},
	tribesPackage + "transport.bio.BioReceiver":                      {nioReceiver, "Tomcat 9 and older"},
	tribesPackage + "transport.bio.PooledMultiSender":                {pooledParallelSender, "Tomcat 9 and older"},
	tribesPackage + "transport.bio.MultipointBioSender":              {tribesPackage + "transport.nio.ParallelNioSender", "Tomcat 9 and older"},
}

// renamed tells where the meaning of an old attribute went.
type renamed struct {
	to     role   // the element that has it today; "" is nowhere
	attr   string // its name there
	note   string // what else to know
	values map[string]string
	told   bool // of several that mean one of today's: only told, another one settles it
}

// sendModes are Tomcat 5's replicationMode as channelSendOptions.
var sendModes = map[string]string{"synchronous": "6", "pooled": "6", "asynchronous": "8", "fastasyncqueue": "8"}

var gone = renamed{note: "Tomcat has had no use for it since 6.0"}

var legacyMembership = map[string]renamed{
	"mcastAddr":          {to: roleMembership, attr: "address"},
	"mcastAddress":       {to: roleMembership, attr: "address"},
	"mcastPort":          {to: roleMembership, attr: "port"},
	"mcastFrequency":     {to: roleMembership, attr: "frequency"},
	"mcastDropTime":      {to: roleMembership, attr: "dropTime"},
	"memberDropTime":     {to: roleMembership, attr: "dropTime"},
	"mcastBindAddr":      {to: roleMembership, attr: "bind"},
	"mcastBindAddress":   {to: roleMembership, attr: "bind"},
	"mcastTTL":           {to: roleMembership, attr: "ttl"},
	"mcastSoTimeout":     {to: roleMembership, attr: "soTimeout"},
	"mcastClusterDomain": {to: roleMembership, attr: "domain"},
}

var legacyReceiver = map[string]renamed{
	"tcpListenAddress":     {to: roleReceiver, attr: "address"},
	"tcpListenHost":        {to: roleReceiver, attr: "address"},
	"tcpListenPort":        {to: roleReceiver, attr: "port"},
	"tcpListenMaxPort":     {to: roleReceiver, attr: "autoBind", note: "autoBind counts the ports to try, beginning with port"},
	"tcpSelectorTimeout":   {to: roleReceiver, attr: "selectorTimeout"},
	"tcpThreadCount":       {to: roleReceiver, attr: "maxThreads"},
	"isSenderSynchronized": gone,
	"sendAck":              gone,
	"compress":             {to: roleInterceptor, attr: "className", note: "a GzipInterceptor compresses"},
}

var legacySender = map[string]renamed{
	"replicationMode":          {to: roleCluster, attr: "channelSendOptions", values: sendModes},
	"ackTimeout":               {to: roleTransport, attr: "timeout"},
	"waitForAck":               {to: roleCluster, attr: "channelSendOptions", values: map[string]string{"true": "6", "false": "8"}, told: true, note: "2 (use_ack) waits for the receiver, 6 until it has worked the message off"},
	"autoConnect":              gone,
	"processingTimeout":        gone,
	"keepAliveTimeout":         {to: roleTransport, attr: "keepAliveTime"},
	"keepAliveMaxRequestCount": {to: roleTransport, attr: "keepAliveCount"},
	"maxPoolSocketLimit":       {to: roleTransport, attr: "poolSize"},
	"compress":                 {to: roleInterceptor, attr: "className", note: "a GzipInterceptor compresses"},
}

var legacyCluster = map[string]renamed{
	"managerClassName":             {to: roleManager, attr: "className"},
	"serviceclass":                 {to: roleMembership, attr: "className"},
	"expireSessionsOnShutdown":     {to: roleManager, attr: "expireSessionsOnShutdown"},
	"notifyListenersOnReplication": {to: roleManager, attr: "notifyListenersOnReplication"},
	"useDirtyFlag":                 gone,
	"printToScreen":                gone,
	"debug":                        gone,
	"name":                         {to: roleCluster, attr: "clusterName"},
	"doClusterLog":                 gone,
	"clusterLogName":               gone,
	"defaultMode":                  gone,
	"protocol":                     gone,
	"domain":                       {to: roleMembership, attr: "domain"},
}

// legacyAttribute finds an old attribute of the given element. In Tomcat 5.0 the
// <Cluster> element held those of the others too.
func legacyAttribute(r role, name string) (renamed, bool) {
	tables := map[role][]map[string]renamed{
		roleCluster:    {legacyCluster, legacyMembership, legacyReceiver, legacySender},
		roleMembership: {legacyMembership},
		roleReceiver:   {legacyReceiver},
		roleSender:     {legacySender},
		roleTransport:  {legacySender},
	}[r]
	for _, t := range tables {
		if n, ok := t[name]; ok && !(n.to == r && n.attr == name) {
			return n, true
		}
	}
	return renamed{}, false
}

// isLegacy reports whether a class belongs to Tomcat 5's cluster module, so that
// its elements follow the rules of then.
func isLegacy(class string) bool { return strings.HasPrefix(class, legacyClusterPackage) }

// needed5 are the attributes without which an element of Tomcat 5.5 does not start: they
// have no defaults there. They are under the names of today, with those of 5.5.
var needed5 = map[role][][2]string{
	roleMembership: {{"address", "mcastAddr"}, {"port", "mcastPort"}, {"frequency", "mcastFrequency"}, {"dropTime", "mcastDropTime"}},
	roleReceiver:   {{"address", "tcpListenAddress"}},
}

// needed judges the Membership and the Receiver of a 5.5.
func (l lint) needed() {
	if l.version.Line != tomcat5 {
		return
	}
	for r, c := range map[role]*Component{roleMembership: &l.Membership, roleReceiver: &l.Receiver} {
		if c.Position == nil { // without the element there are defaults
			continue
		}
		for _, n := range needed5[r] {
			if v, ok := c.Attribute(n[0]); !ok || !v.Set() {
				l.report(finding{id: "config.attribute", status: verdict.Fail, at: c.at(),
					saw: fmt.Sprintf("<%s> has no %s, for which Tomcat 5.5 has no default; the cluster does not start", c.Element, n[1])})
			}
		}
	}
}
