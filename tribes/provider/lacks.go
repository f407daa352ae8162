package provider

import (
	"errors"
	"fmt"
	"io/fs"
)

// lacks is what the environment has not got that the question needs; nil where it can
// be asked.
func (s Settings) lacks() *Fault {
	switch {
	case !s.usable():
		return &Fault{Environment: true, Log: "Failed connection to [https://null:null/...], MalformedURLException",
			Saw: "KUBERNETES_SERVICE_HOST or KUBERNETES_SERVICE_PORT is not set: Tomcat asks https://null:null, every 5 s",
			Fix: "set both to the Kubernetes API: pods have them, unless the environment was cleared (sudo, env -i, a service of systemd)"}
	case s.ClientCert != "" && s.ClientKey == "":
		return &Fault{Environment: true, Once: true, Saw: "there is a client certificate, and KUBERNETES_CLIENT_KEY_FILE is not set", Log: "Client certificate key was not specified in the environment",
			Fix: "set KUBERNETES_CLIENT_KEY_FILE, or use the service account's token"}
	}
	return nil
}

func lacksToken(s Settings, err error) *Fault {
	f := &Fault{Environment: true, Once: true, Err: err, Log: "Failed to open stream, NoSuchFileException",
		Saw: fmt.Sprintf("the token file %s cannot be read (%s): Tomcat notes it once while it starts, never asks, and serves alone, also when the file comes later", s.TokenFile, why(err)),
		Fix: "automountServiceAccountToken: true on the pod and its service account, or SA_TOKEN_FILE"}
	return f
}

func lacksCA(s Settings, err error) *Fault {
	return &Fault{Environment: true, Once: true, Err: err, Log: "CA cert file [...] not found",
		Saw: fmt.Sprintf("the file of the certificate authority %s cannot be read (%s): Tomcat notes it once while it starts, and never asks", s.CAFile, why(err)),
		Fix: "automountServiceAccountToken: true on the pod and its service account, or KUBERNETES_CA_CERTIFICATE_FILE"}
}

func why(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is none"
	case errors.Is(err, fs.ErrPermission):
		return "no permission"
	}
	return "an error"
}
