package serverxml

import "muster/tribes/release"

// optionFlag is the attribute that every interceptor has: the option bits that switch
// it on for a message, 0 being "always" (T/group/ChannelInterceptorBase).
func optionFlag(def string) []attribute {
	return []attribute{{name: "optionFlag", kind: number, def: def}}
}

func interceptorClasses() []class {
	return []class{
		{name: failureDetector, role: roleInterceptor, attrs: with([]attribute{
			{name: "connectTimeout", kind: long, def: "1000", main: true},
			{name: "performSendTest", kind: boolean, def: "true"},
			{name: "performReadTest", kind: boolean, def: "false"},
			{name: "readTestTimeout", kind: long, def: "5000"},
			{name: "removeSuspectsTimeout", kind: number, def: "300"},
		}, optionFlag("0"))},
		{name: messageDispatch, role: roleInterceptor, attrs: with([]attribute{
			{name: "maxQueueSize", kind: long, def: "67108864"},
			{name: "alwaysSend", kind: boolean, def: "true"},
			{name: "maxThreads", kind: number, def: "10"},
			{name: "maxSpareThreads", kind: number, def: "2"},
			{name: "keepAliveTime", kind: long, def: "5000"},
			{name: "useDeepClone", kind: boolean, def: "true"},
			{name: "andGetCurrentSize", kind: long, quiet: true},
		}, optionFlag("8"))},
		{name: encryptInterceptor, role: roleInterceptor, since: "7.0.100 8.5.38 9.0.13", attrs: with([]attribute{
			{name: "encryptionAlgorithm", kind: transform, def: "AES/CBC/PKCS5Padding", main: true, meets: true,
				later: change{release.GCMSince, "AES/GCM/NoPadding"}},
			{name: "encryptionKey", kind: hexKey, main: true, meets: true},
			{name: "encryptionKeyString", kind: hexKey, quiet: true, meets: true},
			{name: "providerName", kind: plain},
			{name: "replayWindowTime", kind: long, def: "10000", since: release.ReplaySince, main: true},
			{name: "replayWindowMessageCount", kind: number, def: "8192", since: release.ReplaySince},
		}, optionFlag("0"))},
		{name: tcpPing, role: roleInterceptor, attrs: with([]attribute{
			{name: "interval", kind: long, def: "1000", main: true},
			{name: "useThread", kind: boolean, def: "false", main: true},
			{name: "staticOnly", kind: boolean, def: "false"},
		}, optionFlag("0"))},
		{name: staticInterceptor, role: roleInterceptor, attrs: optionFlag("0")},
		{name: domainFilter, role: roleInterceptor, attrs: with([]attribute{
			{name: "domain", kind: bytesText, main: true, meets: true},
			{name: "logInterval", kind: number, def: "100"},
		}, optionFlag("0"))},
		{name: gzipInterceptor, role: roleInterceptor, attrs: with([]attribute{
			{name: "compressionMinSize", kind: number, def: "0"},
			{name: "statsEnabled", kind: boolean, def: "false"},
			{name: "interval", kind: number, def: "0"},
		}, optionFlag("256"))},
		{name: fragmentation, role: roleInterceptor, attrs: with([]attribute{
			{name: "maxSize", kind: number, def: "102400", main: true},
			{name: "expire", kind: long, def: "60000"},
		}, optionFlag("0"))},
		{name: orderInterceptor, role: roleInterceptor, attrs: with([]attribute{
			{name: "expire", kind: long, def: "3000"},
			{name: "forwardExpired", kind: boolean, def: "true"},
			{name: "maxQueue", kind: number, def: "2147483647"},
		}, optionFlag("0"))},
		{name: interceptorPackage + "ThroughputInterceptor", role: roleInterceptor, attrs: with([]attribute{
			{name: "interval", kind: number, def: "10000"},
		}, optionFlag("0"))},
		{name: interceptorPackage + "TwoPhaseCommitInterceptor", role: roleInterceptor, attrs: with([]attribute{
			{name: "expire", kind: long, def: "60000"},
			{name: "deepclone", kind: boolean, def: "true"},
		}, optionFlag("0"))},
		{name: interceptorPackage + "NonBlockingCoordinator", role: roleInterceptor, attrs: optionFlag("0")},
		{name: interceptorPackage + "SimpleCoordinator", role: roleInterceptor, attrs: optionFlag("0")},
	}
}
