package provider

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Tomcat's timeouts (T/membership/cloud/CloudMembershipProvider).
const (
	DefaultConnectTimeout = time.Second
	DefaultReadTimeout    = time.Second
)

// patience is how long muster waits for an answer, longer than Tomcat does, to tell a
// slow API from a dead one.
const patience = 5 * time.Second

// The bounds of an answer: 5,000 pods of real applications have some 60 MB; one pod
// is far below a megabyte, since etcd stores no larger object than 1.5 MB.
const (
	maxAnswer = 256 << 20
	maxPod    = 2 << 20
)

var errEOF = io.ErrUnexpectedEOF

// AskKubernetes asks the pods API once.
func AskKubernetes(ctx context.Context, s Settings, self Self) *Answer {
	a := &Answer{Kind: Kubernetes, Settings: s, Self: self, Question: s.URL(), Selector: s.Labels}
	begin := time.Now()
	a.Fault = a.kubernetes(ctx)
	a.Took = time.Since(begin)
	return a
}

func (a *Answer) kubernetes(ctx context.Context) *Fault {
	s := a.Settings
	client, header, fault := s.client(&a.Silence)
	if fault != nil {
		return fault
	}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, 6*patience) // an answer that comes in drops ends some time
	defer cancel()
	question := a.Question
	if s.Labels != "" {
		question += "?labelSelector=" + url.QueryEscape(s.Labels)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, question, nil)
	if err != nil {
		return &Fault{Saw: "the environment makes no URL that can be asked: " + a.Question, Environment: true, Log: "MalformedURLException"}
	}
	req.Header = header
	resp, err := client.Do(req)
	if err != nil {
		return connection(unwrapURL(err), s)
	}
	defer resp.Body.Close()
	if f := status(resp.StatusCode); f != nil {
		return f
	}
	return a.pods(resp.Body)
}

// unwrapURL takes the URL off an error of net/http: it is told elsewhere.
func unwrapURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		if errors.Is(u.Err, io.EOF) {
			return errEOF
		}
		return u.Err
	}
	return err
}

// client makes what asks as the settings say: by the token, or by a client certificate.
func (s Settings) client(silence *time.Duration) (*http.Client, http.Header, *Fault) {
	if f := s.lacks(); f != nil {
		return nil, nil, f
	}
	header := http.Header{"User-Agent": {"muster"}, "Accept": {"application/json"}}
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.Protocol == "https" || s.ClientCert != "" {
		pem, err := s.env.ReadFile(s.CAFile)
		if err != nil {
			return nil, nil, lacksCA(s, err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, nil, &Fault{Environment: true, Once: true, Saw: s.CAFile + " holds no certificate", Log: "Failed to open stream",
				Fix: "mount the ca.crt of the service account there"}
		}
	}
	if s.ClientCert != "" {
		cert, err := s.env.ReadFile(s.ClientCert)
		key, err2 := s.env.ReadFile(s.ClientKey)
		if err = errors.Join(err, err2); err == nil {
			var pair tls.Certificate
			pair, err = tls.X509KeyPair(cert, key)
			conf.Certificates = []tls.Certificate{pair}
		}
		if err != nil {
			return nil, nil, &Fault{Environment: true, Hint: true, Saw: fmt.Sprintf("the client certificate %s cannot be used here: its key is encrypted, or they do not fit", s.ClientCert), Err: err}
		}
	} else {
		token, err := s.env.ReadFile(s.TokenFile)
		if err != nil {
			return nil, nil, lacksToken(s, err)
		}
		header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	}
	var longest atomic.Int64
	dialer := &net.Dialer{Timeout: patience}
	transport := &http.Transport{
		TLSClientConfig: conf, TLSHandshakeTimeout: patience, ResponseHeaderTimeout: patience, DisableKeepAlives: true, Proxy: nil,
		MaxResponseHeaderBytes: 64 << 10,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &watchedConn{Conn: c, longest: &longest, into: silence}, nil
		},
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, header, nil
}

// watchedConn remembers the longest wait for bytes, which is what Tomcat's
// readTimeout bounds, and ends a wait that is longer than muster's patience.
type watchedConn struct {
	net.Conn
	longest *atomic.Int64
	into    *time.Duration
}

func (c *watchedConn) Read(b []byte) (int, error) {
	_ = c.SetReadDeadline(time.Now().Add(patience))
	begin := time.Now()
	n, err := c.Conn.Read(b)
	if d := int64(time.Since(begin)); d > c.longest.Load() {
		c.longest.Store(d)
	}
	return n, err
}

func (c *watchedConn) Close() error {
	*c.into = max(*c.into, time.Duration(c.longest.Load()))
	return c.Conn.Close()
}

// pod is what is read of one; Tomcat looks at nothing else of it than name, uid,
// creationTimestamp, phase and podIP.
type pod struct {
	Metadata *struct {
		Name     string            `json:"name"`
		UID      string            `json:"uid"`
		Created  *time.Time        `json:"creationTimestamp"`
		Deleting *time.Time        `json:"deletionTimestamp"`
		Labels   map[string]string `json:"labels"`
		Owners   []struct {
			Kind string `json:"kind"`
			Name string `json:"name"`
		} `json:"ownerReferences"`
	} `json:"metadata"`
	Status *struct {
		Phase      string  `json:"phase"`
		PodIP      *string `json:"podIP"`
		Conditions []struct {
			Type   string `json:"type"`
			Status string `json:"status"`
		} `json:"conditions"`
	} `json:"status"`
}

// errPod is where one pod of the answer is larger than any.
var errPod = errors.New("one pod of the answer is larger than the API stores")

// bounded reads an answer as long as neither it nor one item of it grows beyond bounds.
type bounded struct {
	r           io.Reader
	total, item int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.total <= 0 || b.item <= 0 {
		return 0, errPod
	}
	n, err := b.r.Read(p[:min(len(p), b.total, b.item)])
	b.total, b.item = b.total-n, b.item-n
	return n, err
}

const noJSONLog = "TokenMgrError, and nothing is asked for up to 60 s"

func notJSON(what string, err error) *Fault {
	return &Fault{Saw: "the answer is " + what, Log: noJSONLog, Err: err,
		Fix: "look at what answers there: curl -s with the service account's ca.crt and token, to the URL above"}
}

// pods reads a PodList and keeps what Tomcat makes of each pod.
func (a *Answer) pods(body io.Reader) *Fault {
	in := &bounded{r: body, total: maxAnswer, item: maxPod}
	dec := json.NewDecoder(in)
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return notJSON("no JSON: a proxy's page, it seems", err)
	}
	list := false
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return cutShort(err)
		}
		in.item = maxPod
		if t != "items" {
			var skip json.RawMessage
			if err := dec.Decode(&skip); err != nil {
				return cutShort(err)
			}
			continue
		}
		if t, err := dec.Token(); err != nil {
			return cutShort(err)
		} else if t != json.Delim('[') {
			continue // null
		}
		list = true
		for dec.More() {
			in.item = maxPod
			var p pod
			err := dec.Decode(&p)
			var wrong *json.UnmarshalTypeError
			var when *time.ParseError
			switch {
			case errors.As(err, &wrong), errors.As(err, &when):
				a.add(Named{Left: "something in it is not of the kind that the API writes"}, "")
			case err != nil:
				return cutShort(err)
			default:
				a.pod(&p)
			}
		}
		if _, err := dec.Token(); err != nil {
			return cutShort(err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return cutShort(err)
	}
	if !list {
		return &Fault{Saw: "the answer is JSON without a list of pods", Log: "Invalid pods list: [no items]", Fix: "look at what answers there: it is no pods API"}
	}
	return nil
}

func cutShort(err error) *Fault {
	if errors.Is(err, errPod) {
		return &Fault{Saw: "the answer is larger than any real one: it was not read to its end", Hint: true, Err: err}
	}
	var t net.Error
	if errors.As(err, &t) && t.Timeout() {
		return &Fault{Saw: "the answer stops in its middle, and nothing more comes", Log: "Read timed out", Err: err, Fix: "look at the API server and at what is between"}
	}
	return notJSON("cut short", err)
}

// pod makes of one what Tomcat makes of it.
func (a *Answer) pod(p *pod) {
	n := Named{}
	switch {
	case p.Metadata == nil:
		n.Left = "it has no metadata, and Tomcat warns of each question"
		a.add(n, "")
		return
	case p.Status == nil:
		n.Pod, n.Left = p.Metadata.Name, "it has no status, and Tomcat warns at each question"
		a.add(n, "")
		return
	}
	m, s := p.Metadata, p.Status
	n.Pod, n.Labels, n.Terminating = m.Name, m.Labels, m.Deleting != nil
	if m.Created != nil {
		n.Created = *m.Created
	}
	if len(m.Owners) > 0 {
		n.Owner = m.Owners[0].Kind + " " + m.Owners[0].Name
	}
	for _, c := range s.Conditions {
		if c.Type == "Ready" && c.Status != "True" {
			n.NotReady = true
		}
	}
	if s.PodIP != nil {
		n.Text = *s.PodIP
		n.Addr, _ = netip.ParseAddr(n.Text)
	}
	switch {
	case s.Phase != "Running":
		n.Left = "its phase is " + orUnset(s.Phase)
	case s.PodIP == nil || n.Text == "":
		n.Left = "it runs and has no address (podIP), and Tomcat warns at each question"
	case m.Name == "":
		n.Left = "it has no name, and Tomcat warns at each question"
	case m.Created == nil:
		n.Left = "it has no creationTimestamp, and Tomcat warns at each question (\"uid\" is missing, it says)"
	case !n.Addr.IsValid():
		n.Left = "its podIP is no address"
	}
	id := m.UID
	if id == "" {
		id = n.Text
	}
	a.add(n, id)
}

func orUnset(s string) string {
	if s == "" {
		return "not set"
	}
	return s
}

// tokenEnds reports whether a token file ends in what no HTTP header may hold.
func tokenEnds(token []byte) bool {
	return len(bytes.TrimRight(token, "\r\n")) != len(token)
}
