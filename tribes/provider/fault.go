package provider

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"
)

// Fault is why a question got no answer that Tomcat can use.
type Fault struct {
	// Saw says what happened and what Tomcat makes of it; Fix what to do.
	Saw, Fix string
	// Log is what stands in Tomcat's log.
	Log string
	// Once: it is met while Tomcat starts, and never asked again.
	Once bool
	// Environment: the question could not be asked, since the environment lacks something.
	Environment bool
	// Hint: another explanation is as good.
	Hint bool
	Err  error
}

func (f *Fault) Error() string { return f.Saw }
func (f *Fault) Unwrap() error { return f.Err }

// status is what an HTTP status means.
func status(code int) *Fault {
	log := fmt.Sprintf("Server returned HTTP response code: %d for URL", code)
	switch code {
	case http.StatusOK:
		return nil
	case http.StatusUnauthorized:
		return &Fault{Saw: "the API does not know the token (401): it has expired, or belongs to another cluster", Log: log,
			Fix: "mount the service account's projected token, which the kubelet renews"}
	case http.StatusForbidden:
		return &Fault{Saw: "the service account may not list the pods of the namespace (403)", Log: log,
			Fix: "give the service account a Role with get and list of pods in the namespace, and a RoleBinding"}
	case http.StatusNotFound:
		return &Fault{Saw: "the API has no such path (404): the API's version or the host is wrong", Log: "java.io.FileNotFoundException with the URL, and no number",
			Fix: "take KUBERNETES_API_VERSION out, or set it to v1"}
	case http.StatusTooManyRequests:
		return &Fault{Saw: "the API refuses for now: too many requests (429)", Log: log, Fix: "look at who floods the API; the cluster asks every 5 seconds"}
	}
	switch {
	case code >= 300 && code < 400:
		return &Fault{Saw: fmt.Sprintf("the answer is a redirect (%d): what answers there is no Kubernetes API, or a proxy before it", code),
			Log: "Server redirected too many  times (20)", Fix: "set KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT to the API itself"}
	case code >= 500:
		return &Fault{Saw: fmt.Sprintf("the API itself fails (%d)", code), Log: log, Fix: "look at the API server"}
	}
	return &Fault{Saw: fmt.Sprintf("the API answers with status %d", code), Log: log}
}

// connection is what an error of the connection means. No error that net/http makes
// has a header's value in it.
func connection(err error, s Settings) *Fault {
	f := &Fault{Err: err}
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var plain tls.RecordHeaderError
	var noName *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &authority):
		f.Saw, f.Log = "the API's certificate is not of the authority in "+s.CAFile, "PKIX path building failed"
		f.Fix = "mount the ca.crt of this cluster's service account, or name it by KUBERNETES_CA_CERTIFICATE_FILE"
	case errors.As(err, &name):
		f.Saw, f.Log = fmt.Sprintf("the API's certificate does not name %s", s.Host), "No subject alternative names matching"
		f.Fix = "set KUBERNETES_SERVICE_HOST to a name or address that the certificate has"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		f.Saw, f.Log, f.Fix = "the API's certificate has expired, or a clock is wrong", "PKIX path validation failed, NotAfter", "renew the API's certificate; compare the clocks"
	case errors.As(err, &plain), errors.Is(err, http.ErrSchemeMismatch):
		f.Saw, f.Log, f.Fix = "what answers there speaks no TLS", "Unsupported or unrecognized SSL message", "set KUBERNETES_MASTER_PROTOCOL and KUBERNETES_SERVICE_PORT to what the API has"
	case errors.Is(err, syscall.ECONNREFUSED):
		f.Saw, f.Log, f.Fix = "nobody listens there: the connection is refused", "Connection refused", "compare host and port with the Service kubernetes in the namespace default"
	case errors.As(err, &noName):
		f.Saw, f.Log, f.Fix = fmt.Sprintf("the API's host %q has no address", s.Host), "UnknownHostException", "set KUBERNETES_SERVICE_HOST to the API's address"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		f.Saw, f.Log = "no answer: the API is slow, or a network policy drops the connection", "Read timed out, or connect timed out"
		f.Fix = "let the pods' network reach the API; a longer readTimeout on <Membership> where it is only slow"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, errEOF):
		f.Saw, f.Log = "the connection is closed without an answer", "Unexpected end of file from server, or Connection reset"
		f.Fix = "compare KUBERNETES_MASTER_PROTOCOL and KUBERNETES_SERVICE_PORT with what the API has"
	default:
		f.Saw, f.Hint = "the API could not be asked: "+err.Error(), true
	}
	return f
}
