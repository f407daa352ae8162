package manifest

import (
	"slices"
	"strings"
)

// variable is what a container finds under a name.
type variable struct {
	value string
	set   bool
	// unknown: something sets it that the manifests do not hold.
	unknown bool
	// namespace: it is the pod's own, whichever that is.
	namespace bool
}

// lookup finds a variable of a container as the kubelet would set it: env before envFrom,
// the last of several.
func (s *Set) lookup(w *workload, c *container, name string) variable {
	for _, e := range slices.Backward(c.Env) {
		if e.Name != name {
			continue
		}
		switch {
		case e.From == nil:
			return variable{value: e.Value, set: true, unknown: strings.Contains(e.Value, "$(")}
		case e.From.Field != nil && e.From.Field.Path == "metadata.namespace":
			return variable{value: w.Namespace, set: true, namespace: true}
		case e.From.ConfigMap != nil:
			if v, ok := s.configured(w, e.From.ConfigMap.Name, e.From.ConfigMap.Key); ok {
				return variable{value: v, set: true}
			}
		}
		return variable{set: true, unknown: true}
	}
	for _, f := range slices.Backward(c.From) {
		if f.ConfigMap == nil { // a Secret, which is not read
			return variable{unknown: true}
		}
		m := s.configMap(w, f.ConfigMap.Name)
		if m == nil {
			return variable{unknown: true}
		}
		if v, ok := m.Data[strings.TrimPrefix(name, f.Prefix)]; ok && strings.HasPrefix(name, f.Prefix) {
			return variable{value: v, set: true}
		}
	}
	return variable{}
}

// first is the first of the names that is set, as Tomcat looks for it.
func (s *Set) first(w *workload, c *container, names []string) (variable, string) {
	for _, name := range names {
		if v := s.lookup(w, c, name); v.set || v.unknown {
			return v, name
		}
	}
	return variable{}, names[len(names)-1]
}

func (s *Set) configMap(w *workload, name string) *configMap {
	for _, m := range s.configMaps {
		if m.Name == name && together(m.Namespace, w.Namespace) {
			return m
		}
	}
	return nil
}

func (s *Set) configured(w *workload, name, key string) (string, bool) {
	if m := s.configMap(w, name); m != nil {
		v, ok := m.Data[key]
		return v, ok
	}
	return "", false
}

// together reports whether two namespaces may be one: one that is not said is that which
// kubectl is called with.
func together(a, b string) bool { return a == b || a == "" || b == "" }
