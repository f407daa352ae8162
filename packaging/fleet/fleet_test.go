//go:build unix

// Package fleet tests the files that collect bundles of many nodes.
package fleet

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// script writes an executable file.
func script(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

// collect.sh brings the bundle of each host, whatever its doctor's exit status, names
// the host that gives none, and leaves nothing behind on the hosts.
func TestCollect(t *testing.T) {
	dir := t.TempDir()
	bin, hosts := filepath.Join(dir, "bin"), filepath.Join(dir, "hosts")
	for _, d := range []string{bin, filepath.Join(hosts, "app1"), filepath.Join(hosts, "app2")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// A host is a folder for temporary files here.
	ssh := script(t, filepath.Join(bin, "ssh"), `test -d `+hosts+`/$1 || exit 255; HOST=$1 TMPDIR=`+hosts+`/$1 exec sh -c "$2"`)
	script(t, filepath.Join(bin, "sudo"), `shift; exec "$@"`)
	script(t, filepath.Join(bin, "muster"), `echo "$@"
while [ "$1" != --bundle ]; do shift; done; echo "bundle of $HOST" > "$2"; exit 1`)
	collect, err := filepath.Abs("collect.sh")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("sh", collect, "out", "app1", "none", "app2")
	c.Dir = dir
	c.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "SSH="+ssh, "DOCTOR=--redact")
	out, err := c.CombinedOutput()
	if c.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "none: no bundle") {
		t.Errorf("%v: %s", err, out)
	}
	for _, h := range []string{"app1", "app2"} {
		got, err := os.ReadFile(filepath.Join(dir, "out", h+".tar.gz"))
		if err != nil || string(got) != "bundle of "+h+"\n" {
			t.Errorf("%s: %q, %v", h, got, err)
		}
		said, err := os.ReadFile(filepath.Join(dir, "out", h+".txt"))
		if err != nil || !strings.Contains(string(said), "doctor -q --bundle") || !strings.Contains(string(said), "--redact") {
			t.Errorf("%s said %q, %v", h, said, err)
		}
		if left, err := os.ReadDir(filepath.Join(hosts, h)); err != nil || len(left) > 0 {
			t.Errorf("left on %s: %v, %v", h, left, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "out", "*.part")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}
