package manifest

import (
	"fmt"
	"strings"

	"muster/internal/verdict"
	"muster/tribes/provider"
)

// tolerate is the annotation that meant publishNotReadyAddresses in older clusters.
const tolerate = "service.alpha.kubernetes.io/tolerate-unready-endpoints"

// dns judges the Service whose name the DNS is asked for.
func (j *judge) dns() {
	v, name := j.first(j.workload, j.tomcat, provider.ServiceNames)
	if !v.set && !v.unknown || v.set && v.value == "" && !v.unknown {
		v, _ = j.first(j.workload, j.tomcat, provider.NamespaceNames)
	}
	switch {
	case v.unknown, !v.set, v.value == "" && !v.namespace:
		j.missing(v, name, "the DNS is asked for the namespace, or for \"tomcat\"", `DNS_MEMBERSHIP_SERVICE_NAME with the name of the headless Service`)
		return
	case v.namespace:
		j.missing(variable{}, name, "the DNS is asked for the name of the namespace", `DNS_MEMBERSHIP_SERVICE_NAME with the name of the headless Service`)
		return
	}
	label, rest, _ := strings.Cut(v.value, ".")
	namespace, _, _ := strings.Cut(rest, ".")
	if namespace == "" {
		namespace = j.Namespace
	}
	var service *object[serviceSpec]
	for _, s := range j.services {
		if s.Name == label && together(s.Namespace, namespace) {
			service = s
		}
	}
	if service == nil {
		j.add(j.place, "provider.service", verdict.Unknown, verdict.Likely, fmt.Sprintf("the DNS is asked for %s, and the manifest has no Service %s: whether it is headless is not known", v.value, label),
			verdict.Next("kubectl get service "+label+" -o yaml, and give it by --manifest too"))
		return
	}
	j.service(service)
}

func (j *judge) service(s *object[serviceSpec]) {
	const headless = "clusterIP: None, with publishNotReadyAddresses: true"
	bad := len(j.out)
	switch {
	case s.Spec.Type == "ExternalName":
		j.add(s.place, "provider.service", verdict.Fail, verdict.Likely, "it is an ExternalName: the DNS answers with another name's addresses, and not with the pods'", verdict.Fix("a headless Service: "+headless))
		return
	case s.Spec.ClusterIP != "None":
		j.add(s.place, "provider.service", verdict.Fail, verdict.Likely, "it is not headless: the DNS names the Service's own address (ClusterIP), no node finds itself, and each sends with an id of sixteen zeros", verdict.Fix(headless))
	}
	if len(s.Spec.Selector) == 0 {
		j.add(s.place, "provider.service", verdict.Unknown, verdict.Likely, "it has no selector: whose addresses it has stands in its EndpointSlices, by hand", verdict.Next("kubectl get endpointslices -l kubernetes.io/service-name="+s.Name))
		return
	}
	if !selects(s.Spec.Selector, j.labels) {
		j.add(s.place, "provider.self", verdict.Fail, verdict.Likely, fmt.Sprintf("its selector does not meet the labels of the pods of %s %s: the DNS does not name them", j.kind, j.workload.Name), verdict.Fix("a selector that the pods' labels meet"))
	}
	var foreign []*workload
	for _, w := range j.others() {
		if selects(s.Spec.Selector, w.labels) {
			foreign = append(foreign, w)
		}
	}
	if len(foreign) > 0 {
		j.add(s.place, "provider.foreign", verdict.Warn, verdict.Likely, fmt.Sprintf("its selector has the pods of %s too: what takes connections on port %d there is made a member, and asked for the sessions", names(foreign), j.Port),
			verdict.Fix("a label in the selector that the cluster's pods alone have"))
	}
	if !s.Spec.PublishNotReady && s.Annotations[tolerate] != "true" {
		confidence, why := verdict.Hint, "a pod is named some time after it started"
		if j.tomcat.Readiness != nil {
			confidence, why = verdict.Likely, "the container has a readinessProbe, so that a pod is named only when its Tomcat is up"
		}
		j.add(s.place, "provider.service", verdict.Warn, confidence, "publishNotReadyAddresses is not true: "+why+". A node that starts is not among those named, and nodes that start together do not find each other", verdict.Fix("publishNotReadyAddresses: true"))
	}
	if len(j.out) == bad {
		j.add(s.place, "provider.service", verdict.Pass, verdict.Likely, fmt.Sprintf("it is headless, names pods that are not ready too, and selects the pods of %s %s", j.kind, j.workload.Name))
	}
}
