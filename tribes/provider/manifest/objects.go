package manifest

import "go.yaml.in/yaml/v3"

// What is read of each object, by its names in the API (core/v1, apps/v1,
// rbac.authorization.k8s.io/v1).

type meta struct {
	Name        string            `yaml:"name"`
	Namespace   string            `yaml:"namespace"` // "" where the manifest leaves it to kubectl
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// object is one with a spec.
type object[T any] struct {
	place `yaml:"-"`
	meta  `yaml:"-"`
	Spec  T `yaml:"spec"`
}

type serviceSpec struct {
	Type            string            `yaml:"type"`
	ClusterIP       string            `yaml:"clusterIP"`
	PublishNotReady bool              `yaml:"publishNotReadyAddresses"`
	Selector        map[string]string `yaml:"selector"`
}

type account struct {
	place     `yaml:"-"`
	meta      `yaml:"-"`
	Automount *bool `yaml:"automountServiceAccountToken"`
}

type role struct {
	place `yaml:"-"`
	meta  `yaml:"-"`
	Rules []rule `yaml:"rules"`
}

type rule struct {
	Groups    []string `yaml:"apiGroups"`
	Resources []string `yaml:"resources"`
	Verbs     []string `yaml:"verbs"`
	Names     []string `yaml:"resourceNames"`
}

type binding struct {
	place `yaml:"-"`
	meta  `yaml:"-"`
	Role  struct {
		Kind string `yaml:"kind"`
		Name string `yaml:"name"`
	} `yaml:"roleRef"`
	Subjects []struct {
		Kind      string `yaml:"kind"`
		Name      string `yaml:"name"`
		Namespace string `yaml:"namespace"`
	} `yaml:"subjects"`
}

type configMap struct {
	place `yaml:"-"`
	meta  `yaml:"-"`
	Data  map[string]string `yaml:"data"`
}

// workload is what pods are made of.
type workload struct {
	place
	meta
	pod      podSpec
	labels   map[string]string // of its pods
	replicas int
	alone    bool // a pod by itself
}

type podSpec struct {
	Account     string      `yaml:"serviceAccountName"`
	OldAccount  string      `yaml:"serviceAccount"`
	Automount   *bool       `yaml:"automountServiceAccountToken"`
	HostNetwork bool        `yaml:"hostNetwork"`
	Hostname    string      `yaml:"hostname"`
	HostAliases []hostAlias `yaml:"hostAliases"`
	Containers  []container `yaml:"containers"`
}

type hostAlias struct {
	IP    string   `yaml:"ip"`
	Names []string `yaml:"hostnames"`
}

type container struct {
	Name  string    `yaml:"name"`
	Image string    `yaml:"image"`
	Env   []envVar  `yaml:"env"`
	From  []envFrom `yaml:"envFrom"`
	Ports []struct {
		Port int64 `yaml:"containerPort"`
	} `yaml:"ports"`
	Mounts []struct {
		Path string `yaml:"mountPath"`
	} `yaml:"volumeMounts"`
	Readiness *yaml.Node `yaml:"readinessProbe"`
}

type envVar struct {
	Name  string `yaml:"name"`
	Value string `yaml:"value"`
	From  *struct {
		Field *struct {
			Path string `yaml:"fieldPath"`
		} `yaml:"fieldRef"`
		ConfigMap *keyRef `yaml:"configMapKeyRef"`
	} `yaml:"valueFrom"`
}

type keyRef struct {
	Name string `yaml:"name"`
	Key  string `yaml:"key"`
}

type envFrom struct {
	Prefix    string `yaml:"prefix"`
	ConfigMap *struct {
		Name string `yaml:"name"`
	} `yaml:"configMapRef"`
}
