package serverxml

import "sync"

// ---- <Channel> and what stands in it, without the interceptors

// socketAttrs are those that receivers and senders share, with the defaults that
// they share; T/transport/ReceiverBase, T/transport/AbstractSender.
var socketAttrs = []attribute{
	{name: "ooBInline", kind: boolean, def: "true"},
	{name: "soKeepAlive", kind: boolean, def: "false"},
	{name: "soLingerTime", kind: number, def: "3"},
	{name: "soReuseAddress", kind: boolean, def: "true"},
	{name: "soTrafficClass", kind: number, def: "28"},
	{name: "tcpNoDelay", kind: boolean, def: "true"},
}

var receiverAttrs = sync.OnceValue(func() []attribute {
	return with([]attribute{
		{name: "address", kind: host, def: "auto", main: true, meets: true},
		{name: "port", kind: number, def: "4000", main: true, meets: true},
		{name: "autoBind", kind: number, def: "100", main: true},
		{name: "securePort", kind: number, def: "-1"},
		{name: "udpPort", kind: number, def: "-1"},
		{name: "maxThreads", kind: number, def: "15"},
		{name: "minThreads", kind: number, def: "6"},
		{name: "maxIdleTime", kind: long, def: "60000"},
		{name: "selectorTimeout", kind: long, def: "5000"},
		{name: "timeout", kind: number, def: "3000"},
		{name: "rxBufSize", kind: number, def: "65536"},
		{name: "txBufSize", kind: number, def: "25188"},
		{name: "udpRxBufSize", kind: number, def: "65536"},
		{name: "udpTxBufSize", kind: number, def: "25188"},
		{name: "direct", kind: boolean, def: "true"},
		{name: "useBufferPool", kind: boolean, def: "true"},
		{name: "soLingerOn", kind: boolean, def: "true"},
		{name: "bind", kind: host, quiet: true},
		{name: "host", kind: host, quiet: true},
		{name: "daemon", kind: boolean, def: "true", quiet: true},
		{name: "maxTasks", kind: number, def: "100", quiet: true},
		{name: "minTasks", kind: number, def: "10", quiet: true},
		{name: "listen", kind: boolean, quiet: true},
	}, socketAttrs)
})

var senderAttrs = sync.OnceValue(func() []attribute {
	return with([]attribute{
		{name: "timeout", kind: long, def: "3000", main: true},
		{name: "maxRetryAttempts", kind: number, def: "1"},
		{name: "throwOnFailedAck", kind: boolean, def: "true"},
		{name: "keepAliveCount", kind: number, def: "-1"},
		{name: "keepAliveTime", kind: long, def: "-1"},
		{name: "directBuffer", kind: boolean, def: "false"},
		{name: "rxBufSize", kind: number, def: "25188"},
		{name: "txBufSize", kind: number, def: "65536"},
		{name: "udpRxBufSize", kind: number, def: "25188"},
		{name: "udpTxBufSize", kind: number, def: "65536"},
		{name: "soLingerOn", kind: boolean, def: "false"},
		{name: "address", kind: host, quiet: true},
		{name: "port", kind: number, quiet: true},
		{name: "udpPort", kind: number, def: "-1", quiet: true},
		{name: "udpBased", kind: boolean, def: "false", quiet: true},
		{name: "attempt", kind: number, quiet: true},
		{name: "connectTime", kind: long, quiet: true},
		{name: "requestCount", kind: number, quiet: true},
	}, socketAttrs)
})

var pooledAttrs = []attribute{
	{name: "poolSize", kind: number, def: "25", main: true},
	{name: "maxWait", kind: long, def: "3000"},
}

func channelClasses() []class {
	return []class{
		{name: groupChannel, role: roleChannel, attrs: []attribute{
			{name: "heartbeat", kind: boolean, def: "true"},
			{name: "heartbeatSleeptime", kind: long, def: "5000"},
			{name: "optionCheck", kind: boolean, def: "false"},
			{name: "jmxEnabled", kind: boolean, def: "true"},
			{name: "jmxDomain", kind: plain, def: "ClusterChannel"},
			{name: "jmxPrefix", kind: plain},
			{name: "name", kind: plain, quiet: true, lost: "the cluster gives the channel its own name when it starts"},
			{name: "optionFlag", kind: number, def: "0", quiet: true},
			{name: "secure", kind: boolean, def: "false", since: tlsSince, meets: true},
			{name: "pskIdentity", kind: plain, since: tlsSince, meets: true},
			{name: "pskKey", kind: hexKey, since: tlsSince, meets: true},
			{name: "pskProtocol", kind: plain, def: "TLSv1.3", since: tlsSince, meets: true},
			{name: "pskDigest", kind: plain, def: "SHA256", since: tlsSince, meets: true},
		}},
		{name: mcastService, role: roleMembership, attrs: []attribute{
			{name: "address", kind: host, def: "228.0.0.4", main: true, meets: true},
			{name: "port", kind: number, def: "45564", main: true, meets: true},
			{name: "frequency", kind: long, def: "500", main: true},
			{name: "dropTime", kind: long, def: "3000", main: true},
			{name: "bind", kind: host, main: true, meets: true},
			{name: "ttl", kind: number, main: true, meets: true},
			{name: "domain", kind: bytesText, main: true, meets: true},
			{name: "soTimeout", kind: number},
			{name: "recoveryEnabled", kind: boolean, def: "true"},
			{name: "recoveryCounter", kind: number, def: "10"},
			{name: "recoverySleepTime", kind: long, def: "5000"},
			{name: "localLoopbackDisabled", kind: boolean, def: "false"},
			{name: "mcastBindAddress", kind: host, quiet: true},
			{name: "mcastDropTime", kind: long, quiet: true},
		}},
		{name: staticService, role: roleMembership, since: "9.0.11", attrs: []attribute{
			{name: "expirationTime", kind: long, def: "5000", main: true},
			{name: "pingInterval", kind: long, def: "1000", main: true},
			{name: "connectTimeout", kind: number, def: "500"},
			{name: "rpcTimeout", kind: long, def: "3000"},
			{name: "useThread", kind: boolean, def: "false"},
		}},
		{name: cloudService, role: roleMembership, since: "9.0.13", open: true, attrs: []attribute{
			{name: "membershipProviderClassName", kind: plain, def: "kubernetes", main: true},
			{name: "expirationTime", kind: long, def: "5000", main: true},
			{name: "connectTimeout", kind: number, def: "1000"},
			{name: "readTimeout", kind: number, def: "1000"},
		}},
		{name: staticMember, role: roleMember, attrs: []attribute{
			{name: "host", kind: host, main: true, meets: true},
			{name: "port", kind: number, def: "0", main: true, meets: true},
			{name: "securePort", kind: number, def: "-1"},
			{name: "udpPort", kind: number, def: "-1"},
			{name: "domain", kind: bytesText, main: true, meets: true},
			{name: "uniqueId", kind: idBytes, def: zeroID, main: true},
			{name: "hostname", kind: host, quiet: true},
			{name: "local", kind: boolean, quiet: true},
			{name: "memberAliveTime", kind: long, quiet: true},
			{name: "msgCount", kind: number, quiet: true},
			{name: "serviceStartTime", kind: long, quiet: true},
		}},
		{name: nioReceiver, role: roleReceiver, attrs: receiverAttrs()},
		{name: tribesPackage + "transport.bio.BioReceiver", role: roleReceiver, attrs: receiverAttrs()},
		{name: replicationTransmit, role: roleSender},
		{name: pooledParallelSender, role: roleTransport, attrs: with(pooledAttrs, senderAttrs())},
		{name: tribesPackage + "transport.nio.ParallelNioSender", role: roleTransport, attrs: senderAttrs()},
		{name: tribesPackage + "transport.bio.PooledMultiSender", role: roleTransport, attrs: with(pooledAttrs, senderAttrs())},
		{name: tribesPackage + "transport.bio.MultipointBioSender", role: roleTransport, attrs: senderAttrs()},
	}
}

// zeroID is a StaticMember's unique id where the file gives none.
const zeroID = "{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}"
