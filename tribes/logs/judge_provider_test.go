package logs

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"muster/internal/verdict"
)

const (
	providerStart = `29-Nov-2026 18:00:00.100 INFO [main] org.apache.catalina.startup.VersionLoggerListener.log Server version name:   Apache Tomcat/10.1.56
29-Nov-2026 18:00:01.000 INFO [main] org.apache.catalina.ha.tcp.SimpleTcpCluster.startInternal Cluster is about to start
29-Nov-2026 18:00:01.100 INFO [main] org.apache.catalina.tribes.transport.ReceiverBase.bind Receiver Server Socket bound to:[/10.77.0.11:4000]
`
	providerUp = "29-Nov-2026 18:00:%02d.000 INFO [main] org.apache.catalina.startup.Catalina.start Server startup in [2100] milliseconds\n"
	cloud      = "org.apache.catalina.tribes.membership.cloud."
)

// logLine is one at 18:00:02, with exceptions behind it, the innermost last.
func logLine(level, at, text string, causes ...string) string {
	s := fmt.Sprintf("29-Nov-2026 18:00:02.000 %s [main] %s %s\n", level, at, text)
	for i, c := range causes {
		if i > 0 {
			c = "Caused by: " + c
		}
		s += c + "\n\tat java.base/x.Y.z(Y.java:1)\n"
	}
	return s
}

func stream(cause string) string {
	return logLine("SEVERE", cloud+"KubernetesMembershipProvider.fetchMembers", "Failed to open stream", "java.io.IOException: Failed connection to [https://10.77.0.1:6443/api/v1/namespaces/tomcat/pods]", cause)
}

// TestMembershipFaults: what Tomcat 10.1.56 wrote under each fault of a membership without
// multicast (measured), and what it means.
func TestMembershipFaults(t *testing.T) {
	const (
		answer      = "fail likely provider.unanswered"
		environment = "fail likely provider.environment"
	)
	heartbeat := func(cause string) string {
		return logLine("SEVERE", "org.apache.catalina.tribes.group.GroupChannel.startHeartbeat", "Unable to send heartbeat through Tribes interceptor stack. Will try to sleep again.", "java.util.concurrent.ExecutionException: "+cause, cause)
	}
	noStart := func(cause string) string {
		return logLine("SEVERE", "org.apache.catalina.ha.tcp.SimpleTcpCluster.startInternal", "Unable to start cluster.", "org.apache.catalina.LifecycleException: "+cause, cause)
	}
	dns := func(why string) string {
		return logLine("WARNING", cloud+"DNSMembershipProvider.fetchMembers", "Error getting hosts address list for namespace [shop]", "java.net.UnknownHostException: shop"+why)
	}
	start := func(cause string) string {
		return logLine("SEVERE", cloud+"KubernetesMembershipProvider.start", "Failed to open stream", cause)
	}
	interceptor := func(text string) string {
		return logLine("WARNING", "org.apache.catalina.tribes.group.interceptors.StaticMembershipInterceptor.start", text)
	}
	for _, c := range []struct{ name, log, want, saw string }{
		{"401", stream("java.io.IOException: Server returned HTTP response code: 401 for URL: https://10.77.0.1:6443/api"), answer, "401"},
		{"403", stream("java.io.IOException: Server returned HTTP response code: 403 for URL: https://10.77.0.1:6443/api"), answer, "403"},
		{"429", stream("java.io.IOException: Server returned HTTP response code: 429 for URL: https://10.77.0.1:6443/api"), answer, "429"},
		{"500", stream("java.io.IOException: Server returned HTTP response code: 500 for URL: https://10.77.0.1:6443/api"), answer, "itself fails"},
		{"404", stream("java.io.FileNotFoundException: https://10.77.0.1:6443/api/v1/namespaces/tomcat/pods"), answer, "404"},
		{"redirect", stream("java.net.ProtocolException: Server redirected too many  times (20)"), answer, "redirect"},
		{"authority", stream("javax.net.ssl.SSLHandshakeException: (certificate_unknown) PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target"), answer, "authority"},
		{"name", stream("javax.net.ssl.SSLHandshakeException: (certificate_unknown) No subject alternative names matching IP address 10.77.0.1 found"), answer, "does not name"},
		{"expired", stream("javax.net.ssl.SSLHandshakeException: (certificate_expired) PKIX path validation failed: java.security.cert.CertPathValidatorException: validity check failed"), answer, "expired"},
		{"no TLS", stream("javax.net.ssl.SSLException: Unsupported or unrecognized SSL message"), answer, "no TLS"},
		{"refused", stream("java.net.ConnectException: Connection refused"), answer, "refused"},
		{"closed", stream("java.net.SocketException: Unexpected end of file from server"), answer, "could not be asked"},
		{"slow", stream("java.net.SocketTimeoutException: Read timed out"), answer, "timeout"},
		{"no host", stream(`java.net.MalformedURLException: Error at index 0 in: "null"`), environment, "makes no URL"},
		{"no list", logLine("SEVERE", cloud+"KubernetesMembershipProvider.parsePods", "Invalid pods list: [no items]"), answer, "without a list"},
		{"no address", logLine("WARNING", cloud+"KubernetesMembershipProvider.parsePods", "Pod is missing some required attributes: [podIP]"), "warn likely provider.pod-state", "lacks"},
		{"no JSON", heartbeat(`org.apache.tomcat.util.json.TokenMgrError: Lexical error at line 1, column 1.  Encountered: "<" (60), after : ""`), answer, "no JSON"},
		{"a newline at run time", heartbeat("java.lang.IllegalArgumentException: Illegal character(s) in message header value: Bearer x"), environment, "newline"},
		{"a newline at the start", noStart("java.lang.IllegalArgumentException: Illegal character(s) in message header value: Bearer x"), "fail definite provider.environment", "newline"},
		{"no token", start("java.nio.file.NoSuchFileException: /var/run/secrets/kubernetes.io/serviceaccount/token"), environment, "token file is not there"},
		{"no authority", logLine("SEVERE", cloud+"AbstractStreamProvider.configureCaCert", "CA cert file [/var/run/secrets/kubernetes.io/serviceaccount/ca.crt] not found", "java.io.FileNotFoundException: /x (No such file or directory)") +
			start("java.io.FileNotFoundException: /x (No such file or directory)"), environment, "authority is not there"},
		{"no key", logLine("SEVERE", cloud+"KubernetesMembershipProvider.start", "Client certificate key was not specified in the environment"), environment, "KUBERNETES_CLIENT_KEY_FILE"},
		{"no namespace", logLine("WARNING", cloud+"CloudMembershipProvider.getNamespace", "Namespace not set"), "warn likely provider.environment", `"tomcat"`},
		{"no such name", dns(": Name or service not known"), answer, "no address"},
		{"the DNS refuses", dns(": Temporary failure in name resolution"), answer, "refuses"},
		{"no such provider", noStart("java.lang.ClassNotFoundException: k8s"), "fail definite config.class", "k8s"},
		{"a negative timeout", noStart("java.lang.IllegalArgumentException: Neither connectTimeout [-1] nor readTimeout [1000] can be less than 0 for URLConnection"), "fail definite config.value", "negative"},
		{"no local member", noStart("java.lang.IllegalStateException: There is no localMember in static member list."), "fail definite config.static-member", "no local member"},
		{"multicast and a local member", noStart("java.lang.IllegalArgumentException: McastService:Required property [tcpListenPort] is missing."), "fail likely tribes.static-mix", "multicast at once"},
		{"another kind of membership", logLine("WARNING", "org.apache.catalina.tribes.membership.StaticMembershipProvider.startMembership", "Received 0 replies, probably a timeout."), "warn likely config.static-member", "another kind"},
		{"no failure detector", interceptor("There is no TcpFailureDetector. Automatic detection of static members does not work properly. By defining the StaticMembershipInterceptor under the TcpFailureDetector, automatic detection of the static members will work."), "warn likely tribes.interceptor-order", "TcpFailureDetector"},
		{"no ping", interceptor("There is no TcpPingInterceptor. The health check of static members does not work properly. By defining the TcpPingInterceptor, the health check of static members will work."), "warn likely config.interceptor-missing", "TcpPingInterceptor"},
		{"a name without an address", logLine("SEVERE", "org.apache.catalina.tribes.group.interceptors.TcpFailureDetector.memberAlive", "Unable to perform failure detection check, assuming member down.[org.apache.catalina.tribes.membership.StaticMember[tcp://nosuch.lan:4000,nosuch.lan,4000, alive=0, securePort=-1, UDP Port=-1, id={0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 2 }, payload={}, command={}, domain={}]]", "java.net.UnknownHostException: addr is of illegal length"), "fail likely config.static-member", "has no address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(t, text("catalina.out", providerStart+c.log+fmt.Sprintf(providerUp, 3)))
			got := slices.DeleteFunc(bad(r), func(s string) bool { return strings.HasSuffix(s, "config.advisory") })
			if !slices.Equal(got, []string{c.want}) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if i := slices.IndexFunc(r.Verdicts, func(v verdict.Verdict) bool { return strings.Contains(v.Saw, c.saw) }); i < 0 {
				t.Errorf("nothing says %q: %+v", c.saw, r.Verdicts)
			}
		})
	}
}

// A fault of the API that is over is a warning; one that is met at the start alone stays.
func TestMembershipFaultIsOver(t *testing.T) {
	later := strings.Replace(fmt.Sprintf(providerUp, 0), "18:00", "18:04", 1)
	over := bad(run(t, text("catalina.out", providerStart+stream("java.io.IOException: Server returned HTTP response code: 403 for URL: x")+later)))
	if !slices.Equal(over, []string{"warn likely provider.unanswered"}) {
		t.Errorf("two minutes of silence: %q", over)
	}
	stays := bad(run(t, text("catalina.out", providerStart+logLine("SEVERE", cloud+"KubernetesMembershipProvider.start", "Failed to open stream", "java.nio.file.NoSuchFileException: token")+later)))
	if !slices.Equal(stays, []string{"fail likely provider.environment"}) {
		t.Errorf("nothing is asked any more: %q", stays)
	}
	again := strings.ReplaceAll(providerStart, "18:00:", "18:05:") + strings.Replace(fmt.Sprintf(providerUp, 3), "18:00:", "18:05:", 1)
	over = bad(run(t, text("catalina.out", providerStart+logLine("SEVERE", cloud+"KubernetesMembershipProvider.start", "Failed to open stream", "java.nio.file.NoSuchFileException: token")+again)))
	if !slices.Equal(over, []string{"warn likely provider.environment"}) {
		t.Errorf("started again: %q", over)
	}
}
