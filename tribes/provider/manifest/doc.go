// Package manifest reads Kubernetes manifests as far as they decide whom a Tomcat with
// CloudMembershipService will find: the workload's environment, labels and host name, its
// service account and what that may ask, and the Service whose name the DNS is asked for.
//
// A manifest is not the cluster: what stands in another file, or was changed since, is not
// seen. Nothing is said of what is missing here but that it is.
package manifest
