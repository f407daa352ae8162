package tomcat

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// releaseSums pins what Maven Central is to serve: a line for each jar, with the
// release that it is for and its SHA-256.
//
//go:embed release/jars.sum
var releaseSums string

// Releases are those that StartRelease can start, oldest first.
var Releases = []string{"5.5.15", "6.0.13", "6.0.45", "7.0.109", "8.0.53", "8.5.92", "9.0.1", "9.0.113", "10.0.27", "10.1.56", "11.0.21"}

// artifacts are what Maven is asked for, with all that they need.
func artifacts(release string) []string {
	var out []string
	add := func(group string, names ...string) {
		for _, n := range names {
			out = append(out, group+":"+n+":"+release)
		}
	}
	switch {
	case strings.HasPrefix(release, "5.5."):
		add("tomcat", "catalina", "catalina-cluster", "catalina-optional", "tomcat-coyote", "tomcat-http", "tomcat-util",
			"servlet-api", "jsp-api", "jasper-runtime", "naming-factory", "naming-resources")
	case strings.HasPrefix(release, "6.0."):
		add("org.apache.tomcat", "catalina-ha", "jasper")
	default:
		add("org.apache.tomcat", "tomcat-catalina-ha", "tomcat-jasper")
	}
	return out
}

// fetching holds back a second test of this process that wants the same jars.
var fetching sync.Mutex

// ReleaseJars is the folder with the jars of one of Releases. It skips the test where
// they cannot be had.
func ReleaseJars(t testing.TB, release string) string {
	t.Helper()
	dir, why, err := releaseJars(release)
	if err != nil {
		t.Fatal(err)
	}
	if why != "" {
		t.Skip(why)
	}
	return dir
}

// releaseJars is the folder with the jars of a release, which Maven fetches once
// into the user's cache. why names what is missing where they cannot be had.
func releaseJars(release string) (dir, why string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", "", err
	}
	dir = filepath.Join(cache, "muster-tests", "tomcat", release)
	fetching.Lock()
	defer fetching.Unlock()
	if _, err := os.Stat(dir); err != nil {
		if why, err = fetch(release, dir); why != "" || err != nil {
			return "", why, err
		}
	}
	return dir, "", checkJars(release, dir)
}

// fetch has Maven put the jars beside dir, and names them so when all are there:
// another process may do the same at the same time.
func fetch(release, dir string) (why string, err error) {
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return "needs the package maven, to fetch Tomcat " + release, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), release+".")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if err := os.WriteFile(filepath.Join(work, "pom.xml"), pom(artifacts(release)), 0o644); err != nil {
		return "", err
	}
	jars := filepath.Join(work, "jars")
	c := exec.Command(mvn, "-q", "-B", "-ntp", "-C", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+jars)
	c.Dir = work
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Sprintf("Maven cannot fetch Tomcat %s: %v\n%s", release, err, out), nil
	}
	if err := os.Rename(jars, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return "", nil
}

func pom(artifacts []string) []byte {
	var b bytes.Buffer
	b.WriteString(`<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>tests</groupId><artifactId>tests</artifactId><version>1</version><packaging>pom</packaging><dependencies>`)
	for _, a := range artifacts {
		part := strings.Split(a, ":")
		fmt.Fprintf(&b, "<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>", part[0], part[1], part[2])
	}
	b.WriteString(`</dependencies></project>`)
	return b.Bytes()
}

// checkJars compares the jars with what is pinned: all of them, and no others.
func checkJars(release, dir string) error {
	want := map[string]string{}
	for s := bufio.NewScanner(strings.NewReader(releaseSums)); s.Scan(); {
		if f := strings.Fields(s.Text()); len(f) == 3 && f[0] == release {
			want[f[1]] = f[2]
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.jar"))
	if err != nil {
		return err
	}
	if len(files) != len(want) {
		return fmt.Errorf("%d jars of Tomcat %s in %s, %d are pinned", len(files), release, dir, len(want))
	}
	for _, name := range files {
		sum, err := sha256File(name)
		if err != nil {
			return err
		}
		if base := filepath.Base(name); want[base] != sum {
			return fmt.Errorf("%s of Tomcat %s has the checksum %s, pinned is %q", base, release, sum, want[base])
		}
	}
	return nil
}

func sha256File(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// classPath is the jars of a release in a fixed order.
func classPath(dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.jar"))
	slices.Sort(files)
	return strings.Join(files, ":"), err
}
