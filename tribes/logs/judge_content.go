package logs

import (
	"fmt"
	"strings"

	"muster/internal/verdict"
)

// content judges objects that cannot travel.
func (j *judge) content(n *Node) {
	list := eventsOf(n, Content)
	if len(list) == 0 {
		return
	}
	var what []string
	foreign := true // every class that is missing is one of Tomcat itself
	for _, e := range list {
		if e.Detail != "" && !has(what, e.Detail) {
			what = append(what, e.Detail)
		}
		foreign = foreign && strings.HasPrefix(e.Detail, "class org.apache.catalina.")
	}
	if foreign {
		j.add("tribes.version-mix", verdict.Fail, verdict.Likely, n.Name,
			fmt.Sprintf("%s could not read messages of another member: %s is not the class that the sender has", n.Name, strings.Join(what, ", ")), list)
		return
	}
	why := "it cannot be serialised"
	switch {
	case contains(causesOf(list), "ClassNotFound") || contains(causesOf(list), "NoClassDef"):
		why = "the application here does not have the class that the sender's has"
	case contains(causesOf(list), "InvalidClass"):
		why = "the application here has another version of the class than the sender's"
	}
	if len(what) > 4 {
		what = append(what[:4], fmt.Sprintf("%d more", len(what)-4))
	}
	j.add("tribes.session-content", verdict.Fail, verdict.Definite, n.Name,
		fmt.Sprintf("sessions do not get across because of %s: %s", firstOf(strings.Join(what, ", "), "an object in them"), why), list,
		verdict.Fix("make the class Serializable with a serialVersionUID of its own, and deploy the same application on all nodes"))
}

func causesOf(list []*Event) (out []string) {
	for _, e := range list {
		out = append(out, e.causes...)
	}
	return out
}

// foreign judges bytes that are none of the cluster's.
func (j *judge) foreign(n *Node) {
	var tcp, udp []*Event
	for _, e := range eventsOf(n, Foreign) {
		if e.Key == "xByteBuffer.discarded.invalidHeader" {
			tcp = append(tcp, e)
		} else {
			udp = append(udp, e)
		}
	}
	if old, new := j.mixed(); old != nil && new != nil && len(tcp) > 0 {
		j.add("tribes.version-mix", verdict.Fail, verdict.Likely, n.Name,
			fmt.Sprintf("%s refuses what the other generation sends: %s is Tomcat %s, %s is %s", n.Name, old.Name, old.Release, new.Name, new.Release), tcp)
		return
	}
	if len(tcp) > 0 {
		j.add("tribes.malformed", verdict.Warn, verdict.Likely, n.Name,
			fmt.Sprintf("bytes that are no message of this Tomcat's cluster reached the receiver of %s %s, first at %s: a scanner, a browser, a TLS client, or a member of another generation; the log does not say from where", n.Name, times(total(tcp)), clockText(tcp[0].Time)), tcp,
			verdict.Fix("let only the cluster's nodes reach the receiver's port (tribes.exposed-port)"))
	}
	if len(udp) > 0 {
		j.add("tribes.malformed", verdict.Warn, verdict.Likely, n.Name,
			fmt.Sprintf("packets that are no heartbeats reached %s on the group %s, first at %s: another program uses the same group and port; each one makes the receiver pause for half a second", n.Name, times(total(udp)), clockText(udp[0].Time)), udp,
			verdict.Fix("give the cluster a group and port of its own"))
	}
}

// mixed returns a node of 6.0 or older and one that is newer, where both are here:
// their messages have another form.
func (j *judge) mixed() (old, new *Node) {
	for _, n := range j.nodes {
		switch {
		case n.Release == "":
		case strings.HasPrefix(n.Release, "6.0") || strings.HasPrefix(n.Release, "5."):
			old = n
		default:
			new = n
		}
	}
	return old, new
}

// load judges exhausted threads, queues and buffers.
func (j *judge) load(n *Node) {
	if list := eventsOf(n, Overload); len(list) > 0 {
		j.add("tribes.load", verdict.Warn, verdict.Likely, n.Name,
			fmt.Sprintf("%s had no thread, queue or buffer left for messages of the cluster, %s from %s on", n.Name, times(total(list)), clockText(list[0].Time)), list)
	}
}
