package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"

	"muster/internal/hint"
)

// The bounds of what is read: the largest charts of the field render to some hundred
// kilobytes.
const (
	maxBytes   = 8 << 20
	maxObjects = 5_000
)

// Set is what all manifests together say.
type Set struct {
	workloads  []*workload
	services   []*object[serviceSpec]
	accounts   []*account
	roles      []*role
	bindings   []*binding
	configMaps []*configMap
	// left are objects that could not be read as what they say they are.
	left []place
}

// place is where an object stands.
type place struct {
	file, kind, name string
	line             int
}

func (p place) String() string {
	return fmt.Sprintf("%s:%d %s %s", p.file, p.line, p.kind, p.name)
}

// Read adds the objects of a file, YAML or JSON with any number of documents. An error is
// about the file as a whole; an object that is not as Kubernetes writes it is left out.
func (s *Set) Read(name string, in io.Reader) error {
	text, err := io.ReadAll(io.LimitReader(in, maxBytes+1))
	if err != nil {
		return fmt.Errorf("read the manifest %s: %w", name, err)
	}
	if len(text) > maxBytes {
		return fmt.Errorf("read the manifest %s: larger than %d MiB", name, maxBytes>>20)
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	for n := 0; ; n++ {
		var doc yaml.Node
		switch err := dec.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return hint.Wrap(fmt.Errorf("read the manifest %s: %w", name, err), "a template is no manifest yet: helm template CHART, or kubectl kustomize DIR, prints one")
		case n == maxObjects:
			return fmt.Errorf("read the manifest %s: more than %d objects", name, maxObjects)
		}
		for _, node := range doc.Content {
			s.take(name, node, 0)
		}
	}
}

// take files one object, and those of a List.
func (s *Set) take(file string, node *yaml.Node, depth int) {
	var head struct {
		Kind     string      `yaml:"kind"`
		Metadata meta        `yaml:"metadata"`
		Items    []yaml.Node `yaml:"items"`
	}
	if node.Kind != yaml.MappingNode {
		return // a comment alone, or an empty document
	}
	wrong := node.Decode(&head)
	at := place{file: file, kind: head.Kind, name: head.Metadata.Name, line: node.Line}
	if head.Kind == "List" || len(head.Items) > 0 && depth == 0 {
		for i := range min(len(head.Items), maxObjects) {
			if depth < 2 {
				s.take(file, &head.Items[i], depth+1)
			}
		}
		return
	}
	var err error
	switch head.Kind {
	case "Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job":
		err = s.workload(at, head.Metadata, node)
	case "Service":
		o := &object[serviceSpec]{place: at, meta: head.Metadata}
		err = node.Decode(o)
		s.services = append(s.services, o)
	case "ServiceAccount":
		o := &account{place: at, meta: head.Metadata}
		err = node.Decode(o)
		s.accounts = append(s.accounts, o)
	case "Role", "ClusterRole":
		o := &role{place: at, meta: head.Metadata}
		err = node.Decode(o)
		s.roles = append(s.roles, o)
	case "RoleBinding", "ClusterRoleBinding":
		o := &binding{place: at, meta: head.Metadata}
		err = node.Decode(o)
		s.bindings = append(s.bindings, o)
	case "ConfigMap":
		o := &configMap{place: at, meta: head.Metadata}
		err = node.Decode(o)
		s.configMaps = append(s.configMaps, o)
	default:
		return // others say nothing of members
	}
	if wrong != nil || err != nil {
		s.left = append(s.left, at)
	}
}

// workload reads a pod, or what makes pods of a template.
func (s *Set) workload(at place, m meta, node *yaml.Node) error {
	w := &workload{place: at, meta: m, replicas: 1}
	var err error
	if at.kind == "Pod" {
		var pod struct {
			Spec podSpec `yaml:"spec"`
		}
		err = node.Decode(&pod)
		w.pod, w.labels, w.alone = pod.Spec, m.Labels, true
	} else {
		var maker struct {
			Spec struct {
				Replicas *int `yaml:"replicas"`
				Template struct {
					Metadata meta    `yaml:"metadata"`
					Spec     podSpec `yaml:"spec"`
				} `yaml:"template"`
			} `yaml:"spec"`
		}
		err = node.Decode(&maker)
		w.pod, w.labels = maker.Spec.Template.Spec, maker.Spec.Template.Metadata.Labels
		if maker.Spec.Replicas != nil {
			w.replicas = *maker.Spec.Replicas
		}
	}
	s.workloads = append(s.workloads, w)
	return err
}
