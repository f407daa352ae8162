package manifest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"muster/internal/hint"
	"muster/internal/verdict"
	"muster/tribes/provider"
)

// workloadOf is a Deployment with the lines of its container's env, and more of its pods.
func workloadOf(env, pod, container string) string {
	indent := func(s, by string) string { return strings.ReplaceAll(strings.Trim(s, "\n"), "\n", "\n"+by) }
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: shop}
spec:
  replicas: 3
  template:
    metadata: {labels: {app: shop, tier: web}}
    spec:
      %s
      containers:
      - name: tomcat
        image: tomcat:10.1
        ports: [{containerPort: 8080}, {containerPort: 4000}]
        %s
        env:
        - {name: LANG, value: C.UTF-8}
        %s
`, indent(pod, "      "), indent(container, "        "), indent(env, "        "))
}

const (
	namespaceField = `- {name: KUBERNETES_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}`
	labels         = `- {name: KUBERNETES_LABELS, value: "app=shop"}`
	serviceName    = `- {name: DNS_MEMBERSHIP_SERVICE_NAME, value: shop-peers}`
	rbac           = `
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: shop, namespace: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: pods, namespace: shop}
rules: [{apiGroups: [""], resources: [pods], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: pods, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: pods}
subjects: [{kind: ServiceAccount, name: shop, namespace: shop}]
`
	headless = `
---
apiVersion: v1
kind: Service
metadata: {name: shop-peers, namespace: shop}
spec: {clusterIP: None, publishNotReadyAddresses: true, selector: {app: shop}}
`
	otherWorkload = `
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: %s}}, spec: {containers: [{name: nginx, image: nginx}]}}}
`
)

func judged(t *testing.T, kind provider.Kind, text string) []Finding {
	t.Helper()
	var s Set
	if err := s.Read("pods.yaml", strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return s.Judge(Given{Kind: kind, Port: 4000})
}

// bad are the findings that are not in order, as "id status".
func bad(fs []Finding) string {
	var out []string
	for _, f := range fs {
		if f.Status.Bad() || f.Status == verdict.Unknown {
			out = append(out, string(f.ID)+" "+string(f.Status))
		}
	}
	return strings.Join(out, ", ")
}

func TestJudge(t *testing.T) {
	const account = "serviceAccountName: shop"
	kube := func(env, pod, more string) string { return workloadOf(env, pod, "") + more }
	healthy := namespaceField + "\n" + labels
	dns := func(more string) string { return workloadOf(serviceName, "", "") + more }
	cases := []struct {
		name string
		kind provider.Kind
		text string
		want string
		saw  string
	}{
		{"healthy", provider.Kubernetes, kube(healthy, account, rbac), "", ""},
		{"healthy by a cluster role of every cluster", provider.Kubernetes, kube(healthy, account, strings.NewReplacer("kind: Role, name: pods", "kind: ClusterRole, name: view").Replace(rbac)), "", ""},
		{"healthy by a group", provider.Kubernetes, kube(healthy, account, strings.Replace(rbac, "{kind: ServiceAccount, name: shop, namespace: shop}", `{kind: Group, name: "system:serviceaccounts:shop"}`, 1)), "", ""},
		{"healthy by a ConfigMap", provider.Kubernetes, workloadOf("", account, "envFrom: [{configMapRef: {name: env}}]") + rbac +
			"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: env, namespace: shop}\ndata: {KUBERNETES_NAMESPACE: shop, KUBERNETES_LABELS: 'app in (shop)'}\n", "", ""},
		{"healthy in a List of JSON", provider.DNS, `{"kind":"List","items":[` + asJSON(t, workloadOf(serviceName, "", "")) + "," + asJSON(t, strings.TrimPrefix(headless, "\n---\n")) + `]}`, "", ""},
		{"no namespace", provider.Kubernetes, kube(labels, account, rbac), "provider.environment fail, provider.unanswered fail", `"tomcat"`},
		{"another namespace", provider.Kubernetes, kube(`- {name: KUBERNETES_NAMESPACE, value: prod}`+"\n"+labels, account, rbac), "provider.self fail, provider.unanswered fail", "sixteen zeros"},
		{"the namespace is in a Secret", provider.Kubernetes, kube(`- {name: KUBERNETES_NAMESPACE, valueFrom: {secretKeyRef: {name: a, key: b}}}`+"\n"+labels, account, rbac), "provider.environment unknown", "not known"},
		{"labels that leave its pods out", provider.Kubernetes, kube(namespaceField+"\n"+`- {name: KUBERNETES_LABELS, value: "app=shop,tier!=web"}`, account, rbac), "provider.self fail", "do not meet"},
		{"labels that are none", provider.Kubernetes, kube(namespaceField+"\n"+`- {name: KUBERNETES_LABELS, value: "app is shop"}`, account, rbac), "provider.unanswered fail", "no label selector"},
		{"no labels beside another workload", provider.Kubernetes, kube(namespaceField, account, rbac+fmt.Sprintf(otherWorkload, "web")), "provider.foreign warn", "Deployment web"},
		{"labels beside another workload", provider.Kubernetes, kube(healthy, account, rbac+fmt.Sprintf(otherWorkload, "web")), "", ""},
		{"no token", provider.Kubernetes, kube(healthy, account+"\nautomountServiceAccountToken: false", rbac), "provider.environment fail", "no token"},
		{"no token by the account", provider.Kubernetes, kube(healthy, account, rbac+"---\nkind: ServiceAccount\nmetadata: {name: shop, namespace: shop}\nautomountServiceAccountToken: false\n"), "", ""}, // the first of two counts here
		{"a token mounted by hand", provider.Kubernetes, workloadOf(healthy, account+"\nautomountServiceAccountToken: false", "volumeMounts: [{name: t, mountPath: /var/run/secrets/kubernetes.io/serviceaccount/}]") + rbac, "", ""},
		{"a role that lists no pods", provider.Kubernetes, kube(healthy, account, strings.Replace(rbac, "[get, list]", "[get, watch]", 1)), "provider.unanswered fail", "403"},
		{"a role for one pod", provider.Kubernetes, kube(healthy, account, strings.Replace(rbac, "verbs: [get, list]", "verbs: [list], resourceNames: [a]", 1)), "provider.unanswered fail", "403"},
		{"a role of another group", provider.Kubernetes, kube(healthy, account, strings.Replace(rbac, `apiGroups: [""]`, `apiGroups: [apps]`, 1)), "provider.unanswered fail", "403"},
		{"a binding for another account", provider.Kubernetes, kube(healthy, account, strings.Replace(rbac, "name: shop, namespace: shop}]", "name: web, namespace: shop}]", 1)), "provider.unanswered warn", "nothing in the manifest"},
		{"no role here", provider.Kubernetes, kube(healthy, account, ""), "provider.unanswered unknown", "no RoleBinding"},
		{"a role elsewhere", provider.Kubernetes, kube(healthy, account, strings.Replace(rbac, "kind: Role\n", "kind: Other\n", 1)), "provider.unanswered unknown", "does not hold"},
		{"the host's network", provider.Kubernetes, kube(healthy, account+"\nhostNetwork: true", rbac), "provider.self warn", "of its node"},
		{"a host name with another address", provider.Kubernetes, kube(healthy, account+"\nhostname: one\nhostAliases: [{ip: 127.0.1.1, hostnames: [one]}]", rbac), "provider.self fail", "127.0.1.1"},
		{"the receiver's port is a neighbour's", provider.Kubernetes, strings.Replace(kube(healthy, account, rbac), "containers:", "containers:\n      - {name: side, image: side, ports: [{containerPort: 4000}]}", 1), "provider.not-answering fail", "side"},

		{"healthy name", provider.DNS, dns(headless), "", ""},
		{"healthy full name", provider.DNS, workloadOf(`- {name: DNS_MEMBERSHIP_SERVICE_NAME, value: shop-peers.shop.svc.cluster.local}`, "", "") + headless, "", ""},
		{"no name", provider.DNS, workloadOf("", "", "") + headless, "provider.environment fail", `"tomcat"`},
		{"the namespace for a name", provider.DNS, workloadOf(namespaceField, "", "") + headless, "provider.environment fail", "name of the namespace"},
		{"a service's address", provider.DNS, dns(strings.Replace(headless, "clusterIP: None, ", "", 1)), "provider.service fail", "not headless"},
		{"another name", provider.DNS, dns(strings.Replace(headless, "{clusterIP: None,", "{type: ExternalName, externalName: x.example.org,", 1)), "provider.service fail", "ExternalName"},
		{"ready pods alone", provider.DNS, dns(strings.Replace(headless, "publishNotReadyAddresses: true, ", "", 1)), "provider.service warn", "publishNotReadyAddresses"},
		{"ready pods alone, with a probe", provider.DNS, workloadOf(serviceName, "", "readinessProbe: {httpGet: {path: /, port: 8080}}") + strings.Replace(headless, "publishNotReadyAddresses: true, ", "", 1), "provider.service warn", "readinessProbe"},
		{"a selector of others", provider.DNS, dns(strings.Replace(headless, "selector: {app: shop}", "selector: {app: store}", 1)), "provider.self fail", "selector"},
		{"a selector of others too", provider.DNS, dns(headless + fmt.Sprintf(otherWorkload, "shop")), "provider.foreign warn", "Deployment web"},
		{"no selector", provider.DNS, dns(strings.Replace(headless, ", selector: {app: shop}", "", 1)), "provider.service unknown", "no selector"},
		{"no such service", provider.DNS, dns(""), "provider.service unknown", "has no Service"},
		{"a property that does nothing", provider.DNS, workloadOf(serviceName+"\n"+`- {name: CATALINA_OPTS, value: -Dnetworkaddress.cache.ttl=2}`, "", "") + headless, "provider.environment warn", "30 s"},

		{"nothing", provider.DNS, "# nothing\n---\n", "provider.environment unknown", "no Deployment"},
		{"two that may be it", provider.DNS, strings.TrimPrefix(fmt.Sprintf(otherWorkload+otherWorkload, "a", "b"), "\n"), "provider.environment unknown", "several"},
		{"a field of another type", provider.Kubernetes, kube(healthy, account, rbac+"---\nkind: Service\nmetadata: {name: x}\nspec: [1]\n"), "provider.environment unknown", "another type"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			fs := judged(t, c.kind, c.text)
			if got := bad(fs); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if c.saw != "" && !slices.ContainsFunc(fs, func(f Finding) bool { return f.Status != verdict.Pass && strings.Contains(f.Saw, c.saw) }) {
				t.Errorf("nothing says %q: %+v", c.saw, fs)
			}
			for _, f := range fs {
				if f.Confidence == verdict.Definite {
					t.Errorf("%s is called definite of a file that need not be what runs", f.ID)
				}
			}
		})
	}
}

// asJSON is a document as kubectl get -o json has it.
func asJSON(t *testing.T, text string) string {
	t.Helper()
	var v map[string]any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestLine(t *testing.T) {
	fs := judged(t, provider.DNS, workloadOf(serviceName, "", "")+strings.Replace(headless, "clusterIP: None, ", "", 1))
	if len(fs) != 1 || fs[0].File != "pods.yaml" || fs[0].Line != 20 || !strings.HasPrefix(fs[0].Subject, "pods.yaml:20 Service shop-peers") {
		t.Errorf("%+v", fs)
	}
}

func TestSelector(t *testing.T) {
	have := map[string]string{"app": "shop", "tier": "web"}
	for selector, want := range map[string]bool{
		"": true, "app=shop": true, "app == shop": true, "app=web": false, "app!=web": true, "app!=shop": false, "missing!=x": true, "app": true, "!app": false, "!gone": true, "gone": false,
		"app in (web, shop)": true, "app in (web)": false, "app notin (web)": true, "gone notin (web)": true, "gone in (web)": false, "app in (a,b,shop),tier=web": true, "app=shop,tier=db": false,
	} {
		if met, ok := meets(selector, have); !ok || met != want {
			t.Errorf("%q: %v %v", selector, met, ok)
		}
	}
	for _, selector := range []string{"a b", "app in shop", "app within (a)", "=x", "!", "app in (a"} {
		if _, ok := meets(selector, have); ok {
			t.Errorf("%q is taken for a selector", selector)
		}
	}
}

// TestNoManifest: what is none is an error that says how to make one.
func TestNoManifest(t *testing.T) {
	for text, want := range map[string]string{
		"kind: {{ .Values.kind }}\n  x: [": "helm template", "a: b: c": "helm template", strings.Repeat("# x\n", 3<<20): "larger than",
	} {
		var s Set
		if err := s.Read("x.yaml", strings.NewReader(text)); err == nil || !strings.Contains(fmt.Sprint(err)+fmt.Sprint(hint.Of(err)), want) {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
}

// TestCutManifest: one that is cut anywhere ends nothing and says nothing definite.
func TestCutManifest(t *testing.T) {
	whole := workloadOf(namespaceField, "serviceAccountName: shop", "") + rbac + headless
	for n := range len(whole) {
		var s Set
		if s.Read("x.yaml", strings.NewReader(whole[:n])) == nil {
			s.Judge(Given{Kind: provider.Kubernetes, Port: 4000})
			s.Judge(Given{Kind: provider.DNS, Port: 4000})
		}
	}
}

func FuzzManifest(f *testing.F) {
	f.Add(workloadOf(namespaceField, "hostNetwork: true", "") + rbac + headless)
	f.Add("kind: List\nitems: [{kind: List, items: [{kind: Pod, spec: {containers: [{}]}}]}]\n")
	f.Add("a: &a [*a]\nkind: Pod\n")
	f.Add("kind: Pod\nspec: &s {containers: [{env: [{name: x, valueFrom: *s}]}]}\n")
	f.Fuzz(func(_ *testing.T, text string) {
		var s Set
		_ = s.Read("x.yaml", strings.NewReader(text)) // an error is as good
		s.Judge(Given{Kind: provider.Kubernetes, Port: 4000})
		s.Judge(Given{Kind: provider.DNS, Port: 4000})
	})
}
