package interop

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/tomcat"
)

// smokeRun is what a run of smoke with real Tomcats said.
type smokeRun struct {
	status  int
	steps   []smokeStep
	summary struct {
		Status     string   `json:"status"`
		FailedStep int      `json:"failed_step"`
		Half       string   `json:"half"`
		Causes     []string `json:"causes"`
	}
	text string
}

type smokeStep struct {
	Name    string         `json:"name"`
	OK      bool           `json:"ok"`
	Skipped string         `json:"skipped"`
	Detail  map[string]any `json:"detail"`
}

// labPage says how the page of the harness is used.
var labPage = []string{"--change", "incr=hits", "--counter", `"hits":(\d+)`, "--invalidate", "invalidate=1"}

// smokeTomcats runs smoke on a host against pages; meanwhile may do what a
// command of the run asks for.
func smokeTomcats(t *testing.T, h *netlab.Host, urls []string, meanwhile func(), args ...string) smokeRun {
	t.Helper()
	all := []string{"smoke", "--json", "--pause", "300ms", "--timeout", "30s"}
	for _, u := range urls {
		all = append(all, "--tomcat", u)
	}
	p := h.Launch(t, "muster", append(all, args...)...)
	for ended := false; !ended; {
		select {
		case <-p.Ended():
			ended = true
		case <-time.After(20 * time.Millisecond):
			if meanwhile != nil {
				meanwhile()
			}
		}
	}
	run := smokeRun{status: p.ExitStatus(), text: p.Tail()}
	for _, l := range p.Log() {
		var kind struct {
			Type string `json:"type"`
		}
		if json.Unmarshal([]byte(l.Text), &kind) != nil {
			continue
		}
		switch kind.Type {
		case "step":
			var s smokeStep
			if err := json.Unmarshal([]byte(l.Text), &s); err != nil {
				t.Fatal(err)
			}
			run.steps = append(run.steps, s)
		case "summary":
			if err := json.Unmarshal([]byte(l.Text), &run.summary); err != nil {
				t.Fatal(err)
			}
		}
	}
	return run
}

// passes wants a run in which nothing failed and nothing but these steps was left out.
func (r smokeRun) passes(t *testing.T, leftOut ...string) {
	t.Helper()
	if r.status != 0 || r.summary.Status != "pass" {
		t.Fatalf("exit status %d, %+v\n%s", r.status, r.summary, r.text)
	}
	for _, s := range r.steps {
		out := slices.ContainsFunc(leftOut, func(name string) bool { return strings.Contains(s.Name, name) })
		if s.OK == out {
			t.Errorf("step %q: ok %v, %s", s.Name, s.OK, s.Skipped)
		}
	}
}

// fails wants a run that failed and named this half and this cause.
func (r smokeRun) fails(t *testing.T, half, cause string) {
	t.Helper()
	if r.status != 1 || r.summary.Half != half || !slices.Contains(r.summary.Causes, cause) {
		t.Errorf("exit status %d, half %q by %v, want %q by %s\n%s", r.status, r.summary.Half, r.summary.Causes, half, cause, r.text)
	}
}

// detail is what a step says.
func (r smokeRun) detail(t *testing.T, step int, name string) any {
	t.Helper()
	if step > len(r.steps) {
		t.Fatalf("no step %d\n%s", step, r.text)
	}
	return r.steps[step-1].Detail[name]
}

// apps are what every Tomcat of these tests serves: /lab by the cluster's
// manager, /backup by a BackupManager, /plain without <distributable/>.
func apps(mapOptions string) []tomcat.App {
	return []tomcat.App{
		{Path: "/backup", Manager: `<Manager className="org.apache.catalina.ha.session.BackupManager" mapSendOptions="` + mapOptions + `" processExpiresFrequency="1"/>`},
		{Path: "/plain", NotDistributable: true},
	}
}

// pair are two Tomcats that see each other, on hosts n1 and n2.
func pair(t *testing.T, lab *netlab.Lab, cfg tomcat.Config) [2]*tomcat.Server {
	t.Helper()
	both := [2]*tomcat.Server{tomcat.Start(t, lab.Host(1), cfg), tomcat.Start(t, lab.Host(2), cfg)}
	both[0].WaitLog(`memberAdded .*\{10, 77, 0, 12\}:4000`, 15*time.Second)
	both[1].WaitLog(`memberAdded .*\{10, 77, 0, 11\}:4000`, 15*time.Second)
	return both
}

func pages(path string, hosts ...*netlab.Host) (urls []string) {
	for _, h := range hosts {
		urls = append(urls, fmt.Sprintf("http://%s:8080%s", h.Addr(), path))
	}
	return urls
}

// apart starts a Tomcat beside a pair and does not wait. It hears nobody and nobody
// hears it until join is called: one that asks another for its state and cannot
// read the answer waits 60 s, and the pair shall be two until then.
func apart(t *testing.T, lab *netlab.Lab, h *netlab.Host, cfg tomcat.Config) (join func()) {
	t.Helper()
	heal := lab.Switch().Drop(h, netlab.Traffic{Protocol: "udp", Port: 45564})
	s := tomcat.Launch(t, h, cfg)
	return func() {
		t.Helper()
		s.WaitUp()
		heal()
		s.WaitLog(`memberAdded .*\{10, 77, 0, 11\}:4000`, 20*time.Second)
	}
}

// deeds do what the commands of a run ask for: --kill-command and --start-command
// put down a file and wait until it is gone.
type deeds struct {
	dir string
	do  map[string]func()
}

func (d deeds) command(name string) string {
	file := filepath.Join(d.dir, name)
	return fmt.Sprintf("touch %s; while test -e %s; do sleep 0.05; done", file, file)
}

func (d deeds) meanwhile() {
	for name, deed := range d.do {
		file := filepath.Join(d.dir, name)
		if _, err := os.Stat(file); err == nil {
			deed()
			os.Remove(file)
		}
	}
}

// TestSmokeTomcat: a cluster of real Tomcats passes with every manager and option,
// and each fault is named with the half that it breaks. The pairs run side by
// side.
func TestSmokeTomcat(t *testing.T) {
	t.Parallel()
	t.Run("async", smokeAsync)
	t.Run("encrypted async", smokeEncrypted)
	t.Run("sync", smokeSync)
	t.Run("encrypted sync", smokeEncryptedSync)
}

func smokeAsync(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t, netlab.Config{Hosts: 3})
	n1, n2, n3 := lab.Host(1), lab.Host(2), lab.Host(3)
	cfg := tomcat.Config{Options: "8", Apps: append(apps("8"), examples(t)...)}
	both := pair(t, lab, cfg)

	// All nine steps, A killed without warning and started again.
	d := deeds{dir: t.TempDir()}
	d.do = map[string]func(){
		"kill":  func() { both[0].Kill() },
		"start": func() { both[0] = tomcat.Launch(t, n1, cfg) },
	}
	run := smokeTomcats(t, n3, pages("/lab", n1, n2), d.meanwhile, append(labPage, "--expire", "maxinactive=2",
		"--kill-command", d.command("kill"), "--start-command", d.command("start"))...)
	run.passes(t)
	if got := run.detail(t, 4, "reason"); got != "expired" && got != "tcp_failed" {
		t.Errorf("A was killed, and is gone for the reason %v", got)
	}
	if got := run.detail(t, 3, "manager"); got != "DeltaManager" {
		t.Errorf("manager %v", got)
	}
	if got := run.detail(t, 6, "counter"); got != 3.0 {
		t.Errorf("the counter is %v after A, B and A again", got)
	}

	run = smokeTomcats(t, n3, pages("/backup/lab", n1, n2), nil, labPage...)
	run.passes(t, "killed", "expires")
	if run.detail(t, 3, "manager") != "BackupManager" || run.detail(t, 3, "backup_on") != "B" {
		t.Errorf("the wire shows %v", run.steps[2].Detail)
	}

	// muster is the other node.
	smokeTomcats(t, n3, pages("/lab", n1, n2), nil, append(labPage[:4:4], "--guest")...).passes(t)

	if len(cfg.Apps) > 2 {
		run := smokeTomcats(t, n3, pages("/examples/servlets/servlet/SessionExample", n1, n2), nil)
		run.passes(t, "killed", "invalidates", "expires")
		if got := run.detail(t, 1, "page"); got != "Tomcat's SessionExample" {
			t.Errorf("the page is taken for %v", got)
		}
	}

	smokeTomcats(t, n3, pages("/plain/lab", n1, n2), nil, labPage...).fails(t, "served", "config.distributable")

	lab.Switch().Drop(n2, netlab.Traffic{Protocol: "tcp", Port: 4000})
	smokeTomcats(t, n3, pages("/lab", n1, n2), nil, labPage...).fails(t, "replication", "tribes.half-open")
}

// examples is Tomcat's packaged application, marked distributable, where its
// package is installed.
func examples(t *testing.T) []tomcat.App {
	const folder = "/usr/share/tomcat10-examples/examples"
	webXML, err := os.ReadFile(folder + "/WEB-INF/web.xml")
	if err != nil {
		t.Logf("without the examples: needs the package tomcat10-examples")
		return nil
	}
	text := strings.Replace(string(webXML), "</web-app>", "<distributable/></web-app>", 1)
	return []tomcat.App{{Path: "/examples", DocBase: folder, WebXML: text}}
}

func smokeSync(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t, netlab.Config{Hosts: 4})
	n1, n2, n3, n4 := lab.Host(1), lab.Host(2), lab.Host(3), lab.Host(4)
	pair(t, lab, tomcat.Config{Options: "6", Apps: apps("6")})
	join := apart(t, lab, n3, tomcat.Config{Options: "6", Route: "n1"})
	for _, path := range []string{"/lab", "/backup/lab"} {
		smokeTomcats(t, n4, pages(path, n1, n2), nil, labPage...).passes(t, "killed", "expires")
	}
	join() // a third one, with the route of the first
	smokeTomcats(t, n4, pages("/lab", n1, n3), nil, labPage...).fails(t, "served", "config.same")

	lab.Switch().Drop(n2, netlab.Traffic{Protocol: "udp", Port: 45564})
	smokeTomcats(t, n4, pages("/lab", n1, n2), nil, labPage...).fails(t, "members", "smoke.no-members")
}

const (
	smokeKey = "cafebabecafebabecafebabecafebabe"
	otherKey = "00112233445566778899aabbccddeeff"
)

func keyFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(smokeKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func smokeEncrypted(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t, netlab.Config{Hosts: 4})
	n1, n2, n3, n4 := lab.Host(1), lab.Host(2), lab.Host(3), lab.Host(4)
	pair(t, lab, tomcat.Config{Options: "8", EncryptionKey: smokeKey, Apps: apps("8")})
	join := apart(t, lab, n3, tomcat.Config{EncryptionKey: otherKey})
	key := []string{"--encryption-key-file", keyFile(t)}
	for _, path := range []string{"/lab", "/backup/lab"} {
		smokeTomcats(t, n4, pages(path, n1, n2), nil, append(key, labPage...)...).passes(t, "killed", "expires")
	}
	// Without the key HTTP decides, and the wire shows that it is encrypted.
	run := smokeTomcats(t, n4, pages("/lab", n1, n2), nil, labPage...)
	run.passes(t, "killed", "expires")
	if got := run.detail(t, 3, "messages"); got != "encrypted" {
		t.Errorf("the messages are %v", got)
	}
	smokeTomcats(t, n4, pages("/lab", n1, n2), nil, append(append(key, labPage[:4]...), "--guest")...).passes(t)

	join()
	smokeTomcats(t, n4, pages("/lab", n1, n3), nil, append(key, labPage...)...).fails(t, "replication", "tribes.key-mismatch")
	smokeTomcats(t, n4, pages("/lab", n1, n3), nil, labPage...).fails(t, "replication", "tribes.key-mismatch")
}

func smokeEncryptedSync(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t, netlab.Config{Hosts: 4})
	n1, n2, n3, n4 := lab.Host(1), lab.Host(2), lab.Host(3), lab.Host(4)
	pair(t, lab, tomcat.Config{Options: "6", EncryptionKey: smokeKey, Apps: apps("6")})
	join := apart(t, lab, n3, tomcat.Config{EncryptionKey: smokeKey, ClockAhead: time.Minute})
	key := []string{"--encryption-key-file", keyFile(t)}
	for _, path := range []string{"/lab", "/backup/lab"} {
		smokeTomcats(t, n4, pages(path, n1, n2), nil, append(key, labPage...)...).passes(t, "killed", "expires")
	}
	join()
	smokeTomcats(t, n4, pages("/lab", n1, n3), nil, append(key, labPage...)...).fails(t, "served", "tribes.clock-skew")
}
