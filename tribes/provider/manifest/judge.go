package manifest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"muster/internal/verdict"
	"muster/tribes/provider"
)

// Given is what the Tomcat's server.xml says.
type Given struct {
	Kind provider.Kind
	Port uint16 // of its receiver
}

// Finding is a verdict about an object of a manifest.
type Finding struct {
	verdict.Verdict
	File string
	Line int
}

// judge looks at one workload's pods.
type judge struct {
	*Set
	Given
	*workload
	tomcat *container
	out    []Finding
}

// Judge tells what a Tomcat of these pods will find, and what will find it.
func (s *Set) Judge(g Given) []Finding {
	j := judge{Set: s, Given: g}
	for _, p := range s.left {
		j.add(p, "provider.environment", verdict.Unknown, verdict.Likely, "it is not as the API writes it: a field has another type; it is judged in part, or not at all",
			verdict.Next("kubectl apply --dry-run=server -f "+p.file))
	}
	j.choose()
	if j.workload == nil {
		return j.out
	}
	j.hostName()
	j.ports()
	if g.Kind == provider.DNS {
		j.dns()
	} else {
		j.kubernetes()
	}
	j.cache()
	return j.out
}

func (j *judge) add(at place, id verdict.ID, s verdict.Status, c verdict.Confidence, saw string, parts ...verdict.Part) {
	j.out = append(j.out, Finding{Verdict: verdict.New(id, s, c, at.String(), saw, parts...), File: at.file, Line: at.line})
}

// choose takes the workload that is the Tomcat: the one whose container has the provider's
// variables, the receiver's port or Tomcat's image; the only one, where none shows it.
func (j *judge) choose() {
	best := 0
	several := false
	for _, w := range j.workloads {
		for i := range w.pod.Containers {
			c := &w.pod.Containers[i]
			n := 1 + j.likeness(w, c)
			if w == j.workload && n <= best {
				continue // its first container, unless another is more like it
			}
			if n == best {
				several = true
			}
			if n > best {
				best, several = n, false
				j.workload, j.tomcat = w, c
			}
		}
	}
	at := place{kind: "manifest"}
	if len(j.workloads) > 0 {
		at = j.workloads[0].place
	}
	switch {
	case j.workload == nil:
		j.add(at, "provider.environment", verdict.Unknown, verdict.Likely, "no Deployment, StatefulSet or Pod with a container stands there: whose environment the Tomcat has is not known",
			verdict.Next("give --manifest once for each file"))
	case several:
		j.add(at, "provider.environment", verdict.Unknown, verdict.Likely, "several workloads may be the Tomcat: none has its provider's variables, its receiver's port or its image alone",
			verdict.Next("give the manifest of the Tomcat's workload"))
		j.workload = nil
	}
}

func (j *judge) likeness(w *workload, c *container) int {
	n := 0
	for _, names := range [][]string{provider.NamespaceNames, provider.LabelNames, provider.ServiceNames} {
		if v, _ := j.first(w, c, names); v.set {
			n += 4
		}
	}
	for _, p := range c.Ports {
		if p.Port == int64(j.Port) {
			n += 2
		}
	}
	if strings.Contains(c.Image, "tomcat") {
		n++
	}
	return n
}

// hostName judges what the node's own address is taken from (InetAddress.getLocalHost).
func (j *judge) hostName() {
	for _, a := range j.pod.HostAliases {
		ip, err := netip.ParseAddr(a.IP)
		if err == nil && j.pod.Hostname != "" && slices.Contains(a.Names, j.pod.Hostname) {
			j.add(j.place, "provider.self", verdict.Fail, verdict.Likely, fmt.Sprintf("hostAliases give the pod's host name %s the address %s beside its own: a Tomcat that takes it is a member of itself, and its start takes a minute longer", j.pod.Hostname, ip),
				verdict.Fix("take "+j.pod.Hostname+" out of hostAliases"))
		}
	}
	if j.pod.HostNetwork {
		j.add(j.place, "provider.self", verdict.Warn, verdict.Hint, "hostNetwork: true gives the pod the name and addresses of its node: where that name resolves to another address than the one that the provider names (127.0.1.1, another interface), the Tomcat is a member of itself",
			verdict.Next("on the node: getent ahosts \"$(hostname)\""))
	}
}

// ports judges who else wants the receiver's port in the pod.
func (j *judge) ports() {
	for i := range j.pod.Containers {
		c := &j.pod.Containers[i]
		for _, p := range c.Ports {
			if c != j.tomcat && p.Port == int64(j.Port) {
				j.add(j.place, "provider.not-answering", verdict.Fail, verdict.Likely, fmt.Sprintf("the container %s of the same pod has port %d, which is the receiver's: autoBind takes the next one where it is taken, and all others are looked for there", c.Name, j.Port),
					verdict.Fix("another port on <Receiver>, with autoBind=\"1\""))
			}
		}
	}
}

// cache tells of a property that does nothing where it stands.
func (j *judge) cache() {
	for _, name := range []string{"JAVA_OPTS", "CATALINA_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"} {
		if v := j.lookup(j.workload, j.tomcat, name); j.Kind == provider.DNS && strings.Contains(v.value, "-Dnetworkaddress.cache.ttl") {
			j.add(j.place, "provider.environment", verdict.Warn, verdict.Likely, name+" has -Dnetworkaddress.cache.ttl, which is a security property and does nothing as a system property: the JVM keeps the DNS's answer for 30 s",
				verdict.Fix("-Dsun.net.inetaddr.ttl=5"))
		}
	}
}

// missing says that a variable is not set, or that it is not known here.
func (j *judge) missing(v variable, name, effect, fix string) {
	if v.unknown {
		j.add(j.place, "provider.environment", verdict.Unknown, verdict.Likely, name+" comes from something that the manifest does not hold (a Secret, a ConfigMap, another variable): what is asked for is not known",
			verdict.Next("give the ConfigMap by --manifest too, or ask in the pod: muster tribes members --kubernetes"))
		return
	}
	j.add(j.place, "provider.environment", verdict.Fail, verdict.Likely, name+" is not set here: unless the image sets it (ENV), "+effect, verdict.Fix(fix))
}

// others are the workloads of the same namespace.
func (j *judge) others() []*workload {
	var out []*workload
	for _, w := range j.workloads {
		if w != j.workload && together(w.Namespace, j.Namespace) && w.replicas > 0 {
			out = append(out, w)
		}
	}
	return out
}

func names(ws []*workload) string {
	var out []string
	for _, w := range ws[:min(len(ws), 3)] {
		out = append(out, w.kind+" "+w.Name)
	}
	if len(ws) > 3 {
		out = append(out, fmt.Sprintf("%d more", len(ws)-3))
	}
	return strings.Join(out, ", ")
}
