package provider

import (
	"fmt"
	"net"
	"os"
	"strings"
)

// Environment is what the process of the Tomcat finds: its variables and files.
type Environment struct {
	Lookup   func(name string) (value string, set bool)
	ReadFile func(name string) ([]byte, error)
	// From says whose environment it is, for a person: "this process".
	From string
}

// ThisProcess is the environment that this program was started in.
func ThisProcess() Environment {
	return Environment{Lookup: os.LookupEnv, ReadFile: readFile, From: "the environment of this process"}
}

// The variables in the order in which Tomcat looks at them: the first that is set
// counts, even when it is empty.
var (
	NamespaceNames = []string{"OPENSHIFT_KUBE_PING_NAMESPACE", "KUBERNETES_NAMESPACE"}
	protocolNames  = []string{"OPENSHIFT_KUBE_PING_MASTER_PROTOCOL", "KUBERNETES_MASTER_PROTOCOL"}
	hostNames      = []string{"OPENSHIFT_KUBE_PING_MASTER_HOST", "KUBERNETES_SERVICE_HOST"}
	portNames      = []string{"OPENSHIFT_KUBE_PING_MASTER_PORT", "KUBERNETES_SERVICE_PORT"}
	caNames        = []string{"OPENSHIFT_KUBE_PING_CA_CERT_FILE", "KUBERNETES_CA_CERTIFICATE_FILE"}
	TokenNames     = []string{"OPENSHIFT_KUBE_PING_SA_TOKEN_FILE", "SA_TOKEN_FILE"}
	ClientNames    = []string{"OPENSHIFT_KUBE_PING_CLIENT_CERT_FILE", "KUBERNETES_CLIENT_CERTIFICATE_FILE"}
	keyNames       = []string{"KUBERNETES_CLIENT_KEY_FILE"}
	versionNames   = []string{"OPENSHIFT_KUBE_PING_API_VERSION", "KUBERNETES_API_VERSION"}
	LabelNames     = []string{"OPENSHIFT_KUBE_PING_LABELS", "KUBERNETES_LABELS"}
	ServiceNames   = []string{"DNS_MEMBERSHIP_SERVICE_NAME"}
)

// Where the service account of a pod is.
const (
	serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount/"
	defaultCA      = serviceAccount + "ca.crt"
	defaultToken   = serviceAccount + "token"
	// defaultNamespace is asked where none is set: the file of the service account
	// that names it is not read by Tomcat.
	defaultNamespace = "tomcat"
)

// Settings are what Tomcat makes of an environment.
type Settings struct {
	Namespace    string
	NamespaceSet bool
	Protocol     string
	Host, Port   string
	HostSet      bool
	CAFile       string
	TokenFile    string
	// ClientCert and ClientKey are files; with a client certificate no token is sent.
	ClientCert, ClientKey string
	Version               string
	Labels                string // a label selector, "" is every pod
	// Service is the name that the DNS is asked for: DNS_MEMBERSHIP_SERVICE_NAME, else the namespace.
	Service    string
	ServiceSet bool

	env Environment
}

// Read returns what Tomcat would take from the environment.
func Read(env Environment) Settings {
	first := func(names []string, otherwise string) (string, bool) {
		for _, n := range names {
			if v, ok := env.Lookup(n); ok {
				return v, true
			}
		}
		return otherwise, false
	}
	s := Settings{env: env}
	s.Namespace, s.NamespaceSet = first(NamespaceNames, "")
	if s.Namespace == "" { // an empty variable is as none
		s.Namespace, s.NamespaceSet = defaultNamespace, false
	}
	s.ClientCert, _ = first(ClientNames, "")
	s.ClientKey, _ = first(keyNames, "")
	protocol := "https"
	if s.ClientCert != "" {
		protocol = "http"
	}
	s.Protocol, _ = first(protocolNames, protocol)
	s.Host, s.HostSet = first(hostNames, "null")
	s.Port, _ = first(portNames, "null")
	s.CAFile, _ = first(caNames, defaultCA)
	s.TokenFile, _ = first(TokenNames, defaultToken)
	s.Version, _ = first(versionNames, "v1")
	s.Labels, _ = first(LabelNames, "")
	if s.Service, s.ServiceSet = first(ServiceNames, ""); s.Service == "" {
		s.Service, s.ServiceSet = s.Namespace, s.NamespaceSet
	}
	return s
}

// URL is the address of the question, with the namespace and without the labels.
func (s Settings) URL() string {
	host := s.Host
	if strings.Contains(host, ":") {
		host = "[" + strings.Trim(host, "[]") + "]"
	}
	return fmt.Sprintf("%s://%s:%s/api/%s/namespaces/%s/pods", s.Protocol, host, s.Port, s.Version, s.Namespace)
}

// usable reports whether there is an API to ask at all.
func (s Settings) usable() bool { return s.HostSet && s.Host != "" && s.Port != "null" && s.Port != "" }

// ipv6 reports whether the API's host is an IPv6 address.
func (s Settings) ipv6() bool {
	ip := net.ParseIP(strings.Trim(s.Host, "[]"))
	return ip != nil && ip.To4() == nil
}

// maxFile bounds what is read of a token or a certificate.
const maxFile = 1 << 20

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, maxFile+1)
	n := 0
	for n < len(b) {
		m, err := f.Read(b[n:])
		n += m
		if err != nil {
			break
		}
	}
	if n > maxFile {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, maxFile)
	}
	return b[:n], nil
}
