package provider

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"muster/tribes"
)

// api serves handler by TLS and returns the settings to ask it by.
func api(t *testing.T, handler http.HandlerFunc, variables ...string) Settings {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	host, port, _ := net.SplitHostPort(u.Host)
	vars := fmt.Sprintf("KUBERNETES_SERVICE_HOST=%s KUBERNETES_SERVICE_PORT=%s KUBERNETES_NAMESPACE=shop %s", host, port, strings.Join(variables, " "))
	return Read(environment(vars, token, ca))
}

func list(pods ...string) string {
	return `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[` + strings.Join(pods, ",") + `]}`
}

func podOf(name, ip, more string) string {
	return fmt.Sprintf(`{"metadata":{"name":%q,"uid":"uid-%s","creationTimestamp":"2026-11-29T18:00:00Z","labels":{"app":"shop"}%s},"spec":{"x":[1,{"y":2}]},"status":{"phase":"Running","podIP":%q,"conditions":[{"type":"Ready","status":"True"}]}}`,
		name, name, more, ip)
}

func TestAskKubernetes(t *testing.T) {
	var path, auth string
	s := api(t, func(w http.ResponseWriter, r *http.Request) {
		path, auth = r.URL.RequestURI(), r.Header.Get("Authorization")
		_, _ = io.WriteString(w, list(podOf("n1", "10.77.0.11", ""), podOf("n2", "10.77.0.12", `,"deletionTimestamp":"2026-11-29T18:10:00Z"`),
			strings.Replace(podOf("n3", "10.77.0.13", ""), `"status":"True"`, `"status":"False"`, 1),
			strings.Replace(podOf("new", "10.77.0.14", ""), "Running", "Pending", 1),
			`{"metadata":{"name":"bare","creationTimestamp":"2026-11-29T18:00:00Z"},"status":{"phase":"Running"}}`,
			`{"status":{"phase":"Running","podIP":"10.77.0.15"}}`, `{"metadata":{"name":7}}`))
	}, "KUBERNETES_LABELS=app=shop")
	a := AskKubernetes(t.Context(), s, node("10.77.0.11"))
	if a.Fault != nil {
		t.Fatal(a.Fault)
	}
	if path != "/api/v1/namespaces/shop/pods?labelSelector=app%3Dshop" || auth != "Bearer "+token {
		t.Errorf("asked %s with %q", path, auth)
	}
	var got []string
	for _, n := range a.Named {
		got = append(got, fmt.Sprintf("%s %s own=%v member=%v ready=%v going=%v %s", n.Pod, n.Text, n.Own, n.Member(), !n.NotReady, n.Terminating, n.Left))
	}
	want := []string{
		"n1 10.77.0.11 own=true member=false ready=true going=false ",
		"n2 10.77.0.12 own=false member=true ready=true going=true ",
		"n3 10.77.0.13 own=false member=true ready=false going=false ",
		"new 10.77.0.14 own=false member=false ready=true going=false its phase is Pending",
		"bare  own=false member=false ready=true going=false it runs and has no address (podIP), and Tomcat warns at each question",
		"  own=false member=false ready=true going=false it has no metadata, and Tomcat warns of each question",
		"  own=false member=false ready=true going=false something in it is not of the kind that the API writes",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("named\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// A Tomcat 10.1.56 gives a pod the MD5 of its uid for an id.
	if id := a.Named[0].ID; id.String() != "246f72dbdfdbd22f0b4caa4a53d2b106" {
		t.Errorf("id %s", id)
	}
}

// TestFaults: each way in which the API does not answer is told apart, and no text
// shows the token.
func TestFaults(t *testing.T) {
	cases := []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"401", answers(401, `{"kind":"Status"}`), "does not know the token"},
		{"403", answers(403, `{"kind":"Status"}`), "may not list the pods"},
		{"404", answers(404, ""), "no such path"},
		{"429", answers(429, ""), "too many requests"},
		{"500", answers(500, ""), "fails (500)"},
		{"302", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://example.invalid/", http.StatusFound)
		}, "redirect (302)"},
		{"html", answers(200, "<html>login</html>"), "no JSON"},
		{"cut", answers(200, list(podOf("n1", "10.77.0.11", ""))[:80]), "cut short"},
		{"no list", answers(200, `{"kind":"PodList","items":null}`), "without a list"},
		{"nothing", answers(200, ""), "no JSON"},
		{"closed", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "closed without an answer"},
		{"endless string", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"items":[{"metadata":{"name":"`)
			block := strings.Repeat("a", 1<<20)
			for range 8 {
				if _, err := io.WriteString(w, block); err != nil {
					return
				}
			}
		}, "larger than any real one"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := AskKubernetes(t.Context(), api(t, c.handler), node("10.77.0.11"))
			if a.Fault == nil || !strings.Contains(a.Fault.Saw, c.want) {
				t.Fatalf("fault %v, want %q", a.Fault, c.want)
			}
			b, err := json.Marshal(a.Judge(Given{Node: true}))
			if err != nil || strings.Contains(string(b)+fmt.Sprint(a.Fault.Err), token) {
				t.Errorf("the token is shown: %s, %v", b, err)
			}
		})
	}
}

func answers(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// TestFaultsOfTLS: another authority, another name, no TLS, nobody there.
func TestFaultsOfTLS(t *testing.T) {
	s := api(t, answers(200, list()))
	s.Host = "localhost"
	if a := AskKubernetes(t.Context(), s, Self{}); a.Fault == nil || !strings.Contains(a.Fault.Saw, "does not name localhost") {
		t.Errorf("another name: %v", a.Fault)
	}
	other := api(t, answers(200, list()))
	other.env = environment("", token, unrelated(t))
	if a := AskKubernetes(t.Context(), other, Self{}); a.Fault == nil || !strings.Contains(a.Fault.Saw, "not of the authority") {
		t.Errorf("another authority: %v", a.Fault)
	}
	plain := httptest.NewServer(answers(200, list()))
	defer plain.Close()
	s = api(t, answers(200, list()))
	_, s.Port, _ = net.SplitHostPort(plain.Listener.Addr().String())
	s.Host = "127.0.0.1"
	if a := AskKubernetes(t.Context(), s, Self{}); a.Fault == nil || !strings.Contains(a.Fault.Saw, "speaks no TLS") {
		t.Errorf("plain HTTP: %v", a.Fault)
	}
	plain.Close()
	if a := AskKubernetes(t.Context(), s, Self{}); a.Fault == nil || !strings.Contains(a.Fault.Saw, "refused") {
		t.Errorf("nobody there: %v", a.Fault)
	}
}

// TestManyPods: five thousand pods of the size of real ones are read, and hostile
// numbers of them are counted and not kept.
func TestManyPods(t *testing.T) {
	pad := `,"annotations":{"x":"` + strings.Repeat("y", 4000) + `"}`
	s := api(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"items":[`)
		for i := range 5000 {
			if i > 0 {
				_, _ = io.WriteString(w, ",")
			}
			_, _ = io.WriteString(w, podOf(fmt.Sprintf("p%d", i), fmt.Sprintf("10.78.%d.%d", i/250, i%250), pad))
		}
		_, _ = io.WriteString(w, `]}`)
	})
	a := AskKubernetes(t.Context(), s, node("10.78.0.3"))
	if a.Fault != nil || len(a.Named) != 5000 || !a.FindsItself() {
		t.Fatalf("%d named, %v", len(a.Named), a.Fault)
	}
	for range MaxNamed {
		a.add(Named{}, "")
	}
	if len(a.Named) != MaxNamed || a.More != 5000 {
		t.Errorf("%d kept, %d more", len(a.Named), a.More)
	}
}

func TestEnvironment(t *testing.T) {
	s := Read(environment("OPENSHIFT_KUBE_PING_NAMESPACE= KUBERNETES_NAMESPACE=shop KUBERNETES_SERVICE_HOST=fd77::1 KUBERNETES_SERVICE_PORT=443", token, nil))
	if s.Namespace != "tomcat" || s.NamespaceSet || s.Service != "tomcat" { // the first that is set counts, even when empty
		t.Errorf("namespace %q %v, service %q", s.Namespace, s.NamespaceSet, s.Service)
	}
	if got := s.URL(); got != "https://[fd77::1]:443/api/v1/namespaces/tomcat/pods" {
		t.Errorf("URL %s", got)
	}
	s = Read(environment("KUBERNETES_CLIENT_CERTIFICATE_FILE=/c", "", nil))
	if s.Protocol != "http" {
		t.Errorf("with a client certificate the protocol is %q", s.Protocol)
	}
	for _, c := range []struct{ variables, token, want string }{
		{"", token, "KUBERNETES_SERVICE_HOST or KUBERNETES_SERVICE_PORT is not set"},
		{"KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT=1 KUBERNETES_MASTER_PROTOCOL=http", "", "the token file " + defaultToken + " cannot be read (there is none)"},
		{"KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT=1", token, "the file of the certificate authority " + defaultCA + " cannot be read"},
	} {
		a := AskKubernetes(t.Context(), Read(environment(c.variables, c.token, nil)), Self{})
		if a.Fault == nil || !a.Fault.Environment || !strings.Contains(a.Fault.Saw, c.want) {
			t.Errorf("%q: %v, want %q", c.variables, a.Fault, c.want)
		}
	}
}

// TestSlow: what comes after Tomcat's timeout is an answer for muster and none for Tomcat.
func TestSlow(t *testing.T) {
	s := api(t, answers(200, list(podOf("n1", "10.77.0.11", ""))))
	a := AskKubernetes(t.Context(), s, node("10.77.0.11"))
	a.Silence = 2 * time.Second
	if v := find(a.Judge(Given{Node: true}), "provider.unanswered"); v == nil || !v.Status.Bad() {
		t.Errorf("%+v", v)
	}
	if v := find(a.Judge(Given{Node: true, ReadTimeout: 5 * time.Second}), "provider.unanswered"); v == nil || v.Status.Bad() {
		t.Errorf("with a longer readTimeout: %+v", v)
	}
}

func FuzzPods(f *testing.F) {
	f.Add(list(podOf("n1", "10.77.0.11", ""), podOf("n2", "fd77::12", `,"deletionTimestamp":null`)))
	f.Add(`{"items":[{"metadata":{},"status":{}},null,7]}`)
	f.Add(`{"items":{}}`)
	f.Fuzz(func(t *testing.T, text string) {
		a := &Answer{Kind: Kubernetes, Self: node("10.77.0.11"), Settings: Read(environment("", token, nil))}
		a.Fault = a.pods(strings.NewReader(text))
		a.Judge(Given{Node: true, Port: 4000})
		for _, n := range a.Named {
			if n.Left == "" && (!n.Addr.IsValid() || n.ID == (tribes.UniqueID{})) {
				t.Fatalf("a member without address or id: %+v", n)
			}
		}
	})
}

// TestCutPods: an answer cut at any byte is a fault and no shorter list.
func TestCutPods(t *testing.T) {
	whole := list(podOf("n1", "10.77.0.11", ""), podOf("n2", "10.77.0.12", ""))
	for n := range len(whole) {
		a := &Answer{Kind: Kubernetes}
		if f := a.pods(strings.NewReader(whole[:n])); f == nil {
			t.Fatalf("cut at %d of %d: no fault", n, len(whole))
		}
	}
}
