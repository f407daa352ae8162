package logs

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/verdict"
)

// membershipFault is what a line of a membership without multicast means, by Tomcat's
// message and by words of an exception behind it.
type membershipFault struct {
	key    string // of the message; with * at its end it is the beginning of several
	words  string // in one of the exceptions, "" where the message alone tells
	id     verdict.ID
	status verdict.Status
	// once: it is met at the start and not tried again, so that no later silence says
	// that it is over.
	once     bool
	saw, fix string
}

// membershipFaults in the order in which they are tried: what Tomcat 10.1.56 wrote under
// each of these faults, by the texts of java.net that all releases of Java have.
var membershipFaults = []membershipFault{
	{"kubernetesMembershipProvider.streamError", "response code: 401", "provider.unanswered", verdict.Fail, false, "the Kubernetes API does not know the token (401): it has expired, or belongs to another cluster", "mount the service account's projected token, which the kubelet renews"},
	{"kubernetesMembershipProvider.streamError", "response code: 403", "provider.unanswered", verdict.Fail, false, "the service account may not list the pods of the namespace (403)", "give the service account a Role with get and list of pods in the namespace, and a RoleBinding"},
	{"kubernetesMembershipProvider.streamError", "response code: 429", "provider.unanswered", verdict.Fail, false, "the Kubernetes API refuses: too many requests (429)", ""},
	{"kubernetesMembershipProvider.streamError", "response code: 5", "provider.unanswered", verdict.Fail, false, "the Kubernetes API itself fails", "look at the API server"},
	{"kubernetesMembershipProvider.streamError", "response code:", "provider.unanswered", verdict.Fail, false, "the Kubernetes API answers with a status that is no answer", ""},
	{"kubernetesMembershipProvider.streamError", "FileNotFoundException: http", "provider.unanswered", verdict.Fail, false, "the Kubernetes API has no such path (404): its version or the host is wrong", "take KUBERNETES_API_VERSION out, or set it to v1"},
	{"kubernetesMembershipProvider.streamError", "redirected too many", "provider.unanswered", verdict.Fail, false, "the answer is a redirect: what answers there is no Kubernetes API, or a proxy before it", "set KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT to the API itself"},
	{"kubernetesMembershipProvider.streamError", "No subject alternative", "provider.unanswered", verdict.Fail, false, "the API's certificate does not name the host that is asked", "set KUBERNETES_SERVICE_HOST to a name or address that the certificate has"},
	{"kubernetesMembershipProvider.streamError", "NotAfter:", "provider.unanswered", verdict.Fail, false, "the API's certificate has expired, or a clock is wrong", "renew the API's certificate; compare the clocks"},
	{"kubernetesMembershipProvider.streamError", "certificate_expired", "provider.unanswered", verdict.Fail, false, "the API's certificate has expired, or a clock is wrong", "renew the API's certificate; compare the clocks"},
	{"kubernetesMembershipProvider.streamError", "PKIX path", "provider.unanswered", verdict.Fail, false, "the API's certificate is not of the authority that the service account knows", "mount the ca.crt of this cluster's service account, or name it by KUBERNETES_CA_CERTIFICATE_FILE"},
	{"kubernetesMembershipProvider.streamError", "recognized SSL message", "provider.unanswered", verdict.Fail, false, "what answers there speaks no TLS", "set KUBERNETES_MASTER_PROTOCOL and KUBERNETES_SERVICE_PORT to what the API has"},
	{"kubernetesMembershipProvider.streamError", "MalformedURLException", "provider.environment", verdict.Fail, false, "the environment makes no URL: KUBERNETES_SERVICE_HOST or KUBERNETES_SERVICE_PORT is not set, or is an IPv6 address for a Tomcat 9.0", "set both to the Kubernetes API: pods have them, unless the environment was cleared"},
	{"kubernetesMembershipProvider.streamError", "NoSuchFileException", "provider.environment", verdict.Fail, true, "the token file is not there: it is never asked for again, and this node serves alone", "automountServiceAccountToken: true on the pod and its service account, or SA_TOKEN_FILE"},
	{"kubernetesMembershipProvider.streamError", "AccessDeniedException", "provider.environment", verdict.Fail, true, "the token file may not be read: it is never asked for again, and this node serves alone", "let Tomcat's user read it (fsGroup of the pod)"},
	{"kubernetesMembershipProvider.streamError", "FileNotFoundException", "provider.environment", verdict.Fail, true, "the file of the certificate authority is not there: the API is never asked, and this node serves alone", "automountServiceAccountToken: true on the pod and its service account, or KUBERNETES_CA_CERTIFICATE_FILE"},
	{"kubernetesMembershipProvider.streamError", "UnknownHostException", "provider.unanswered", verdict.Fail, false, "the API's host has no address", "set KUBERNETES_SERVICE_HOST to the API's address"},
	{"kubernetesMembershipProvider.streamError", "Connection refused", "provider.unanswered", verdict.Fail, false, "nobody listens at the API's address: the connection is refused", "compare host and port with the Service kubernetes in the namespace default"},
	{"kubernetesMembershipProvider.streamError", "timed out", "provider.unanswered", verdict.Fail, false, "the API does not answer within the timeout: it is slow, or a network policy drops the connection", "let the pods' network reach the API; a longer readTimeout on Membership where it is only slow"},
	{"kubernetesMembershipProvider.streamError", "", "provider.unanswered", verdict.Fail, false, "the Kubernetes API could not be asked", ""},
	{"abstractStream.fileNotFound", "", "provider.environment", verdict.Fail, true, "the file of the certificate authority is not there: the API is never asked, and this node serves alone", "automountServiceAccountToken: true on the pod and its service account, or KUBERNETES_CA_CERTIFICATE_FILE"},
	{"kubernetesMembershipProvider.noKey", "", "provider.environment", verdict.Fail, true, "there is a client certificate and no KUBERNETES_CLIENT_KEY_FILE: the API is never asked", "set KUBERNETES_CLIENT_KEY_FILE, or use the service account's token"},
	{"kubernetesMembershipProvider.noNamespace", "", "provider.environment", verdict.Warn, true, "no namespace is set, so that the one of the name \"tomcat\" is asked", "set KUBERNETES_NAMESPACE by the downward API (fieldRef metadata.namespace), or DNS_MEMBERSHIP_SERVICE_NAME"},
	{"kubernetesMembershipProvider.invalidPodsList", "", "provider.unanswered", verdict.Fail, false, "the answer of the API is JSON without a list of pods", "look at what answers there: it is no pods API"},
	{"kubernetesMembershipProvider.invalidPod", "", "provider.pod-state", verdict.Warn, false, "a pod that the API names lacks what makes it a member", ""},
	{"kubernetesMembershipProvider.jsonError", "", "provider.unanswered", verdict.Fail, false, "the answer of the API is no JSON, or cut short", "look at what answers there: curl with the service account's ca.crt and token"},
	{"groupChannel.unable.sendHeartbeat", "TokenMgrError", "provider.unanswered", verdict.Fail, false, "the answer of the API is no JSON (a proxy's page), or cut short: nothing is asked for up to a minute", "look at what answers there: curl with the service account's ca.crt and token"},
	{"groupChannel.unable.sendHeartbeat", "message header value", "provider.environment", verdict.Fail, false, "the token file ends in a newline, or holds more than the token: nothing is asked", "write the token without a newline: printf %s, not echo"},
	{"dnsMembershipProvider.dnsError", "Temporary failure", "provider.unanswered", verdict.Fail, false, "the DNS server refuses the question for the members' name, or does not answer", "look at the nameserver of /etc/resolv.conf"},
	{"dnsMembershipProvider.dnsError", "", "provider.unanswered", verdict.Fail, false, "the DNS has no address for the members' name: no such name, or a headless Service without a ready pod", "set DNS_MEMBERSHIP_SERVICE_NAME to the headless Service's name, and publishNotReadyAddresses: true on it"},
	{"tcpFailureDetector.failureDetection.failed", "addr is of illegal length", "config.static-member", verdict.Fail, false, "a static member's host name did not resolve while server.xml was read, so that it has no address", "host=\"ADDRESS\" on that Member"},
	{"staticMember.invalid.host", "", "config.static-member", verdict.Fail, true, "a static member's host name does not resolve: it has no address", "host=\"ADDRESS\" on that Member"},
	{"staticMembershipProvider.startMembership.noReplies", "", "config.static-member", verdict.Warn, false, "a listed member takes connections and does not answer as a member of a static membership does: it has another kind of membership, or stands still", ""},
	{"staticMembershipInterceptor.no.failureDetector", "", "tribes.interceptor-order", verdict.Warn, true, "StaticMembershipInterceptor finds no TcpFailureDetector above it: members that are not there count as there, and the start waits for them", "list TcpFailureDetector before StaticMembershipInterceptor"},
	{"staticMembershipInterceptor.no.pingInterceptor", "", "config.interceptor-missing", verdict.Warn, true, "StaticMembershipInterceptor finds no TcpPingInterceptor above it: a member that dies is noticed only when something is sent to it", "list TcpPingInterceptor before StaticMembershipInterceptor"},
	{"staticMembershipInterceptor.thereIsNoTcpPing*", "", "config.interceptor-missing", verdict.Warn, true, "StaticMembershipInterceptor finds no TcpPingInterceptor above it: a member that dies is noticed only when something is sent to it", "list TcpPingInterceptor before StaticMembershipInterceptor"},
}

func (f *membershipFault) fits(e *Event) bool {
	if all, ok := strings.CutSuffix(f.key, "*"); ok && !strings.HasPrefix(e.Key, all) || !ok && e.Key != f.key {
		return false
	}
	return f.words == "" || strings.Contains(e.Cause, f.words) || contains(e.causes, f.words)
}

// askedAgain is after how long without its line a fault of what is asked every five
// seconds is over; an answer that cannot be read stops the questions for a minute.
const askedAgain = 90 * time.Second

// startedAfter reports whether the node was started again after a time. What is read of
// server.xml comes some seconds before the line of the start.
func (n *Node) startedAfter(t time.Time) bool {
	return len(n.Lives) > 1 && n.Lives[len(n.Lives)-1].Start.Sub(t) > time.Minute
}

// provided judges what a membership without multicast says of those that it asks.
func (j *judge) provided(n *Node) {
	lines := map[*membershipFault][]*Event{}
	var met []*membershipFault
	for _, e := range n.events {
		for i := range membershipFaults {
			f := &membershipFaults[i]
			if !f.fits(e) {
				continue
			}
			// One start tells of one fault in several lines.
			if same := slices.IndexFunc(met, func(m *membershipFault) bool { return m.saw == f.saw }); same >= 0 {
				f = met[same]
			} else {
				met = append(met, f)
			}
			lines[f] = append(lines[f], e)
			break
		}
	}
	for _, f := range met {
		list, status := lines[f], f.status
		last := list[len(list)-1]
		saw := fmt.Sprintf("%s: %s, %s from %s on", n.Name, f.saw, times(total(list)), clockText(list[0].Time))
		switch {
		case f.once && n.startedAfter(last.Until):
			status = verdict.Warn
			saw += "; it was started again since, without it"
		case !f.once && n.Last.Sub(last.Until) > askedAgain:
			status = verdict.Warn
			saw += fmt.Sprintf("; not after %s, so that it is over", clockText(last.Until))
		}
		var parts []verdict.Part
		if f.fix != "" {
			parts = append(parts, verdict.Fix(f.fix))
		}
		if j.explained[n] == "" && f.status == verdict.Fail {
			j.explained[n] = f.id
		}
		j.add(f.id, status, verdict.Likely, n.Name, saw, list, parts...)
	}
}
