package release

// Change is something in the way of a rolling update: between nodes before it
// and nodes after it something does not work.
type Change struct {
	ID    string
	Since string  // the first release of each line that has it, as for [Release.Has]
	What  string  // what changed
	When  Feature // only where the cluster uses this; "" is always
	// Breaks: old and new nodes do not understand each other. Else it is only
	// something to know.
	Breaks bool
	Effect string // what comes of old and new side by side
	Advice string
	Trust  Trust
}

// Feature is a part of a cluster that a change concerns.
type Feature string

const (
	UsesEncrypt       Feature = "EncryptInterceptor"
	UsesDefaultCipher Feature = "EncryptInterceptor without encryptionAlgorithm"
	UsesBackupManager Feature = "BackupManager"
	UsesGzip          Feature = "GzipInterceptor"
)

// Changes are those between releases of Tomcat. That two lines follow each other
// is not a change by itself: from 7.0 to 11.0 nothing else differs in what a
// plain channel sends.
var Changes = []Change{
	{
		ID: "5.5-tribes", Since: "6.0.0 7.0.0 8.0.0 8.5.0 9.0.0 10.0.0 10.1.0 11.0.0", Breaks: true, Trust: TwoSources,
		What:   "the cluster was written anew (Tribes): other heartbeats, other messages",
		Effect: "nodes of both sides do not see each other, and each heartbeat of the new form makes the receiver of a 5.5 sleep for half a second",
		Advice: "give the new nodes a group or port of their own, and move the users over",
	},
	{
		ID: "membership-v1", Since: "7.0.0 8.0.0 8.5.0 9.0.0 10.0.0 10.1.0 11.0.0", Breaks: true, Trust: TwoSources,
		What:   "the member's record got a version and a UDP port",
		Effect: "a heartbeat of the other form is dropped without a word, and a message of the other form closes the connection",
		Advice: "give the new nodes a group or port of their own, and move the users over",
	},
	{
		ID: "delta-session-8.0", Since: "8.0.0 8.5.0 9.0.0 10.0.0 10.1.0 11.0.0", Breaks: true, Trust: TwoSources,
		What:   "the session message has another serialVersionUID (SessionMessageImpl 1, then 2)",
		Effect: "nodes see each other, and no session message of one side is read by the other",
		Advice: "stop all nodes, then update",
	},
	{
		ID: "delta-session-8.5", Since: "8.5.0 9.0.2 10.0.0 10.1.0 11.0.0", When: UsesBackupManager, Breaks: true, Trust: OneSource,
		What:   "DeltaSession has another serialVersionUID, which a BackupManager's messages carry",
		Effect: "a BackupManager of one side cannot read the sessions of the other",
		Advice: "stop all nodes, then update",
	},
	{
		ID: "gzip-option", Since: "9.0.1 10.0.0 10.1.0 11.0.0", When: UsesGzip, Breaks: true, Trust: OneSource,
		What:   "GzipInterceptor compresses messages with option 256 alone, and marks them; to 8.5 it compressed every message",
		Effect: "messages of one side arrive compressed at the other, which does not expand them",
		Advice: "take the GzipInterceptor out of all nodes before the update",
	},
	{
		ID: "replay", Since: "9.0.119 10.1.56 11.0.23", When: UsesEncrypt, Breaks: true, Trust: TwoSources,
		What:   "EncryptInterceptor puts a time stamp into each message (CVE-2026-55955); nodes' clocks must agree within 10 s",
		Effect: "nodes see each other and read none of each other's messages, and neither side says so at its usual level",
		Advice: "stop all nodes, then update",
	},
	{
		ID: "gcm", Since: "9.0.121 10.1.59 11.0.25", When: UsesDefaultCipher, Breaks: true, Trust: OneSource,
		What:   "EncryptInterceptor's default algorithm is AES/GCM/NoPadding and no longer AES/CBC/PKCS5Padding",
		Effect: "nodes see each other and read none of each other's messages",
		Advice: `write encryptionAlgorithm="AES/GCM/NoPadding" on all nodes before the update`,
	},
	{
		ID: "encrypt-deprecated", Since: "9.0.124 10.1.62 11.0.28", When: UsesEncrypt, Trust: Inferred,
		What:   "EncryptInterceptor is deprecated; TLS with pre-shared keys takes its place",
		Effect: "members without a securePort cannot reach members with secure=\"true\" at all",
		Advice: "update first with EncryptInterceptor as it is, then stop all nodes and change to TLS",
	},
	{
		ID: "jakarta", Since: "10.0.0 10.1.0 11.0.0", Trust: TwoSources,
		What:   "applications use jakarta.servlet and no longer javax.servlet",
		Effect: "sessions with plain attributes go both ways between 9.0 and 10.1; attributes that are objects of the servlet API, or of classes that were renamed with it, do not",
		Advice: "let no session hold such objects, or stop all nodes, then update",
	},
}

// Between returns the changes that one of two releases has and the other not.
func Between(a, b Release) []Change {
	var out []Change
	for _, c := range Changes {
		if a.Has(c.Since) != b.Has(c.Since) {
			out = append(out, c)
		}
	}
	return out
}
