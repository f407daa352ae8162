package logs

import (
	"bytes"
	"strings"
	"sync"
)

// The classes whose lines matter, by their last word: those of the cluster packages,
// and those of the rest of Tomcat that tell of starts, stops and settings.
const clusterClasses = `
SimpleTcpCluster ClusterRuleSet ReplicationTransmitter ReplicationListener ReplicationValve ReplicatedContext SendMessageData
ClusterReceiverBase SocketReplicationListener SocketReplicationThread TcpReplicationThread ThreadPool WorkerThread
DataSender AsyncSocketSender FastAsyncSocketSender PooledSocketSender SocketSender IDataSenderFactory
McastService McastServiceImpl McastMember McastMembership Membership MemberImpl StaticMember StaticMembershipService
StaticMembershipProvider MembershipServiceBase CloudMembershipService CloudMembershipProvider KubernetesMembershipProvider
DNSMembershipProvider CertificateStreamProvider TokenStreamProvider AbstractStreamProvider InsecureStreamProvider Constants
GroupChannel RpcChannel ChannelCoordinator ChannelInterceptorBase InterceptorPayload
TcpFailureDetector TcpPingInterceptor StaticMembershipInterceptor EncryptInterceptor DomainFilterInterceptor
FragmentationInterceptor GzipInterceptor MessageDispatchInterceptor MessageDispatch15Interceptor NonBlockingCoordinator
OrderInterceptor SimpleCoordinator ThroughputInterceptor TwoPhaseCommitInterceptor
ReceiverBase NioReceiver NioReplicationTask BioReceiver BioReplicationTask SenderState PooledSender ParallelNioSender NioSender
PooledParallelSender BioSender MultipointBioSender ReplicationTransmitter RxTaskPool AbstractRxTask
XByteBuffer BufferPool BufferPool15Impl ObjectReader ReplicationStream ListenCallback
AbstractReplicatedMap LazyReplicatedMap ReplicatedMap UUIDGenerator StringManager ExecutorFactory TcclThreadFactory Logs
DeltaManager BackupManager ClusterManagerBase DeltaSession DeltaRequest SessionMessage SessionMessageImpl ClusterSessionListener
JvmRouteBinderValve JvmRouteSessionIDBinderListener JvmRouteSessionIDBinderLifecycleListener ReplicatedSession
SimpleTcpReplicationManager ClusterSingleSignOn ClusterSingleSignOnListener SingleSignOnEntry
FarmWarDeployer FileMessageFactory WarWatcher ClusterListener FastQueue LinkObject SmartQueue SingleRemove`

const otherClasses = `
Catalina StandardServer StandardService StandardEngine StandardHost StandardContext HostConfig ContextConfig Bootstrap
VersionLoggerListener LifecycleBase ContainerBase AbstractProtocol Http11Protocol Http11BaseProtocol Http11NioProtocol
Digester SetPropertiesRule SetAllPropertiesRule RulesBase SetNextRule ObjectCreateRule IntrospectionUtils
StandardSession StandardManager ManagerBase StandardWrapperValve CoyoteAdapter ErrorPage SessionIdGeneratorBase`

var known = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for name := range strings.FieldsSeq(clusterClasses) {
		m[name] = true
	}
	for name := range strings.FieldsSeq(otherClasses) {
		m[name] = false
	}
	return m
})

// knownClass reports whether a class is one whose lines matter, by its last word
// and without a class inside it.
func knownClass(class []byte) bool {
	_, ok := known()[string(outer(class))]
	return ok
}

// isCluster reports whether it is one of the cluster packages.
func isCluster(class []byte) bool { return known()[string(outer(class))] }

func outer(class []byte) []byte {
	class = lastWord(class)
	if i := bytes.IndexByte(class, '$'); i > 0 {
		class = class[:i]
	}
	return class
}

// isCatalina reports whether token is a logger of Tomcat, so that it is none of a
// thread that is called like a class.
func isCatalina(token []byte) bool {
	t := loggerOf(token)
	return t != nil && knownClass(t)
}
