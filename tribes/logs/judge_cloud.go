package logs

import (
	"fmt"
	"strings"

	"muster/internal/lazyregexp"
	"muster/internal/verdict"
	"muster/tribes/release"
)

// withoutMulticast reports whether the node was started and its membership service
// said nothing of a group: it finds its members otherwise.
func (n *Node) withoutMulticast() bool {
	started := false
	for _, l := range n.Lives {
		if l.listening {
			return false
		}
		started = started || l.Addr.IsValid()
	}
	return started
}

// itself tells of a node without multicast that lists itself as another member.
func (j *judge) itself(n *Node, e *Event) {
	lines := append([]*Event{e}, eventsOf(n, StateTimeout)...)
	if strings.Contains(e.Text, "StaticMember[") {
		j.add("config.static-member", verdict.Warn, verdict.Likely, n.Name,
			fmt.Sprintf("%s has its own entry %s in its list of members, and sends to itself", n.Name, e.Member), lines, verdict.Fix("make that <Member> the <LocalMember>"))
		return
	}
	j.add("provider.self", verdict.Fail, verdict.Likely, n.Name,
		fmt.Sprintf("%s takes itself for another member (%s): its host name resolves to another address than the one that its provider names", n.Name, e.Member), lines,
		verdict.Next("in that pod: muster tribes members --server-xml FILE"))
}

// bearer is a token as Tomcats wrote it into their logs (CVE-2026-34487), and as Java
// does when it is no header.
var bearer = lazyregexp.New(`(with token \[|Bearer )[^\]\s]+`)

// argument is a system property with a secret, as Tomcat logs its command line at each start.
var argument = lazyregexp.New(`(?i)(-D[^\s=]*(?:key|pass|psk|pwd|secret|token|credential)[^\s=]*=)\S+`)

// HideTokens hides tokens of the Kubernetes API and keys of a command line: what is read of
// a log is shown to others.
func HideTokens(text string) string {
	if strings.Contains(text, "with token [") || strings.Contains(text, "Bearer ") {
		text = bearer().ReplaceAllString(text, "${1}...")
	}
	if strings.Contains(text, "-D") {
		text = argument().ReplaceAllString(text, "${1}...")
	}
	return text
}

// advisories tells what is known of the release of a node, as far as its log shows that
// the part is used.
func (j *judge) advisories(n *Node) {
	for i := range n.events {
		if e := n.events[i]; strings.Contains(e.Text, "] with token [") || strings.Contains(e.Cause, "Bearer ") {
			j.add("config.advisory", verdict.Fail, verdict.Definite, n.Name, fmt.Sprintf("the Kubernetes token stands in the log of %s (CVE-2026-34487): whoever reads the log can call the API with it", n.Name),
				[]*Event{e}, verdict.Fix("replace the token (delete the pod, or the service account's secret), and update Tomcat"), verdict.Next("muster explain CVE-2026-34487"))
			break
		}
	}
	r, err := release.Parse(n.Release)
	if err != nil || !r.Exact() {
		return
	}
	a, ok := release.FindAdvisory("CVE-2026-34486")
	g, in := a.In(r)
	if !ok || !in {
		return
	}
	status, confidence, uses := verdict.Warn, verdict.Hint, "; whether this node has an EncryptInterceptor, its log does not say"
	var lines []*Event
	for i := range n.events {
		if e := n.events[i]; strings.HasPrefix(e.Key, "encryptInterceptor.") || e.Kind == NoDecrypt || e.Kind == Replay {
			status, confidence, uses, lines = verdict.Fail, verdict.Likely, "", append(lines, e)
		}
	}
	lines = append(lines, eventsOf(n, Release)...)
	j.add("config.advisory", status, confidence, n.Name, fmt.Sprintf("%s is Tomcat %s, which is affected by %s: %s. It is known to be exploited since %s%s", n.Name, r, a.CVE, a.Title, a.Exploited, uses),
		lines, verdict.Fix("update to "+g.Fixed+" or later"), verdict.Next("muster explain "+a.CVE),
		verdict.Evidence{What: "advisories", Value: "as of " + release.AsOf, ReadFrom: "the table of this muster"})
}
