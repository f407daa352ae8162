// Package maven fetches the jars of real peers for tests, each set once, into the
// user's cache, and holds them against pinned checksums.
package maven

import (
	"bufio"
	"bytes"
	"crypto/sha256"
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
)

// Set is the jars of one release of a product.
type Set struct {
	// Product and Release name the set and its folder: "tomcat", "11.0.21".
	Product, Release string
	// Artifacts are what Maven is asked for, GROUP:ARTIFACT:VERSION, with all that they
	// need at run time.
	Artifacts []string
}

// Sums pins what Maven Central is to serve: a line for each jar, with the first
// word of the set's lines (its release, or product and release), the jar's name and
// its SHA-256.
type Sums string

// fetching holds back a second test of this process that wants the same jars.
var fetching sync.Mutex

// Jars is the folder with the jars of a set, all of them and no others. why names
// what is missing where they cannot be had. key is the first word of their lines in
// sums.
func Jars(s Set, sums Sums, key string) (dir, why string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", "", err
	}
	dir = filepath.Join(cache, "muster-tests", s.Product, s.Release)
	fetching.Lock()
	defer fetching.Unlock()
	if _, err := os.Stat(dir); err != nil {
		if why, err = s.fetch(dir); why != "" || err != nil {
			return "", why, err
		}
	}
	return dir, "", sums.check(key, s, dir)
}

// fetch has Maven put the jars beside dir, and names them so when all are there:
// another process may do the same at the same time.
func (s Set) fetch(dir string) (why string, err error) {
	title := s.Product + " " + s.Release
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return "needs the package maven, to fetch " + title, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), s.Release+".")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if err := os.WriteFile(filepath.Join(work, "pom.xml"), pom(s.Artifacts), 0o644); err != nil {
		return "", err
	}
	jars := filepath.Join(work, "jars")
	c := exec.Command(mvn, "-q", "-B", "-ntp", "-C", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+jars)
	c.Dir = work
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Sprintf("Maven cannot fetch %s: %v\n%s", title, err, out), nil
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

// check compares the jars with what is pinned.
func (sums Sums) check(key string, s Set, dir string) error {
	want := map[string]string{}
	for lines := bufio.NewScanner(strings.NewReader(string(sums))); lines.Scan(); {
		if f := strings.Fields(lines.Text()); len(f) == 3 && f[0] == key {
			want[f[1]] = f[2]
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.jar"))
	if err != nil {
		return err
	}
	if len(files) != len(want) {
		return fmt.Errorf("%d jars of %s %s in %s, %d are pinned", len(files), s.Product, s.Release, dir, len(want))
	}
	for _, name := range files {
		sum, err := sha256File(name)
		if err != nil {
			return err
		}
		if base := filepath.Base(name); want[base] != sum {
			return fmt.Errorf("%s of %s %s has the checksum %s, pinned is %q", base, s.Product, s.Release, sum, want[base])
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

// ClassPath is the jars of a folder in a fixed order.
func ClassPath(dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.jar"))
	slices.Sort(files)
	return strings.Join(files, ":"), err
}

// Compile compiles Java sources against a class path into a folder.
func Compile(classPath, into string, sources ...string) error {
	args := append([]string{"-m", "jdk.compiler/com.sun.tools.javac.Main", "-nowarn", "-proc:none", "-cp", classPath, "-d", into}, sources...)
	if out, err := exec.Command("java", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("compiling %s: %w\n%s", strings.Join(sources, " "), err, out)
	}
	return nil
}
