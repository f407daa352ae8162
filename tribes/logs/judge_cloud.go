package logs

import (
	"fmt"
	"strings"

	"muster/internal/lazyregexp"
	"muster/internal/verdict"
	"muster/tribes/release"
	"muster/tribes/release/advise"
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
	if err != nil {
		return
	}
	// What a log does not show to be used may be used all the same; pods and keys show.
	uses := advise.Uses{TLS: advise.Unused, Kubernetes: advise.Unused}
	var lines []*Event
	for i := range n.events {
		if e := n.events[i]; strings.HasPrefix(e.Key, "encryptInterceptor.") || e.Kind == NoDecrypt || e.Kind == Replay {
			uses.Encryption, lines = advise.Used, append(lines, e)
		}
	}
	lines = append(lines, eventsOf(n, Release)...)
	var parts []verdict.Part
	for _, e := range lines[:min(3, len(lines))] {
		parts = append(parts, evidenceOf(e))
	}
	j.verdicts = append(j.verdicts, advise.Verdicts(n.Name, r, uses, parts...)...)
}
