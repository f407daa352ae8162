package serverxml

import "strings"

// kind is how Tomcat reads an attribute's text: the parameter type of the
// setter, and what the class makes of it.
type kind int

const (
	plain      kind = iota // any string
	number                 // int
	long                   // long
	boolean                // anything but "true" is false
	host                   // an address or a name, resolved when Tomcat starts
	options                // a number or names joined by commas (T/Channel)
	bytesText              // "{1,-2,3}" or ISO-8859-1 text (T/util/Arrays)
	idBytes                // "{...}" with exactly 16 numbers (StaticMember)
	hexKey                 // hexadecimal digits (EncryptInterceptor)
	transform              // algorithm/mode/padding
	pattern                // a Java regular expression
	object                 // anything else: the setter is called with null, without a word
	unsettable             // a setter that cannot be called with a text
)

// role is the place in a <Cluster> that a class can take.
type role string

const (
	roleCluster     role = "Cluster"
	roleManager     role = "Manager"
	roleIDs         role = "SessionIdGenerator"
	roleChannel     role = "Channel"
	roleMembership  role = "Membership"
	roleMember      role = "Member"
	roleReceiver    role = "Receiver"
	roleSender      role = "Sender"
	roleTransport   role = "Transport"
	roleInterceptor role = "Interceptor"
	roleValve       role = "Valve"
	roleDeployer    role = "Deployer"
	roleListener    role = "ClusterListener"
)

// class is a class of Tomcat that a cluster is configured with.
type class struct {
	name  string
	role  role
	attrs []attribute
	since string // as in Version.Has, for lines whose sampled releases do not settle it
	open  bool   // takes attributes of any name (CloudMembershipService)
}

// attribute is one that the class has a setter for.
type attribute struct {
	name  string
	kind  kind
	def   string // Tomcat's default; "" is none
	since string // as in Version.Has, for lines whose sampled releases do not settle it
	// later holds a default that some release changed.
	later change
	main  bool // shown even where it is the default
	// quiet: a setter exists, but for Tomcat's own use; accepted without a
	// word, of no use in a file, left out of the output unless it is there.
	quiet bool
	// lost: accepted, but the value reaches nobody, and why.
	lost string
	// meets: members find, reach and understand each other by it, so that a value
	// which is not taken is more than an inconvenience.
	meets bool
}

type change struct{ since, value string }

// value returns the default in v.
func (a attribute) value(v Version) string {
	if a.later.since != "" && v.Has(a.later.since) {
		return a.later.value
	}
	return a.def
}

// short is the class name without its package.
func short(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

const (
	tribesPackage      = "org.apache.catalina.tribes."
	haPackage          = "org.apache.catalina.ha."
	interceptorPackage = tribesPackage + "group.interceptors."
)

// Classes whose presence or absence is judged by name.
const (
	simpleTCPCluster      = haPackage + "tcp.SimpleTcpCluster"
	deltaManager          = haPackage + "session.DeltaManager"
	backupManager         = haPackage + "session.BackupManager"
	groupChannel          = tribesPackage + "group.GroupChannel"
	mcastService          = tribesPackage + "membership.McastService"
	staticService         = tribesPackage + "membership.StaticMembershipService"
	cloudService          = tribesPackage + "membership.cloud.CloudMembershipService"
	staticMember          = tribesPackage + "membership.StaticMember"
	nioReceiver           = tribesPackage + "transport.nio.NioReceiver"
	replicationTransmit   = tribesPackage + "transport.ReplicationTransmitter"
	pooledParallelSender  = tribesPackage + "transport.nio.PooledParallelSender"
	failureDetector       = interceptorPackage + "TcpFailureDetector"
	tcpPing               = interceptorPackage + "TcpPingInterceptor"
	messageDispatch       = interceptorPackage + "MessageDispatchInterceptor"
	encryptInterceptor    = interceptorPackage + "EncryptInterceptor"
	gzipInterceptor       = interceptorPackage + "GzipInterceptor"
	fragmentation         = interceptorPackage + "FragmentationInterceptor"
	orderInterceptor      = interceptorPackage + "OrderInterceptor"
	domainFilter          = interceptorPackage + "DomainFilterInterceptor"
	staticInterceptor     = interceptorPackage + "StaticMembershipInterceptor"
	replicationValve      = haPackage + "tcp.ReplicationValve"
	jvmRouteBinderValve   = haPackage + "session.JvmRouteBinderValve"
	clusterSingleSignOn   = haPackage + "authenticator.ClusterSingleSignOn"
	clusterSessionListen  = haPackage + "session.ClusterSessionListener"
	farmWarDeployer       = haPackage + "deploy.FarmWarDeployer"
	standardIDGenerator   = "org.apache.catalina.util.StandardSessionIdGenerator"
	legacyClusterPackage  = "org.apache.catalina.cluster."
	javaGroupsClusterName = "org.apache.catalina.cluster.JavaGroupsCluster"
)
