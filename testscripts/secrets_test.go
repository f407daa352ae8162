package testscripts

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"muster/internal/netlab"
)

// Each secret in testdata/secrets is a word that begins with Mark, or one of these keys.
var secretKeys = []string{
	"e17e57a0e17e57a0e17e57a0e17e57a0", "0c0ffee00c0ffee00c0ffee00c0ffee0", "bada55e5bada55e5bada55e5bada55e5",
	"5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e", "75c0de0075c0de0075c0de0075c0de00", "7d1ff0de75c0de0075c0de00",
}

// told finds secrets in what was printed or written: as they stand, as bytes, in base64
// and as a URL has them.
type told struct{ needles map[string]string } // by how it is written

// secretWords are of one purpose each; "MarkShutdown" is how a server is stopped.
var secretWord = regexp.MustCompile(`Mark[A-Za-z.]+`)

func newTold(t *testing.T, files ...string) told {
	t.Helper()
	words := append([]string{}, secretKeys...)
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		words = append(words, secretWord.FindAllString(string(b), -1)...)
	}
	needles := map[string]string{}
	for _, w := range words {
		needles[w], needles[strings.ToUpper(w)] = w, w
		for _, b := range [][]byte{[]byte(w), unhex(w)} {
			if len(b) < 6 {
				continue
			}
			needles[string(b)], needles[hex.EncodeToString(b)] = w, w
			// The whole groups of three bytes, wherever the word begins in what is encoded.
			for skip := range 3 {
				whole := b[skip:]
				needles[base64.StdEncoding.EncodeToString(whole[:len(whole)/3*3])] = w
			}
		}
	}
	if len(needles) < 100 {
		t.Fatalf("only %d ways of writing secrets", len(needles))
	}
	return told{needles}
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}

// in reports the secrets in some output.
func (o told) in(t *testing.T, what string, output []byte) {
	t.Helper()
	for n, w := range o.needles {
		if i := bytes.Index(output, []byte(n)); i >= 0 {
			t.Errorf("%s shows %q: ...%q...", what, w, output[max(i-60, 0):min(i+len(n)+10, len(output))])
		}
	}
}

// inFile looks into a file, and into what is packed in it.
func (o told) inFile(t *testing.T, name string) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Error(err)
		return
	}
	if z, err := gzip.NewReader(bytes.NewReader(b)); err == nil {
		entries := tar.NewReader(z)
		for {
			h, err := entries.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			if b, err = io.ReadAll(entries); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			o.in(t, filepath.Base(name)+" "+h.Name, b)
		}
	}
	o.in(t, filepath.Base(name), b)
}

// runner runs muster on a host, or on this machine where host is nil.
type runner struct {
	t    *testing.T
	told told
	dir  string // where it runs and writes
	host *netlab.Host
	env  []string
}

// run runs a line and looks at all that it printed. Whatever its exit status, it must have
// said something, so that a line that is refused is noticed.
func (r runner) run(stdin, line string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 60*time.Second)
	defer cancel()
	args := strings.Fields(line)
	var c *exec.Cmd
	var start func() error
	if r.host != nil {
		h := r.host.Command(ctx, "muster", args...)
		c, start = h.Cmd, h.Run
	} else {
		c = exec.CommandContext(ctx, "muster", args...)
		start = c.Run
		c.Env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(r.dir, ".state"))
	}
	var out bytes.Buffer
	c.Dir, c.Env, c.Stdin, c.Stdout, c.Stderr = r.dir, append(c.Env, r.env...), strings.NewReader(stdin), &out, &out
	err := start()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.t.Errorf("muster %s: %v", line, err)
	}
	if out.Len() == 0 || bytes.Contains(out.Bytes(), []byte("unknown flag")) || bytes.Contains(out.Bytes(), []byte("panic:")) {
		r.t.Errorf("muster %s: it ended with %v and said %q", line, err, out.String())
	}
	r.told.in(r.t, "muster "+line, out.Bytes())
}

// secrets lays the files out and returns where they are.
func secrets(t *testing.T) (string, told) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/secrets")); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"key": "bada55e5bada55e5bada55e5bada55e5", "psk": strings.Repeat("75c0de00", 8), "nohex": "MarkKeyFile", "token": "MarkKubeToken.abc", "headers": "Authorization: Basic MarkHeader\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return dir, newTold(t, files...)
}

// written looks into all files that were not there before.
func (r runner) written(before map[string]bool) {
	r.t.Helper()
	err := filepath.WalkDir(r.dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && !before[path] {
			r.told.inFile(r.t, path)
		}
		return err
	})
	if err != nil {
		r.t.Error(err)
	}
}

func filesIn(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for _, f := range files {
		out[f] = true
	}
	return out
}

// TestNoSecretOfFilesIsTold: whatever is read with keys, passwords and tokens in it, no
// command prints one or writes one into a report.
func TestNoSecretOfFilesIsTold(t *testing.T) {
	t.Parallel()
	dir, told := secrets(t)
	r := runner{t: t, told: told, dir: dir}
	before := filesIn(t, dir)
	xml := "server.xml tls.xml other.xml entity.xml wrong.xml broken.xml cloud.xml"
	for f := range strings.FieldsSeq(xml) {
		for _, more := range []string{"", "--all", "--json", "--release 7.0", "--release 11.0.30 --all", "--release 11.0.30 --json", "--alone --all", "--property cluster.key=MarkKeyFile --all"} {
			r.run("", "tribes config "+f+" "+more)
		}
		r.run("", "compare "+f+" server.xml --all")
		r.run("", "compare "+f+" tls.xml --json")
		text, err := os.ReadFile(filepath.Join(dir, f))
		if err != nil {
			t.Fatal(err)
		}
		r.run(string(text), "tribes config - --json --all")
		r.run(string(text), "explain -")
	}
	r.run("", "tribes config server.xml tls.xml other.xml wrong.xml --all --junit config.xml --sarif config.sarif --context-xml context.xml --context-xml redis.xml")
	r.run("", "tribes config cloud.xml --manifest manifest.yaml --sarif cloud.sarif --json")
	r.run("", "tribes config --from-release 10.1.52 --to-release 11.0.30 server.xml")
	logged, err := os.ReadFile(filepath.Join(dir, "catalina.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"tribes logs catalina.log --all", "tribes logs catalina.log --all --json --junit logs.xml", "tribes logs -v catalina.log"} {
		r.run("", line)
	}
	r.run(string(logged), "tribes logs - --all")
	r.run(string(logged), "explain -")
	r.run(string(logged), "explain - --json")
	r.run("", "explain Failed connection to [https://10.77.0.1:6443/] with token [MarkToken.in.log]")
	for _, line := range []string{
		"tribes join --encryption-key-file nohex", "tribes join --psk-identity shop --psk-key-file nohex", "tribes probe --psk-identity shop --psk-key-file nohex 127.0.0.1:1",
		"tribes decode --encryption-key-file nohex -", "tribes sessions --server-xml wrong.xml -d 1s", "tribes probe --server-xml wrong.xml 127.0.0.1:1", "sniff --server-xml wrong.xml -r server.xml",
	} {
		r.run("", line)
	}
	r.written(before)
}

// TestNoSecretOfProvidersIsTold: a Kubernetes API that refuses, and a Tomcat that fails,
// whatever they answer.
func TestNoSecretOfProvidersIsTold(t *testing.T) {
	t.Parallel()
	dir, told := secrets(t)
	var reflect http.HandlerFunc = func(w http.ResponseWriter, q *http.Request) {
		if strings.HasSuffix(q.URL.Path, "/pods") {
			_, _ = io.WriteString(w, `{"items":[{"metadata":{"name":"n1","creationTimestamp":"2026-11-29T18:00:00Z","labels":{"app":"shop"}},"spec":{"containers":[{"env":[{"name":"K","value":"MarkVariable"}]}]},"status":{"phase":"Running","podIP":"127.0.0.1"}}]}`)
			return
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "you said "+q.Header.Get("Authorization"))
	}
	s := httptest.NewUnstartedServer(reflect)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	ca := filepath.Join(dir, "ca.crt")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(u.Host)
	if err != nil {
		t.Fatal(err)
	}
	before := filesIn(t, dir)
	env := []string{"KUBERNETES_SERVICE_HOST=" + host, "KUBERNETES_SERVICE_PORT=" + port, "SA_TOKEN_FILE=token", "KUBERNETES_CA_CERTIFICATE_FILE=ca.crt", "KUBERNETES_NAMESPACE=shop"}
	for _, more := range [][]string{nil, {"KUBERNETES_API_VERSION=v1/../x"}, {"KUBERNETES_MASTER_PROTOCOL=http"}, {"KUBERNETES_SERVICE_PORT=1"}, {"KUBERNETES_CA_CERTIFICATE_FILE=token"}, {"KUBERNETES_CLIENT_CERTIFICATE_FILE=token", "KUBERNETES_CLIENT_KEY_FILE=token"}} {
		r := runner{t: t, told: told, dir: dir, env: append(append([]string{}, env...), more...)}
		r.run("", "tribes members --kubernetes -v --json")
		r.run("", "tribes probe --server-xml cloud.xml -v")
	}
	if err := os.WriteFile(filepath.Join(dir, "token"), []byte("MarkKubeToken.abc\x01\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := runner{t: t, told: told, dir: dir, env: env}
	r.run("", "tribes members --kubernetes -v --json")
	r.run("", "smoke --tomcat "+s.URL+"/a --tomcat "+s.URL+"/b --insecure --http-only -v --header @headers --timeout 2s")
	r.run("", "smoke --tomcat "+s.URL+"/a --tomcat "+s.URL+"/b --insecure --http-only --json --header Authorization:MarkHeader --timeout 2s")
	r.written(before)
}

// TestNoSecretOfMembersIsTold: members with keys, and all that speaks with them.
func TestNoSecretOfMembersIsTold(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t, netlab.Config{Hosts: 2})
	dir, told := secrets(t)
	// As in a Tomcat's folder: with the log that a bundle takes.
	dir = filepath.Join(dir, "conf")
	if err := errors.Join(os.Mkdir(dir, 0o755), os.CopyFS(dir, os.DirFS("testdata/secrets")), os.CopyFS(filepath.Join(filepath.Dir(dir), "logs"), os.DirFS("testdata/secrets"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"key", "psk"} {
		if err := os.Rename(filepath.Join(filepath.Dir(dir), name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	before := filesIn(t, dir)
	one := runner{t: t, told: told, dir: dir, host: lab.Host(1)}
	two := runner{t: t, told: told, dir: dir, host: lab.Host(2)}
	var members []*netlab.Process
	for _, args := range []string{"tribes join -v --server-xml server.xml", "tribes join -v --json --server-xml tls.xml --release 11.0.30"} {
		p := lab.Host(1).Launch(t, "env", append([]string{"-C", dir, "muster"}, strings.Fields(args)...)...)
		members = append(members, p)
	}
	members[0].WaitLog("joined", 15*time.Second)
	members[1].WaitLog("joined", 15*time.Second)
	t.Run("speaking", func(t *testing.T) {
		t.Parallel()
		r := two
		r.t = t
		for _, line := range []string{
			"tribes members -d 1s -v --server-xml server.xml", "tribes probe -v --server-xml server.xml 10.77.0.11:4000", "tribes probe -v --json --psk-identity shop --psk-key-file psk 10.77.0.11:4110",
			"tribes send -v --encryption-key-file key 10.77.0.11:4000 hello", "tribes send --json --server-xml server.xml 10.77.0.11:4000 hello",
			"tribes join -v -d 2s --server-xml server.xml", "tribes join -v -d 2s --server-xml tls.xml --release 11.0.30", "tribes join -v -d 2s --server-xml other.xml --release 11.0.30",
			"tribes sessions -v -d 2s --server-xml server.xml", "tribes sessions --json -d 2s --encryption-key-file key", "check --server-xml server.xml --all --junit check.xml", "check --server-xml tls.xml --json",
		} {
			r.run("", line)
		}
	})
	t.Run("doctor", func(t *testing.T) {
		t.Parallel()
		r := one
		r.t = t
		r.run("", "doctor --server-xml server.xml --log catalina.log -d 2s --all --bundle one.tar.gz --html one.html --junit one.xml")
		r.run("", "doctor --server-xml tls.xml --release 11.0.30 -d 2s --json --bundle two.tar.gz --redact")
		r.run("", "doctor --from one.tar.gz --all --html from.html")
		r.run("", "compare one.tar.gz tls.xml --all")
	})
	t.Run("smoke", func(t *testing.T) {
		t.Parallel()
		r := one
		r.t = t
		r.run("", "smoke -v --encryption-key-file key --junit smoke.xml")
		r.run("", "smoke --json --psk-identity shop --psk-key-file psk")
	})
	t.Cleanup(func() {
		for _, p := range members {
			var all strings.Builder
			for _, l := range p.Log() {
				all.WriteString(l.Text + "\n")
			}
			told.in(t, "a member", []byte(all.String()))
		}
		one.written(before)
	})
}
