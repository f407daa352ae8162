package tomcat

import (
	"fmt"
	"strings"
	"time"

	"muster/internal/verdict"
)

// The verdicts of this room; each has its page. The causes beside them are those
// of the catalogue.
const (
	idMembers     verdict.ID = "smoke.no-members"
	idReplication verdict.ID = "smoke.no-replication"
	idServed      verdict.ID = "smoke.not-served"

	idHalfOpen      verdict.ID = "tribes.half-open"
	idOneWay        verdict.ID = "tribes.one-way"
	idDomain        verdict.ID = "tribes.domain-filter"
	idKey           verdict.ID = "tribes.key-mismatch"
	idClock         verdict.ID = "tribes.clock-skew"
	idDistributable verdict.ID = "config.distributable"
	idRoute         verdict.ID = "config.jvm-route"
	idSame          verdict.ID = "config.same"
)

// replayWindow is how far apart clocks may be with an EncryptInterceptor
// (replayWindowTime); skew is worth a warning without one.
const (
	replayWindow = 10 * time.Second
	skew         = 2 * time.Second
)

// Judge says which half of the cluster is broken, and why, by facts alone.
func Judge(f Facts) (Half, []verdict.Verdict) {
	j := &judge{f: &f}
	if !f.Failed {
		j.clocks(verdict.Warn)
		if f.Error == "" {
			j.hearing()
			j.race()
		}
		return "", j.out
	}
	j.to = &f.Nodes[f.To]
	j.from = &NodeFacts{ // muster has all that a good node has
		Name: "muster", Heard: true, Reached: true, CountsUs: true, Domain: j.to.Domain, Sealed: f.Key, Seen: 1, Sent: 1,
		Manager: deltaManager, Holds: true, Cookie: j.to.Cookie, Clock: clock{Known: true},
	}
	if f.From >= 0 {
		j.from = &f.Nodes[f.From]
	}
	return j.half(), j.out
}

type judge struct {
	f        *Facts
	from, to *NodeFacts
	out      []verdict.Verdict
}

// half goes the way of a session: members, replication, serving.
func (j *judge) half() Half {
	switch {
	case j.f.Routes:
		return j.is(NotServed, j.route())
	case !j.f.Joined:
		return j.unknown()
	case !j.from.Heard && !j.from.Down || !j.to.Heard && !j.to.Down:
		return j.is(NoMembers, j.unheard())
	case j.from.Domain != j.to.Domain && !j.from.Down && !j.to.Down:
		return j.is(NoMembers, j.domains())
	case !j.from.Reached && !j.from.Down, !j.to.Reached && !j.to.Down:
		return j.is(NoReplication, j.closed())
	case !j.from.Down && !j.from.CountsUs && j.to.CountsUs:
		return j.is(NoMembers, j.deaf())
	case j.undistributed() != nil:
		return j.is(NotServed, j.distributable())
	case j.apart() > replayWindow && j.sealed():
		return j.is(NotServed, j.clocks(verdict.Fail))
	case j.sealed() && (j.to.Manager == silentManager || j.from.Sent > 0 && j.to.Sent > 0 && j.from.Sealed != j.to.Sealed):
		return j.is(NoReplication, j.keys())
	case j.to.Holds:
		return j.is(NotServed, j.held())
	}
	return j.is(NoReplication, j.unsent())
}

// is tells the half, and its cause beside it where there is one.
func (j *judge) is(h Half, cause verdict.Verdict) Half {
	id := map[Half]verdict.ID{NoMembers: idMembers, NoReplication: idReplication, NotServed: idServed}[h]
	lead := map[Half]string{
		NoMembers:     "no members: ",
		NoReplication: "members but no replication: ",
		NotServed:     "replicated but not served: ",
	}[h]
	v := j.verdict(id, verdict.Fail, verdict.Definite, lead+cause.Saw)
	v.Evidence = j.evidence()
	v.Confidence, v.Fix = cause.Confidence, cause.Fix
	if cause.ID != "" && cause.ID != id {
		v.CausedBy = []verdict.ID{cause.ID}
		v.Fix = []string{}
		j.out = append(j.out, cause)
	}
	j.out = append([]verdict.Verdict{v}, j.out...)
	return h
}

func (j *judge) verdict(id verdict.ID, s verdict.Status, c verdict.Confidence, saw string, parts ...verdict.Part) verdict.Verdict {
	return verdict.New(id, s, c, j.subject(), saw, parts...)
}

func (j *judge) subject() string {
	if j.from == nil {
		return ""
	}
	return j.from.Name + " to " + j.to.Name
}

// unknown: by HTTP alone nothing can be told apart.
func (j *judge) unknown() Half {
	j.out = append(j.out, j.verdict(idServed, verdict.Unknown, verdict.Hint,
		"by HTTP alone it cannot be told which half is broken: without --http-only muster looks at the members and their messages, too"))
	return ""
}

func (j *judge) unheard() verdict.Verdict {
	heard, not := j.whoIsHeard()
	where := fmt.Sprintf("in group %s on %s", j.f.Group, j.f.Interface)
	c, saw := verdict.Likely, fmt.Sprintf("no heartbeat of %s comes %s, those of %s do", not, where, heard)
	if heard == "" {
		c, saw = verdict.Hint, fmt.Sprintf("no heartbeat of any Tomcat comes %s", where)
	}
	for _, n := range j.f.Nodes {
		if n.Open != "" {
			saw += fmt.Sprintf("; %s has a receiver all the same, at %s: it is in a cluster, and multicast does not get through", n.Name, n.Open)
		}
	}
	return j.verdict("", verdict.Fail, c, saw, verdict.Fix("muster check"), verdict.Fix("muster mesh "+j.f.Group), verdict.Fix("muster tribes members -v"))
}

func (j *judge) whoIsHeard() (heard, not string) {
	var yes, no []string
	for _, n := range j.f.Nodes {
		if n.Heard {
			yes = append(yes, n.Name)
		} else {
			no = append(no, n.Name)
		}
	}
	return strings.Join(yes, " and "), strings.Join(no, " and ")
}

func (j *judge) domains() verdict.Verdict {
	return j.verdict(idDomain, verdict.Fail, verdict.Definite,
		fmt.Sprintf("%s is in domain %q, %s in domain %q: they ignore each other", j.from.Name, j.from.Domain, j.to.Name, j.to.Domain))
}

// closed: a receiver is announced, and nobody gets to it.
func (j *judge) closed() verdict.Verdict {
	n := j.to
	if !j.from.Reached && !j.from.Down {
		n = j.from
	}
	return j.verdict(idHalfOpen, verdict.Fail, verdict.Definite,
		fmt.Sprintf("%s is heard, and its receiver %s does not answer: %s", n.Name, n.Receiver, n.ReachErr),
		verdict.Fix(fmt.Sprintf("open TCP port %s of %s for the other nodes", port(n.Receiver), n.Name)))
}

func port(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }

// deaf: the others have heard our heartbeats, and from has not.
func (j *judge) deaf() verdict.Verdict {
	return j.verdict(idOneWay, verdict.Fail, verdict.Likely,
		fmt.Sprintf("%s has not noticed that muster joined, %s has: multicast does not get to %s, so it knows no members and sends to nobody",
			j.from.Name, j.to.Name, j.from.Name),
		verdict.Fix("on "+j.from.Name+": muster check"))
}

// undistributed are the nodes whose application is in no cluster.
func (j *judge) undistributed() (out []string) {
	for _, n := range []*NodeFacts{j.from, j.to} {
		if !n.Down && n.Manager == noManager && n.Seen == 0 {
			out = append(out, n.Name)
		}
	}
	return out
}

func (j *judge) distributable() verdict.Verdict {
	who := strings.Join(j.undistributed(), " and ")
	return j.verdict(idDistributable, verdict.Fail, verdict.Likely,
		fmt.Sprintf("the cluster works, and the application has no part in it on %s: no manager of it answers, and a session made there sends nothing; its web.xml lacks <distributable/>, or it runs under another path or host name there", who),
		verdict.Fix("<distributable/> in the application's WEB-INF/web.xml, on every node"))
}

// sealed reports whether either node's messages are encrypted.
func (j *judge) sealed() bool { return j.from.Sealed || j.to.Sealed }

func (j *judge) keys() verdict.Verdict {
	c, saw := verdict.Likely, fmt.Sprintf("%s sends, and %s takes what it is sent and makes nothing of it: their keys or algorithms differ", j.from.Name, j.to.Name)
	opened, not := j.from, j.to
	if j.to.Seen > 0 {
		opened, not = j.to, j.from
	}
	switch {
	case j.from.Sealed != j.to.Sealed:
		c = verdict.Definite
		sealer, plain := j.from, j.to
		if j.to.Sealed {
			sealer, plain = j.to, j.from
		}
		saw = fmt.Sprintf("%s encrypts its messages, %s does not", sealer.Name, plain.Name)
	case j.f.Key && opened.Seen > 0 && not.Seen == 0:
		c = verdict.Definite
		saw = fmt.Sprintf("the messages of %s open with the key that was given, those of %s do not", opened.Name, not.Name)
	case j.f.Key && opened.Seen == 0:
		saw = fmt.Sprintf("neither the messages of %s nor those of %s open with the key that was given", j.from.Name, j.to.Name)
	case !j.f.Key:
		saw += "; --encryption-key-file FILE lets muster see which one is wrong"
	}
	return j.verdict(idKey, verdict.Fail, c, saw,
		verdict.Fix("the same encryptionKey and encryptionAlgorithm on all nodes"))
}

// held: the session is there, and the page does not get it.
func (j *judge) held() verdict.Verdict {
	saw := fmt.Sprintf("%s holds the session, and its page does not serve it", j.to.Name)
	c := verdict.Likely
	switch {
	case j.from.Cookie != j.to.Cookie:
		c = verdict.Definite
		saw += fmt.Sprintf(": %s looks for it in a cookie %s, %s sets %s", j.to.Name, j.to.Cookie, j.from.Name, j.from.Cookie)
	case j.f.Behind:
		saw = fmt.Sprintf("%s holds the session without its last change: a change that overtakes the creation of its session is dropped, which Tomcat does unless channelSendOptions is 6", j.to.Name)
	}
	return j.verdict("", verdict.Fail, c, saw)
}

// unsent: everything seems right, and it is not there.
func (j *judge) unsent() verdict.Verdict {
	c, saw := verdict.Hint, fmt.Sprintf("%s does not have the session, and nothing was seen of %s sending it", j.to.Name, j.from.Name)
	if j.from.Sent > 0 {
		c = verdict.Likely
		saw = fmt.Sprintf("%s sends what happens to its sessions (it got here), and %s, which answers us at %s, does not have it: TCP from %s to that port, or the log of %s",
			j.from.Name, j.to.Name, j.to.Receiver, j.from.Name, j.to.Name)
	}
	return j.verdict("", verdict.Fail, c, saw, verdict.Fix(fmt.Sprintf("on %s: muster tribes probe %s", j.from.Name, j.to.Receiver)))
}

// route: the ids do not tell a balancer which node is whose.
func (j *judge) route() verdict.Verdict {
	id := idRoute
	if j.from.Route == j.to.Route {
		id = idSame
	}
	return j.verdict(id, verdict.Fail, verdict.Definite, j.f.Error,
		verdict.Fix(`<Engine ... jvmRoute="NAME">, another NAME on each node and the one that the balancer knows`))
}

// hearing warns where the sessions go through and we do not see the members.
func (j *judge) hearing() {
	if !j.f.Joined {
		return
	}
	if heard, not := j.whoIsHeard(); not != "" {
		saw := fmt.Sprintf("sessions go from one to the other, and no heartbeat of %s comes here in group %s on %s", not, j.f.Group, j.f.Interface)
		if heard == "" {
			saw += ": a static membership, another group, or this host is not where theirs go"
		}
		j.out = append(j.out, j.verdict(idMembers, verdict.Warn, verdict.Hint, saw))
	}
	for i := range j.f.Nodes {
		if n := &j.f.Nodes[i]; n.Heard && !n.Reached && !n.Down {
			j.out = append(j.out, j.verdict(idHalfOpen, verdict.Warn, verdict.Hint,
				fmt.Sprintf("sessions go from one to the other, and from here the receiver of %s does not answer: %s", n.Name, n.ReachErr)))
		}
	}
}

// race tells of changes that were overtaken.
func (j *judge) race() {
	if j.f.Overtaken > 0 {
		j.out = append(j.out, j.verdict(idServed, verdict.Warn, verdict.Likely, fmt.Sprintf(
			"replication works, and %d of the changes did not arrive though the next one did: Tomcat takes two messages that come at once in any order and drops what it does not know yet",
			j.f.Overtaken), verdict.Fix(`<Cluster ... channelSendOptions="6">`)))
	}
}
