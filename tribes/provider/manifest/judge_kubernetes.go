package manifest

import (
	"fmt"
	"slices"
	"strings"

	"muster/internal/verdict"
	"muster/tribes/provider"
)

// kubernetes judges what the API is asked for, and whether it will answer.
func (j *judge) kubernetes() {
	namespace, known := j.namespace()
	j.selector()
	token, _ := j.first(j.workload, j.tomcat, provider.TokenNames)
	client, _ := j.first(j.workload, j.tomcat, provider.ClientNames)
	if client.set || client.unknown {
		return // who that is to the API, no manifest says
	}
	if !token.set && !token.unknown {
		j.token()
	}
	j.rights(namespace, known)
}

// namespace is the one that is asked, as far as it is known.
func (j *judge) namespace() (asked string, known bool) {
	v, name := j.first(j.workload, j.tomcat, provider.NamespaceNames)
	const fix = "KUBERNETES_NAMESPACE by fieldRef: metadata.namespace"
	switch {
	case v.namespace:
		return j.Namespace, true
	case v.unknown:
		j.missing(v, name, "", "")
		return "", false
	case !v.set || v.value == "":
		asked = "tomcat"
		switch j.Namespace {
		case asked:
			return asked, true
		case "":
			j.add(j.place, "provider.environment", verdict.Warn, verdict.Likely, name+` is not set here: unless the image sets it (ENV), the pods of the namespace "tomcat" are asked for, whichever these are in`, verdict.Fix(fix))
		default:
			j.missing(v, name, fmt.Sprintf(`the pods of the namespace "tomcat" are asked for, and these are in %q`, j.Namespace), fix)
		}
		return asked, true
	}
	if !together(v.value, j.Namespace) {
		j.add(j.place, "provider.self", verdict.Fail, verdict.Likely, fmt.Sprintf("%s is %q, and the pods are in %q: they do not find themselves, and send with an id of sixteen zeros", name, v.value, j.Namespace), verdict.Fix(fix))
	}
	return v.value, true
}

// selector judges KUBERNETES_LABELS against the labels of the pods.
func (j *judge) selector() {
	v, name := j.first(j.workload, j.tomcat, provider.LabelNames)
	if v.unknown {
		j.missing(v, name, "", "")
		return
	}
	met, ok := meets(v.value, j.labels)
	switch {
	case !ok:
		j.add(j.place, "provider.unanswered", verdict.Fail, verdict.Likely, fmt.Sprintf("%s is no label selector, and the API answers with status 400", name), verdict.Fix(name+`="app=NAME"`))
		return
	case !met:
		j.add(j.place, "provider.self", verdict.Fail, verdict.Likely, fmt.Sprintf("the labels of the pods do not meet %s (%s): they do not find themselves, and the others do not list them either", name, v.value), verdict.Fix("labels of the pod template that it selects"))
		return
	}
	var foreign []*workload
	for _, w := range j.others() {
		if met, ok := meets(v.value, w.labels); ok && met {
			foreign = append(foreign, w)
		}
	}
	switch {
	case len(foreign) > 0:
		saw := name + " is not set, so each pod of the namespace is asked"
		if v.set && v.value != "" {
			saw = fmt.Sprintf("%s (%s) selects more than this workload", name, v.value)
		}
		j.add(j.place, "provider.foreign", verdict.Warn, verdict.Likely, fmt.Sprintf("%s: the pods of %s too. What takes connections on port %d there is made a member, and asked for the sessions", saw, names(foreign), j.Port),
			verdict.Fix("KUBERNETES_LABELS with a label that the cluster's pods alone have"))
	case v.set && v.value != "":
		j.add(j.place, "provider.foreign", verdict.Pass, verdict.Likely, fmt.Sprintf("%s (%s) selects these pods, and of what the manifest holds no others", name, v.value))
	}
}

// token judges whether the pods have one at the usual place.
func (j *judge) token() {
	for _, m := range j.tomcat.Mounts {
		if strings.HasPrefix(strings.TrimSuffix(m.Path, "/")+"/", "/var/run/secrets/kubernetes.io/serviceaccount/") {
			return // a projected one, mounted by hand
		}
	}
	at, off := j.place, j.pod.Automount != nil && !*j.pod.Automount
	if a := j.account(); j.pod.Automount == nil && a != nil && a.Automount != nil && !*a.Automount {
		at, off = a.place, true
	}
	if off {
		j.add(at, "provider.environment", verdict.Fail, verdict.Likely, "automountServiceAccountToken is false: there is no token to ask by. Tomcat notes it once while it starts, and never asks",
			verdict.Fix("automountServiceAccountToken: true on the pod template"))
	}
}

func (j *judge) accountName() string {
	for _, name := range []string{j.pod.Account, j.pod.OldAccount} {
		if name != "" {
			return name
		}
	}
	return "default"
}

func (j *judge) account() *account {
	for _, a := range j.accounts {
		if a.Name == j.accountName() && together(a.Namespace, j.Namespace) {
			return a
		}
	}
	return nil
}

// ready are the ClusterRoles of every cluster that may list pods.
var ready = []string{"view", "edit", "admin", "cluster-admin"}

// rights judges whether the service account may list the pods of the namespace.
func (j *judge) rights(asked string, known bool) {
	const id = "provider.unanswered"
	account := j.accountName()
	const fix = "a Role with the verbs get and list on pods, and a RoleBinding to the service account, in the namespace that is asked"
	bound, elsewhere := []*binding{}, []*binding{}
	for _, b := range j.bindings {
		switch {
		case !b.of(account, j.Namespace):
		case b.kind == "ClusterRoleBinding" || !known || together(b.Namespace, asked):
			bound = append(bound, b)
		default:
			elsewhere = append(elsewhere, b)
		}
	}
	unknown := false
	for _, b := range bound {
		r := j.role(b)
		switch {
		case r != nil && r.lists(), r == nil && b.Role.Kind == "ClusterRole" && slices.Contains(ready, b.Role.Name):
			j.add(b.place, id, verdict.Pass, verdict.Likely, fmt.Sprintf("it lets the service account %s list pods, by %s %s", account, b.Role.Kind, b.Role.Name))
			return
		case r == nil:
			unknown = true
			j.add(b.place, id, verdict.Unknown, verdict.Likely, fmt.Sprintf("the manifest does not hold its %s %s: whether that may list pods is not known", b.Role.Kind, b.Role.Name), verdict.Next(j.canI(asked)))
		}
	}
	switch {
	case unknown:
	case len(bound) > 0:
		at := bound[0].place
		if r := j.role(bound[0]); r != nil {
			at = r.place
		}
		j.add(at, id, verdict.Fail, verdict.Likely, fmt.Sprintf("what is bound to the service account %s may not list pods: the API answers with status 403", account), verdict.Fix(fix))
	case len(elsewhere) > 0:
		j.add(elsewhere[0].place, id, verdict.Fail, verdict.Likely, fmt.Sprintf("it holds in the namespace %q, and the pods of %q are asked for: the API answers with status 403", elsewhere[0].Namespace, asked), verdict.Fix(fix))
	case j.account() != nil || len(j.bindings) > 0:
		j.add(j.place, id, verdict.Warn, verdict.Likely, fmt.Sprintf("nothing in the manifest lets the service account %s list pods: without it the API answers with status 403, and each node is alone", account), verdict.Fix(fix), verdict.Next(j.canI(asked)))
	default:
		j.add(j.place, id, verdict.Unknown, verdict.Likely, fmt.Sprintf("the manifest has no RoleBinding: whether the service account %s may list pods is not known", account), verdict.Next(j.canI(asked)))
	}
}

func (j *judge) canI(asked string) string {
	in := ""
	if asked != "" {
		in = " -n " + asked
	}
	own := j.Namespace
	if own == "" {
		own = "NAMESPACE"
	}
	return fmt.Sprintf("kubectl auth can-i list pods%s --as=system:serviceaccount:%s:%s", in, own, j.accountName())
}

func (j *judge) role(b *binding) *role {
	for _, r := range j.roles {
		if r.kind == b.Role.Kind && r.Name == b.Role.Name && (r.kind == "ClusterRole" || together(r.Namespace, b.Namespace)) {
			return r
		}
	}
	return nil
}

// lists reports whether a role lets one list all pods of a namespace.
func (r *role) lists() bool {
	has := func(list []string, word string) bool {
		return slices.Contains(list, word) || slices.Contains(list, "*")
	}
	return slices.ContainsFunc(r.Rules, func(x rule) bool {
		return has(x.Groups, "") && has(x.Resources, "pods") && has(x.Verbs, "list") && len(x.Names) == 0
	})
}

// of reports whether a binding has a service account among its subjects.
func (b *binding) of(account, namespace string) bool {
	for _, s := range b.Subjects {
		switch s.Kind {
		case "ServiceAccount":
			if s.Name == account && together(s.Namespace, namespace) {
				return true
			}
		case "Group":
			if s.Name == "system:serviceaccounts" || s.Name == "system:authenticated" || namespace != "" && s.Name == "system:serviceaccounts:"+namespace {
				return true
			}
		case "User":
			if namespace != "" && s.Name == "system:serviceaccount:"+namespace+":"+account {
				return true
			}
		}
	}
	return false
}
