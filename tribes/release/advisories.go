package release

// Advisories are the published vulnerabilities that concern clusters and what
// stands beside them, newest first within their topic. Ranges give the first and
// the last affected number of each line; milestones before a line's first stable
// release count as 0.
var Advisories = []Advisory{
	{
		CVE: "CVE-2026-133325", Published: "2026-11-19", Topic: TLS,
		Title: "TLS 1.3 with a pre-shared key does not insist on the key",
		Text: "A sender did not insist that the other side used the pre-shared key: a host that announces itself and shows any " +
			"certificate is taken as a member and is sent session data.",
		Needs: "a <Channel> with pskIdentity and pskKey and pskProtocol TLSv1.3 (the default), and an attacker in the cluster's network; " +
			"TLSv1.2 and EncryptInterceptor alone are not affected",
		Ranges: []Range{
			{"11.0", 28, 29, "11.0.30", Inferred}, {"10.1", 62, 62, "10.1.63", Inferred}, {"9.0", 124, 124, "9.0.125", Inferred},
		},
		Trust: TwoSources,
		Note:  "Until the update pskProtocol=\"TLSv1.2\" closes it, without forward secrecy.",
	},
	{
		CVE: "CVE-2026-95517", Published: "2026-11-19", Topic: Encryption,
		Title: "several weaknesses of EncryptInterceptor",
		Text: "Data that matter for security are not covered by an integrity check, and some traffic goes in clear. " +
			"Its repair came together with TLS, which takes the interceptor's place.",
		Needs: "EncryptInterceptor",
		Ranges: []Range{
			{"11.0", 0, 27, "11.0.29", Inferred}, {"10.1", 0, 61, "10.1.62", Inferred}, {"9.0", 13, 123, "9.0.124", Inferred},
		},
		Trust: OneSource,
		Note:  "11.0.28 may have the repair too; older lines were not looked at.",
	},
	{
		CVE: "CVE-2026-59084", Published: "2026-07-14", Topic: Encryption,
		Title: "EncryptInterceptor's algorithm can let messages be tampered with",
		Text: "The documentation did not say what EncryptInterceptor needs to be safe: with some algorithms, the old default AES/CBC among " +
			"them, a message can be changed on its way. AES/GCM/NoPadding on all nodes is safe from that.",
		Needs: "EncryptInterceptor with an algorithm that does not notice changes (CBC, CFB, OFB)",
		Ranges: []Range{
			{Line: "11.0", From: 0, To: 23, Fixed: "11.0.24"}, {Line: "10.1", From: 0, To: 56, Fixed: "10.1.57"},
			{Line: "9.0", From: 13, To: 119, Fixed: "9.0.120"}, {Line: "8.5", From: 38, To: 100}, {Line: "7.0", From: 100, To: 109},
		},
		Trust: TwoSources,
	},
	{
		CVE: "CVE-2026-55955", Published: "2026-06-29", Topic: Encryption,
		Title: "a recorded message can be sent again through EncryptInterceptor",
		Text:  "EncryptInterceptor did not notice a message that was recorded and sent again.",
		Needs: "EncryptInterceptor, and an attacker in the cluster's network",
		Ranges: []Range{
			{Line: "11.0", From: 0, To: 22, Fixed: "11.0.23"}, {Line: "10.1", From: 0, To: 55, Fixed: "10.1.56"},
			{Line: "9.0", From: 13, To: 118, Fixed: "9.0.119"}, {Line: "8.5", From: 38, To: 100}, {Line: "7.0", From: 100, To: 109},
		},
		Trust: TwoSources,
		Note:  "The repair changes the messages: nodes with and without it cannot talk encrypted, so all are stopped before the update.",
	},
	{
		CVE: "CVE-2026-34486", Published: "2026-04-09", Topic: Encryption,
		Title: "EncryptInterceptor lets messages through that are not encrypted",
		Text: "The repair of CVE-2026-29146 let through what could not be decrypted: whoever reaches the receiver can send plain Java " +
			"objects, which are deserialised; that is code execution if a suitable class is on the class path. Exploit code is public.",
		Needs:     "EncryptInterceptor, and a receiver that an attacker reaches; without the interceptor the receiver takes everything anyway",
		Ranges:    []Range{{Line: "11.0", From: 20, To: 20, Fixed: "11.0.21"}, {Line: "10.1", From: 53, To: 53, Fixed: "10.1.54"}, {Line: "9.0", From: 116, To: 116, Fixed: "9.0.117"}},
		Exploited: "2026-08-04",
		Trust:     TwoSources,
		Note:      "Only these three releases; lists with wider ranges are wrong.",
	},
	{
		CVE: "CVE-2026-29146", Published: "2026-04-09", Topic: Encryption,
		Title: "padding oracle of EncryptInterceptor's default algorithm",
		Text:  "With the default AES/CBC an attacker in the network can read and change messages.",
		Needs: "EncryptInterceptor with the default algorithm, AES/CBC/PKCS5Padding",
		Ranges: []Range{
			{Line: "11.0", From: 0, To: 18, Fixed: "11.0.21"}, {Line: "10.1", From: 0, To: 52, Fixed: "10.1.54"}, {Line: "10.0", From: 0, To: 27},
			{Line: "9.0", From: 13, To: 115, Fixed: "9.0.117"}, {Line: "8.5", From: 38, To: 100}, {Line: "7.0", From: 100, To: 109},
		},
		Trust: TwoSources,
		Note: "The repair is in 11.0.20, 10.1.53 and 9.0.116, which have CVE-2026-34486 instead: the releases to take are the ones after. " +
			"11.0.19 was never released.",
	},
	{
		CVE: "CVE-2026-34487", Published: "2026-04-09", Topic: Cloud,
		Title: "the Kubernetes token stands in Tomcat's log",
		Text:  "The cloud membership wrote the Kubernetes bearer token into the log: who reads logs can call the API server.",
		Needs: "CloudMembershipService with the Kubernetes provider",
		Ranges: []Range{
			{Line: "11.0", From: 0, To: 20, Fixed: "11.0.21"}, {Line: "10.1", From: 0, To: 53, Fixed: "10.1.54"}, {Line: "9.0", From: 13, To: 116, Fixed: "9.0.117"},
		},
		Trust: TwoSources,
	},
	{
		CVE: "CVE-2022-29885", Published: "2022-05-10", Topic: Receiver,
		Title: "EncryptInterceptor does not make an untrusted network safe",
		Text: "The documentation said that EncryptInterceptor made it safe to run a cluster over an untrusted network. It does not stop denial of " +
			"service at the receiver. Only the text was repaired: the exposure stays in every release.",
		Needs: "a receiver that is reachable from an untrusted network, with or without the interceptor",
		Ranges: []Range{
			{Line: "10.1", From: 0, To: 0, Fixed: "10.1.0"}, {Line: "10.0", From: 0, To: 20, Fixed: "10.0.21"},
			{Line: "9.0", From: 13, To: 62, Fixed: "9.0.63"}, {Line: "8.5", From: 38, To: 78, Fixed: "8.5.79"},
		},
		Trust: TwoSources,
		Note:  "10.1 is affected in its milestones up to M14 alone.",
	},
	{
		CVE: "CVE-2025-24813", Published: "2025-03-10", Topic: Persistence,
		Title: "a partial PUT can place a session file",
		Text: "A partial PUT could place a file where the session store looks: code execution when the session is next loaded. It is exploited " +
			"in the wild, as far as is known.",
		Needs: "the default servlet with readonly=\"false\", partial PUT (on by default), sessions in files in the default place, and a suitable library",
		Ranges: []Range{
			{Line: "11.0", From: 0, To: 2, Fixed: "11.0.3"}, {Line: "10.1", From: 0, To: 34, Fixed: "10.1.35"},
			{Line: "9.0", From: 0, To: 98, Fixed: "9.0.99"}, {Line: "8.5", From: 0, To: 100},
		},
		Trust: TwoSources,
	},
	{
		CVE: "CVE-2022-23181", Topic: Persistence,
		Title: "a race in the FileStore",
		Text:  "The repair of CVE-2020-9484 left a race: a local user could act with Tomcat's rights.",
		Needs: "PersistentManager with FileStore, and an attacker on the host",
		Ranges: []Range{
			{Line: "10.1", From: 0, To: 0, Fixed: "10.1.0", Trust: FromMemory}, {Line: "10.0", From: 0, To: 14, Fixed: "10.0.16"},
			{Line: "9.0", From: 35, To: 56, Fixed: "9.0.58"}, {Line: "8.5", From: 55, To: 73, Fixed: "8.5.75"},
		},
		Trust: TwoSources,
		Note:  "10.1 is affected in its milestones up to M8 alone.",
	},
	{
		CVE: "CVE-2021-25329", Published: "2021-03-01", Topic: Persistence,
		Title: "an incomplete repair of the FileStore",
		Text:  "The repair of CVE-2020-9484 missed an unlikely configuration.",
		Needs: "PersistentManager with FileStore",
		Ranges: []Range{
			{Line: "10.0", From: 0, To: 0, Fixed: "10.0.2"}, {Line: "9.0", From: 0, To: 41, Fixed: "9.0.43"},
			{Line: "8.5", From: 0, To: 61, Fixed: "8.5.63", Trust: OneSource}, {Line: "7.0", From: 0, To: 107, Fixed: "7.0.108"},
		},
		Trust: TwoSources,
	},
	{
		CVE: "CVE-2020-9484", Topic: Persistence,
		Title: "a session id with a path loads a file",
		Text: "A session id with a path in it made the store load any file whose name ends in .session: code execution if the attacker can place " +
			"one.",
		Needs: "PersistentManager with FileStore; an attacker who controls a file's name and content and knows the way to it; " +
			"sessionAttributeValueClassNameFilter empty, as by default",
		Ranges: []Range{
			{Line: "10.0", From: 0, To: 0, Fixed: "10.0.0"}, {Line: "9.0", From: 0, To: 34, Fixed: "9.0.35"},
			{Line: "8.5", From: 0, To: 54, Fixed: "8.5.55"}, {Line: "7.0", From: 0, To: 103, Fixed: "7.0.104"},
		},
		Trust: TwoSources,
		Note:  "10.0 is affected in its milestones up to M4 alone.",
	},
	{
		CVE: "CVE-2016-0714", Topic: Persistence,
		Title: "stored sessions pass a SecurityManager",
		Text: "Stored or replicated sessions could carry objects that run with Tomcat's rights past a SecurityManager. The class name filters of " +
			"the managers come from this repair.",
		Needs: "a SecurityManager and web applications that are not trusted",
		Ranges: []Range{
			{Line: "9.0", From: 0, To: 0, Fixed: "9.0.0"}, {Line: "8.0", From: 0, To: 30, Fixed: "8.0.31"},
			{Line: "7.0", From: 0, To: 67, Fixed: "7.0.68"}, {Line: "6.0", From: 0, To: 44, Fixed: "6.0.45"},
		},
		Trust: OneSource,
		Note:  "9.0 is affected in its first milestone alone.",
	},
	{
		CVE: "CVE-2025-55668", Topic: SessionIDs,
		Title: "session fixation by the rewrite valve",
		Text:  "The rewrite valve allowed session fixation.",
		Needs: "the rewrite valve",
		Ranges: []Range{
			{Line: "11.0", From: 0, To: 7, Fixed: "11.0.8"}, {Line: "10.1", From: 0, To: 41, Fixed: "10.1.42"}, {Line: "9.0", From: 0, To: 105, Fixed: "9.0.106"},
		},
		Trust: TwoSources,
	},
	{
		CVE: "CVE-2023-28708", Topic: SessionIDs,
		Title: "session cookies without Secure behind a proxy",
		Text:  "Behind a proxy, with the RemoteIpFilter, session cookies lacked the attribute Secure.",
		Needs: "the RemoteIpFilter, and a proxy that ends TLS",
		Ranges: []Range{
			{Line: "11.0", From: 0, To: 0, Fixed: "11.0.0"}, {"10.1", 0, 5, "10.1.6", FromMemory},
			{"9.0", 0, 71, "9.0.72", FromMemory}, {"8.5", 0, 85, "8.5.86", FromMemory},
		},
		Trust: OneSource,
		Note:  "11.0 is affected in its milestones up to M2 alone.",
	},
	{
		CVE: "CVE-2019-17563", Topic: SessionIDs,
		Title: "a narrow window for session fixation with FORM login",
		Text:  "With FORM login there was a narrow window for session fixation.",
		Needs: "FORM login",
		Ranges: []Range{
			{Line: "9.0", From: 0, To: 29, Fixed: "9.0.30"}, {Line: "8.5", From: 0, To: 49, Fixed: "8.5.50"}, {Line: "7.0", From: 0, To: 98, Fixed: "7.0.99"},
		},
		Trust: OneSource,
	},
	{
		CVE: "CVE-2016-0706", Topic: SessionIDs,
		Title: "the status servlet shows session ids",
		Text:  "Under a SecurityManager, applications that are not trusted could read session ids by the status servlet.",
		Needs: "a SecurityManager and web applications that are not trusted",
		Ranges: []Range{
			{Line: "9.0", From: 0, To: 0, Fixed: "9.0.0"}, {Line: "8.0", From: 0, To: 30, Fixed: "8.0.31"},
			{Line: "7.0", From: 0, To: 67, Fixed: "7.0.68"}, {Line: "6.0", From: 0, To: 44, Fixed: "6.0.45"},
		},
		Trust: TwoSources,
		Note:  "9.0 is affected in its first milestone alone.",
	},
	{
		CVE: "CVE-2015-5346", Topic: SessionIDs,
		Title: "session fixation between versions of one application",
		Text:  "Session fixation was possible where versions of one application have different session settings.",
		Needs: "several versions of one application with different session settings",
		Ranges: []Range{
			{Line: "9.0", From: 0, To: 0, Fixed: "9.0.0"}, {Line: "8.0", From: 0, To: 30, Fixed: "8.0.31"}, {Line: "7.0", From: 0, To: 65, Fixed: "7.0.66"},
		},
		Trust: OneSource,
		Note:  "9.0 is affected in its first milestone alone.",
	},
	{
		CVE: "CVE-2014-0033", Topic: SessionIDs,
		Title: "session ids in URLs are taken although they are switched off",
		Text:  "Session ids in URLs were taken although the configuration switches them off.",
		Needs: "session ids in URLs switched off",
		Ranges: []Range{
			{Line: "6.0", From: 33, To: 37, Fixed: "6.0.39"},
		},
		Trust: TwoSources,
	},
	{
		CVE: "CVE-2013-2067", Topic: SessionIDs,
		Title: "a request can be put into another's session during FORM login",
		Text:  "During FORM login a request could be put into somebody else's session.",
		Needs: "FORM login",
		Ranges: []Range{
			{Line: "7.0", From: 0, To: 32, Fixed: "7.0.33"}, {Line: "6.0", From: 21, To: 36, Fixed: "6.0.37"},
		},
		Trust: TwoSources,
	},
	{
		CVE: "CVE-2012-5886", Topic: SessionIDs,
		Title: "DIGEST login is skipped with a known session",
		Text:  "DIGEST login kept the user in the session and skipped the check.",
		Needs: "DIGEST login",
		Ranges: []Range{
			{Line: "7.0", From: 0, To: 29, Fixed: "7.0.30"}, {Line: "6.0", From: 0, To: 35, Fixed: "6.0.36"}, {Line: "5.5", From: 0, To: 35, Fixed: "5.5.36"},
		},
		Trust: OneSource,
	},
	{
		CVE: "CVE-2007-5333", Topic: SessionIDs,
		Title: "session ids leak by quotes in cookies",
		Text:  "Session ids could leak by quotes and %5C in cookies.",
		Needs: "cookies",
		Ranges: []Range{
			{"6.0", 0, 14, "6.0.16", FromMemory}, {"5.5", 0, 25, "5.5.26", FromMemory},
		},
		Trust: OneSource,
	},
	{
		CVE: "CVE-2026-66713", Published: "2026-07-28", Topic: OnTop,
		Title: "Axis2's clustering deserialises what anybody sends",
		Text: "Apache Axis2 up to 2.0.0 builds its clustering on Tribes and deserialises what anybody sends to its receiver; 2.0.1 takes " +
			"clustering out. Tomcat itself is not what is affected.",
		Needs: "Apache Axis2 with clustering",
		Trust: OneSource,
	},
}
