package product

import (
	"embed"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/internal/netlab"
	"muster/internal/netlab/maven"
)

//go:embed mains/*.java
var sources embed.FS

// Installed is a product whose jars are here and whose programs are compiled.
type Installed struct {
	Product
	jars, classes, path string
}

// Install has the jars fetched and the programs compiled into the test's folder. It
// skips the test where that cannot be.
func Install(tb netlab.TB, p Product) *Installed {
	tb.Helper()
	if testing.Short() {
		tb.Skipf("product: -short, and a real one takes seconds")
	}
	if _, err := exec.LookPath("java"); err != nil {
		tb.Skipf("product: needs the package openjdk-17-jre-headless")
	}
	jars, why, err := maven.Jars(p.set(), sums, p.String())
	switch {
	case err != nil:
		tb.Fatalf("product: %v", err)
	case why != "":
		tb.Skipf("product: %s", why)
	}
	i := &Installed{Product: p, jars: jars, classes: tb.TempDir()}
	if i.path, err = maven.ClassPath(jars); err == nil {
		err = i.compile()
	}
	if err != nil {
		tb.Fatalf("product: %v", err)
	}
	return i
}

func (i *Installed) compile() error {
	var files []string
	for _, name := range mains[i.Name] {
		text, err := sources.ReadFile("mains/" + name)
		if err != nil {
			return err
		}
		file := filepath.Join(i.classes, name)
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
		files = append(files, file)
	}
	if i.Name == "river" {
		if err := compileActivation(i.classes); err != nil {
			return err
		}
	}
	return maven.Compile(i.path, i.classes, files...)
}

// Peer is a running program of a product.
type Peer struct {
	*netlab.Process
	tb netlab.TB
}

// start runs a main on the host, which binds to the host's address; jvm are further
// options of the JVM.
func (i *Installed) start(tb netlab.TB, h *netlab.Host, jvm []string, main string, args ...string) *Peer {
	tb.Helper()
	all := []string{
		"-Xmx96m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Djava.net.preferIPv4Stack=true",
		"-Djava.io.tmpdir=" + h.Dir(), "-cp", i.path + ":" + i.classes,
	}
	all = append(append(append(all, jvm...), main), args...)
	return &Peer{h.Launch(tb, "java", all...), tb}
}

// Fact waits for what the product says of itself by this key, and returns the last
// that it said.
func (p *Peer) Fact(key string, within time.Duration) string {
	p.tb.Helper()
	p.WaitLine(key, within, func(s string) bool { return strings.HasPrefix(s, key+" ") })
	return p.Last(key)
}

// Last is what the product said last by this key, "" where it said nothing yet.
func (p *Peer) Last(key string) (value string) {
	for _, l := range p.Log() {
		if v, ok := strings.CutPrefix(l.Text, key+" "); ok {
			value = v
		}
	}
	return value
}

// Leave ends the program in order, so that it says goodbye.
func (p *Peer) Leave() {
	p.tb.Helper()
	if _, err := p.Stdin.Write([]byte("\n")); err != nil {
		p.tb.Fatalf("product: %v", err)
	}
	select {
	case <-p.Ended():
	case <-time.After(30 * time.Second):
		p.tb.Fatalf("product: not ended 30 s after it was told to leave\n%s", p.Tail())
	}
}
