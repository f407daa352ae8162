package provider

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"muster/internal/verdict"
	"muster/tribes/cluster/channel"
	"muster/tribes/release"
)

// Given is what is known beside the provider's answer.
type Given struct {
	// Port is that of this node's own receiver, where Tomcat looks for all others.
	Port uint16
	// Node: a Tomcat of this cluster is here, so that it must find itself.
	Node bool
	// Release is the Tomcat's, the zero Release where it is not known.
	Release release.Release
	// ReadTimeout is that of <Membership>; 0 is Tomcat's default.
	ReadTimeout time.Duration
	// Replies are the answers of the receivers that were asked.
	Replies map[netip.Addr]Reply
}

// Judge tells what Tomcat makes of the answer.
func (a *Answer) Judge(g Given) []verdict.Verdict {
	j := judge{Answer: a, Given: g, strange: map[netip.Addr]bool{}}
	j.environment()
	j.answered()
	if a.Fault == nil {
		j.self()
		j.pods()
		j.foreign()
		j.answering()
	}
	return j.out
}

type judge struct {
	*Answer
	Given
	out     []verdict.Verdict
	strange map[netip.Addr]bool // who is something else
}

func (j *judge) add(id verdict.ID, s verdict.Status, c verdict.Confidence, subject, saw string, parts ...verdict.Part) {
	j.out = append(j.out, verdict.New(id, s, c, subject, saw, parts...))
}

// asked is the question as evidence, without the token.
func (j *judge) asked() verdict.Evidence {
	q := j.Question
	if j.Selector != "" {
		q += " with labels " + j.Selector
	}
	return verdict.Evidence{What: "asked", Value: q, ReadFrom: j.Settings.env.From}
}

// environment judges what the question is made of.
func (j *judge) environment() {
	const id = "provider.environment"
	s, bad := j.Settings, len(j.out)
	if f := j.Fault; f != nil && f.Environment {
		confidence := verdict.Likely
		if f.Hint {
			confidence = verdict.Hint
		}
		j.add(id, verdict.Fail, confidence, string(j.Kind), f.Saw, j.asked(), verdict.Fix(f.Fix), inLog(f))
	}
	if j.Kind == DNS {
		if !s.ServiceSet && j.Question == s.Service {
			j.add(id, verdict.Warn, verdict.Likely, "DNS_MEMBERSHIP_SERVICE_NAME", fmt.Sprintf("neither it nor KUBERNETES_NAMESPACE is set, so the DNS is asked for %q", s.Service),
				j.asked(), verdict.Fix("set DNS_MEMBERSHIP_SERVICE_NAME to the name of the headless Service"))
		}
	} else {
		j.kubernetesEnvironment()
	}
	if len(j.out) == bad {
		j.add(id, verdict.Pass, verdict.Likely, string(j.Kind), "what the question is made of is there", j.asked())
	}
}

func (j *judge) kubernetesEnvironment() {
	const id = "provider.environment"
	s := j.Settings
	if !s.NamespaceSet {
		j.add(id, verdict.Warn, verdict.Likely, "KUBERNETES_NAMESPACE", fmt.Sprintf("it is not set, so the pods of the namespace %q are asked for, whichever this pod is in", s.Namespace),
			j.asked(), verdict.Fix("set KUBERNETES_NAMESPACE by the downward API: fieldRef metadata.namespace"), inLog(&Fault{Log: "Namespace not set"}))
	}
	if s.ClientCert == "" {
		if token, err := s.env.ReadFile(s.TokenFile); err == nil && tokenEnds(token) {
			j.add(id, verdict.Fail, verdict.Likely, s.TokenFile,
				"the token file ends in a newline, which Tomcat puts into the header: it does not start (\"Illegal character(s) in message header value\"), and writes the token into its log",
				verdict.Evidence{What: "last byte", Value: "a line's end", ReadFrom: s.TokenFile}, verdict.Fix("write the token without a newline: printf %s, not echo"))
		}
	}
	if s.ipv6() && j.Release.Line == "9.0" && j.Release.Exact() {
		j.add(id, verdict.Fail, verdict.Hint, "KUBERNETES_SERVICE_HOST", fmt.Sprintf("it is an IPv6 address, and a Tomcat %s may write it without brackets into the URL, as 9.0.113 does (MalformedURLException): it never gets an answer", j.Release),
			j.asked(), verdict.Fix("set KUBERNETES_MASTER_HOST to a name of the API that its certificate has, or update to Tomcat 10.1 or later"))
	}
}

func inLog(f *Fault) verdict.Part {
	if f.Log == "" {
		return verdict.Parts{}
	}
	return verdict.Evidence{What: "in Tomcat's log then", Value: f.Log, ReadFrom: "what Tomcat 10.1 writes"}
}

// answered judges whether there is an answer in Tomcat's time.
func (j *judge) answered() {
	const id = "provider.unanswered"
	took := verdict.Evidence{What: "took", Value: j.Took.Round(time.Millisecond).String(), ReadFrom: "the question"}
	limit := j.ReadTimeout
	if limit <= 0 {
		limit = DefaultReadTimeout
	}
	switch f := j.Fault; {
	case f != nil && f.Environment:
	case f != nil:
		confidence := verdict.Likely
		if f.Hint {
			confidence = verdict.Hint
		}
		parts := verdict.Parts{j.asked(), took, inLog(f)}
		if f.Fix != "" {
			parts = append(parts, verdict.Fix(f.Fix))
		}
		j.add(id, verdict.Fail, confidence, string(j.Kind), f.Saw, parts)
	case j.Kind == Kubernetes && j.Silence > limit:
		j.add(id, verdict.Fail, verdict.Likely, string(j.Kind), fmt.Sprintf("the API answers, after a silence of %s, and Tomcat gives up after its readTimeout of %s",
			j.Silence.Round(time.Millisecond), limit), j.asked(), took, verdict.Fix(`readTimeout="10000" on <Membership>, or a faster API`), inLog(&Fault{Log: "Read timed out"}))
	default:
		what := map[Kind]string{Kubernetes: "pods", DNS: "addresses"}[j.Kind]
		j.add(id, verdict.Pass, verdict.Definite, string(j.Kind), fmt.Sprintf("it answers: %d %s", len(j.Named)+j.More, what), j.asked(), took)
	}
}

// itself is what becomes of a node that does not know its own entry.
const itself = "the node becomes a member of itself, asks itself for the sessions, and its start takes a minute longer (\"No session state sent\")"

// self judges whether this node knows itself among those named.
func (j *judge) self() {
	const id = "provider.self"
	name := verdict.Evidence{What: "host name " + j.Self.Host, Value: fmt.Sprint(j.Self.Addrs), ReadFrom: "the resolver"}
	var here []Named
	for _, n := range j.Named {
		if r, known := j.Replies[n.Addr]; n.Here && n.Member() && (!known || r.Connected()) {
			here = append(here, n)
		}
	}
	own, resolved := j.Self.Own()
	switch {
	case len(here) > 0 && resolved && own == here[0].Addr:
		n := here[0]
		j.add(id, verdict.Fail, verdict.Likely, n.Text, fmt.Sprintf("the API writes this pod's address as %s, and Java writes it as %s: the texts never match, and %s", n.Text, JavaText(own), itself),
			name, j.asked(), verdict.Fix("IPv4 pods, or the DNS provider, where both texts are Java's"))
	case len(here) > 0:
		j.add(id, verdict.Fail, verdict.Likely, here[0].Text, fmt.Sprintf("it is an address of this host, and Tomcat knows itself by the address of its host name, %s: %s", orNone(own), itself),
			name, j.asked(), verdict.Fix("have the host name resolve to "+here[0].Text+", as a pod's /etc/hosts does"))
	case j.FindsItself():
		j.add(id, verdict.Pass, verdict.Likely, JavaText(own), "this node is among those named, by the address of its host name", name, j.asked())
	case !j.Node:
		j.add(id, verdict.Skip, verdict.Definite, j.Self.Host, "no address of this host is named; a Tomcat of the cluster on it would not find itself", name)
	default:
		j.missing(name)
	}
}

const zeroID = "it sends with an id of sixteen zeros"

func (j *judge) missing(name verdict.Evidence) {
	if members := j.Members(); j.Kind == DNS && len(members) == 1 {
		at := members[0].Addr
		variable := strings.ToUpper(strings.ReplaceAll(strings.SplitN(j.Question, ".", 2)[0], "-", "_")) + "_SERVICE_HOST"
		confidence, parts := verdict.Hint, verdict.Parts{name, j.asked()}
		if v, ok := j.Settings.env.Lookup(variable); ok && v == at.String() {
			confidence = verdict.Likely
			parts = append(parts, verdict.Evidence{What: variable, Value: v, ReadFrom: j.Settings.env.From})
		}
		j.add("provider.service", verdict.Fail, confidence, j.Question,
			fmt.Sprintf("the DNS names one address, %s, and it is not this node's: the Service has an address of its own (ClusterIP) and is not headless, or it knows one other pod alone; this node does not find itself, and %s", at, zeroID),
			append(parts, verdict.Fix("a headless Service: clusterIP: None, with publishNotReadyAddresses: true"))...)
		return
	}
	saw := "this node is not among those named: the others do not list it either, and take nothing from it; " + zeroID + ", and starts without the others' sessions"
	fix := "labels of the pod that KUBERNETES_LABELS selects, and its own namespace in KUBERNETES_NAMESPACE"
	if j.Kind == DNS {
		fix = "publishNotReadyAddresses: true on the headless Service, and a selector that this pod's labels meet"
	}
	j.add("provider.self", verdict.Fail, verdict.Likely, j.Self.Host, saw, name, j.asked(), verdict.Fix(fix))
}

func orNone(a netip.Addr) string {
	if !a.IsValid() {
		return "which has none"
	}
	return a.String()
}

// pods judges entries that Tomcat warns of at each question, and those that stand for
// one Tomcat twice.
func (j *judge) pods() {
	const id = "provider.pod-state"
	at := map[netip.Addr]string{}
	bad := false
	for _, n := range j.Named {
		switch {
		case strings.Contains(n.Left, "Tomcat warns"):
			bad = true
			j.add(id, verdict.Warn, verdict.Likely, orUnset(n.Pod), n.Left, j.asked(), inLog(&Fault{Log: "Pod is missing some required attributes"}))
		case n.Left != "":
		case at[n.Addr] != "" && at[n.Addr] != n.Pod:
			bad = true
			j.add(id, verdict.Warn, verdict.Likely, n.Text, fmt.Sprintf("the pods %s and %s have this address: two members with two ids, and one Tomcat", at[n.Addr], n.Pod), j.asked())
		default:
			at[n.Addr] = n.Pod
		}
	}
	if bad || j.Kind == DNS {
		return
	}
	notReady, going := 0, 0
	for _, n := range j.Members() {
		switch {
		case n.Terminating:
			going++
		case n.NotReady:
			notReady++
		}
	}
	j.add(id, verdict.Pass, verdict.Likely, j.Settings.Namespace, fmt.Sprintf("%d pods are members, %d of them not ready and %d being deleted, which Tomcat does not look at", len(j.Members()), notReady, going), j.asked())
}

// groups are the labels that say what a pod belongs to.
var groups = []string{"app.kubernetes.io/name", "app.kubernetes.io/instance", "app", "k8s-app"}

// foreign judges pods of something else, which the API names where no label narrows the
// question, and receivers that are none.
func (j *judge) foreign() {
	var own *Named
	for i := range j.Named {
		if j.Named[i].Own || j.Named[i].Here && own == nil {
			own = &j.Named[i]
		}
	}
	found := false
	for _, n := range j.Members() {
		r, asked := j.Replies[n.Addr]
		label := ""
		for _, k := range groups {
			if own != nil && own.Labels[k] != "" && n.Labels[k] != "" && own.Labels[k] != n.Labels[k] {
				label = fmt.Sprintf("%s=%s, and this pod has %s=%s", k, n.Labels[k], k, own.Labels[k])
				break
			}
		}
		effect := "its start waits a minute for the sessions of it"
		fix := "set KUBERNETES_LABELS to a label that the cluster's pods alone have"
		if j.Kind == DNS {
			fix = "a Service that selects the cluster's pods alone"
		}
		if n.Here || label == "" && (!asked || !alien(r)) {
			continue
		}
		found, j.strange[n.Addr] = true, true
		switch {
		case label == "":
			j.add("provider.foreign", verdict.Fail, verdict.Likely, subject(n), fmt.Sprintf("something takes connections on port %d there and is no Tribes receiver (%s): Tomcat makes it a member, and %s", j.Port, r.Outcome, effect), connects(r), verdict.Fix(fix))
		case asked && r.Connected():
			j.add("provider.foreign", verdict.Fail, verdict.Likely, subject(n), fmt.Sprintf("a pod of something else (%s) takes connections on port %d: Tomcat makes it a member, and %s", label, j.Port, effect), connects(r), j.asked(), verdict.Fix(fix))
		default:
			j.add("provider.foreign", verdict.Warn, verdict.Likely, subject(n), fmt.Sprintf("a pod of something else (%s) is asked at port %d every 5 s, and is a member as soon as something there takes connections", label, j.Port), j.asked(), verdict.Fix(fix))
		}
	}
	if !found && len(j.Replies) > 0 {
		j.add("provider.foreign", verdict.Pass, verdict.Likely, string(j.Kind), "none of those named is something else, as far as labels and receivers tell", j.asked())
	}
}

// alien: it takes connections and did not answer as a Tribes receiver. One that is
// silent may be a Tomcat that stands still, and one that speaks TLS a secure receiver.
func alien(r Reply) bool {
	return r.Connected() && (r.Outcome == channel.Foreign || r.Outcome == channel.Closed)
}

func connects(r Reply) verdict.Evidence {
	return verdict.Evidence{What: "TCP connection to " + r.Addr.String(), Value: fmt.Sprintf("%s, %d tried", r.Outcome, r.Tries), ReadFrom: "connect"}
}

func subject(n Named) string {
	if n.Pod != "" {
		return n.Pod + " (" + n.Text + ")"
	}
	return n.Text
}

// answering judges whether the receivers of those named answer.
func (j *judge) answering() {
	const id = "provider.not-answering"
	there, asked := 0, 0
	for _, n := range j.Members() {
		r, ok := j.Replies[n.Addr]
		if !ok || n.Here || j.strange[n.Addr] {
			continue
		}
		asked++
		switch {
		case r.Connected():
			there++
			if r.Outcome == channel.NoAck {
				j.add(id, verdict.Fail, verdict.Hint, subject(n), "its receiver takes the connection and answers nothing: its Tomcat stands still, or it is no receiver", connects(r))
			}
		case n.Terminating:
			j.add(id, verdict.Skip, verdict.Likely, subject(n), "it does not answer, and is being deleted", connects(r))
		case n.NotReady:
			j.add(id, verdict.Warn, verdict.Hint, subject(n), "it does not answer, and is not ready: it starts, or cannot start", connects(r), verdict.Next("kubectl logs "+n.Pod))
		case j.Kind == DNS && n.Addr.Is6() && j.otherFamily():
			asked-- // one pod by its other family, which its receiver is not bound to
		default:
			j.add(id, verdict.Fail, verdict.Likely, subject(n), fmt.Sprintf("it is named, and its receiver does not answer at port %d, this node's own, where Tomcat looks for all others: %s. Tomcat passes it over without a word", j.Port, orOutcome(r)),
				connects(r), verdict.Next(fmt.Sprintf("on that node: is Tomcat up, and is its receiver at port %d (autoBind takes the next one where it is taken)?", j.Port)))
		}
	}
	switch {
	case asked == 0 && len(j.strange) == 0:
		j.add(id, verdict.Unknown, verdict.Likely, j.Question, "nobody else is named: this node is alone, as far as the provider says", j.asked())
	case asked > 0 && there == asked:
		j.add(id, verdict.Pass, verdict.Likely, j.Question, fmt.Sprintf("the receivers of all others (%d) answer at port %d", there, j.Port), j.asked())
	}
}

// otherFamily: an IPv4 member answers.
func (j *judge) otherFamily() bool {
	for addr, r := range j.Replies {
		if addr.Is4() && r.Connected() {
			return true
		}
	}
	return false
}

func orOutcome(r Reply) string {
	switch r.Outcome {
	case channel.Refused:
		return "the connection is refused"
	case channel.Timeout:
		return "no answer to the connection"
	}
	return string(r.Outcome)
}
