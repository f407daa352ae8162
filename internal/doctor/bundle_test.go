package doctor

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/internal/verdict"
	"muster/routecheck/facts"
	"muster/tribes/serverxml"
)

const someConfig = `<Server port="8005"><Service name="Catalina"><Engine name="Catalina" defaultHost="localhost" jvmRoute="n1">
<Cluster className="org.apache.catalina.ha.tcp.SimpleTcpCluster" channelSendOptions="8">
<Channel className="org.apache.catalina.tribes.group.GroupChannel">
<Interceptor className="org.apache.catalina.tribes.group.interceptors.EncryptInterceptor" encryptionKey="cafebabecafebabecafebabecafebabe"/>
</Channel></Cluster></Engine></Service></Server>`

func readConfig(t *testing.T, name, text string) *serverxml.File {
	t.Helper()
	f, err := serverxml.Read(serverxml.Source{Name: name, Data: strings.NewReader(text)}, serverxml.Options{Version: serverxml.DefaultVersion})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// save writes a bundle of a node with this configuration and returns its file.
func save(t *testing.T, config string, redact bool) string {
	t.Helper()
	base := t.TempDir()
	conf := filepath.Join(base, "conf", "server.xml")
	for _, dir := range []string{"conf", "logs"} {
		if err := os.Mkdir(filepath.Join(base, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(conf, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(base, "logs", "catalina.out"), []byte(strings.Repeat("a line of the log\n", 50_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	r := Result{
		Facts:    &facts.Facts{Version: facts.Version, OS: "linux", Query: facts.DefaultQuery()},
		Verdicts: []verdict.Verdict{verdict.New("route.none", verdict.Fail, verdict.Definite, "eth0", "no route")},
		Note:     Note{Name: "n1", Receiver: "10.77.0.11:4000", Hears: []string{"10.77.0.12:4000"}},
		Watched:  8 * time.Second,
	}
	name := filepath.Join(base, "n1.tar.gz")
	if err := r.WriteBundle(name, Options{File: readConfig(t, conf, config), Version: "test"}, redact); err != nil {
		t.Fatal(err)
	}
	return name
}

func open(t *testing.T, name string) *Bundle {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := ReadBundle(name, f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBundle(t *testing.T) {
	name := save(t, someConfig, false)
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: others can read it", info.Mode(), err)
	}
	b := open(t, name)
	if b.Manifest.Note.Name != "n1" || b.Facts == nil || len(b.Verdicts) != 1 || len(b.Log) == 0 || len(b.Log) > maxLogTail {
		t.Errorf("%+v", b.Manifest)
	}
	if bytes.Contains(b.Config, []byte("cafebabe")) {
		t.Error("the key is in it")
	}
	if found := b.Judge(); found[0].ID == "" {
		t.Error("nothing is judged")
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(name), ".muster-*")); len(left) > 0 {
		t.Errorf("%q is left behind", left)
	}
}

func TestRedactedBundle(t *testing.T) {
	b := open(t, save(t, someConfig, true))
	if len(b.Config)+len(b.Log)+len(b.Wire)+len(b.Verdicts) > 0 || b.Manifest.Note.Name != "" || !b.Facts.Redacted {
		t.Errorf("%+v", b.Manifest)
	}
}

// Keys that are hidden can still be compared, by files as by bundles.
func TestHiddenKeysAreCompared(t *testing.T) {
	other := strings.Replace(someConfig, "cafebabecafebabecafebabecafebabe", "0123456789abcdef0123456789abcdef", 1)
	side := func(config string) Source {
		b := open(t, save(t, config, false))
		f, err := b.File(serverxml.Options{Version: serverxml.DefaultVersion})
		if err != nil {
			t.Fatal(err)
		}
		return Source{Name: b.Name, File: f, Bundle: b, Facts: b.Facts}
	}
	ids := func(c Comparison) string {
		var out []string
		for _, v := range c.Verdicts {
			if v.Status == verdict.Fail {
				out = append(out, string(v.ID))
			}
		}
		return strings.Join(out, " ")
	}
	if got := ids(Compare([]Source{side(someConfig), side(other)})); !strings.Contains(got, "tribes.key-mismatch") {
		t.Errorf("other keys: %q", got)
	}
	if got := ids(Compare([]Source{side(someConfig), side(someConfig)})); strings.Contains(got, "tribes.key-mismatch") {
		t.Errorf("the same key: %q", got)
	}
}

func TestCompareNamesWhatDiffers(t *testing.T) {
	for what, change := range map[string][2]string{
		"channelSendOptions": {`channelSendOptions="8"`, `channelSendOptions="6"`},
		"group":              {`<Interceptor`, `<Membership className="org.apache.catalina.tribes.membership.McastService" port="45570"/><Interceptor`},
		"drop time":          {`<Interceptor`, `<Membership className="org.apache.catalina.tribes.membership.McastService" dropTime="5000"/><Interceptor`},
		"domain":             {`<Interceptor`, `<Membership className="org.apache.catalina.tribes.membership.McastService" domain="blue"/><Interceptor`},
	} {
		c := Compare([]Source{
			{Name: "a", File: readConfig(t, "a", someConfig)},
			{Name: "b", File: readConfig(t, "b", strings.Replace(someConfig, change[0], change[1], 1))},
		})
		found := false
		for _, r := range c.Rows {
			if r.Differs && r.What == what {
				found = r.Must
			} else if r.Differs {
				t.Errorf("%s was changed, and %s differs", what, r.What)
			}
		}
		if !found {
			t.Errorf("%s was changed, and does not differ", what)
		}
	}
}

// pack makes an archive of any entries.
func pack(t *testing.T, entries ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	g := gzip.NewWriter(&b)
	w := tar.NewWriter(g)
	for _, h := range entries {
		body := bytes.Repeat([]byte{' '}, int(h.Size))
		if h.Name == entryManifest {
			copy(body, `{"bundle":1}`)
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			w.Write(body)
		}
	}
	w.Close()
	g.Close()
	return b.Bytes()
}

func TestHostileBundles(t *testing.T) {
	manifest := tar.Header{Name: entryManifest, Typeflag: tar.TypeReg, Size: 12}
	many := []tar.Header{manifest}
	for range 1000 {
		many = append(many, tar.Header{Name: entryLog, Typeflag: tar.TypeReg, Size: 10})
	}
	for name, in := range map[string][]byte{
		"paths":       pack(t, manifest, tar.Header{Name: "../../etc/passwd", Typeflag: tar.TypeReg, Size: 5}, tar.Header{Name: "/etc/passwd", Typeflag: tar.TypeReg, Size: 5}),
		"links":       pack(t, manifest, tar.Header{Name: entryConfig, Typeflag: tar.TypeSymlink, Linkname: "/etc/shadow"}),
		"a bomb":      pack(t, manifest, tar.Header{Name: "x", Typeflag: tar.TypeReg, Size: 40 << 20}),
		"many":        pack(t, many...),
		"no manifest": pack(t, tar.Header{Name: entryLog, Typeflag: tar.TypeReg, Size: 3}),
		"no archive":  []byte("\x1f\x8bnonsense"),
		"nothing":     nil,
	} {
		b, err := ReadBundle(name, bytes.NewReader(in))
		if wantError := strings.HasPrefix(name, "no"); (err != nil) != wantError {
			t.Errorf("%s: %v", name, err)
		}
		if b != nil && len(b.Config) > 0 {
			t.Errorf("%s: a link was followed", name)
		}
	}
	whole := pack(t, manifest)
	for n := range whole {
		ReadBundle("cut", bytes.NewReader(whole[:n])) // it must end, whatever it says
	}
}

func FuzzReadBundle(f *testing.F) {
	f.Add([]byte(`{"bundle":1}`))
	f.Fuzz(func(t *testing.T, manifest []byte) {
		var b bytes.Buffer
		g := gzip.NewWriter(&b)
		w := tar.NewWriter(g)
		for _, name := range []string{entryManifest, entryFacts, entryVerdicts} {
			w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(len(manifest))})
			w.Write(manifest)
		}
		w.Close()
		g.Close()
		if got, err := ReadBundle("fuzz", &b); err == nil {
			got.Judge()
		}
	})
}

func FuzzReadNote(f *testing.F) {
	f.Add(Note{Name: "n1", Hears: []string{"10.0.0.1:4000"}, Causes: []Cause{{ID: "route.none", Status: verdict.Fail}}}.bytes())
	f.Fuzz(func(t *testing.T, in []byte) {
		n, ok := readNote(in)
		if !ok {
			return
		}
		for _, c := range n.Causes {
			if !known(c.ID) || !c.Status.Bad() || len(c.Saw) > maxText {
				t.Errorf("%+v is taken", c)
			}
		}
		if len(n.Hears) > maxList || len(n.Name) > maxText {
			t.Errorf("%d members, a name of %d bytes", len(n.Hears), len(n.Name))
		}
	})
}
