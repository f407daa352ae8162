package cluster

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/tribes"
)

var here = netip.MustParseAddrPort("10.77.0.12:4000")

func TestIdentityIsKept(t *testing.T) {
	dir := t.TempDir()
	first := loadIdentity(dir, "n2", here, false)
	if first.note != "" || first.id == (tribes.UniqueID{}) {
		t.Fatalf("%+v", first)
	}
	// Another process of the same name would get one of its own.
	beside := loadIdentity(dir, "n2", here, false)
	if beside.id == first.id || !strings.Contains(beside.note, "in use by another process") {
		t.Errorf("beside it: %v, %q", beside.id, beside.note)
	}
	beside.release()
	first.release()

	again := loadIdentity(dir, "n2", here, false)
	if again.id != first.id || again.note != "" {
		t.Errorf("came back as %v (%s), was %v", again.id, again.note, first.id)
	}
	again.release()
	for _, other := range []identity{
		loadIdentity(dir, "n3", here, false),
		loadIdentity(dir, "n2", netip.MustParseAddrPort("10.77.0.12:4001"), false),
		loadIdentity(dir, "n2", netip.MustParseAddrPort("10.77.0.13:4000"), false),
	} {
		if other.id == first.id {
			t.Error("another name, port or address has the same id")
		}
		other.release()
	}
	fresh := loadIdentity(dir, "n2", here, true)
	if fresh.id == first.id {
		t.Error("a fresh id is the old one")
	}
	fresh.release()
	if kept := loadIdentity(dir, "n2", here, false); kept.id != fresh.id {
		t.Error("the fresh id was not kept")
	} else {
		kept.release()
	}
}

func TestIdentityOfABrokenFile(t *testing.T) {
	for _, content := range []string{"", "abc", strings.Repeat("z", 33), strings.Repeat("0", 32) + "\n", strings.Repeat("x", 1<<16)} {
		dir := t.TempDir()
		path, err := identityPath(dir, "n2", here)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		made := loadIdentity(dir, "n2", here, false)
		made.release()
		again := loadIdentity(dir, "n2", here, false)
		again.release()
		if made.note != "" || made.id != again.id || made.id == (tribes.UniqueID{}) {
			t.Errorf("%.40q: %v, then %v (%s)", content, made.id, again.id, made.note)
		}
	}
}

func TestIdentityWithoutAFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	made := loadIdentity(filepath.Join(file, "below"), "n2", here, false)
	if made.id == (tribes.UniqueID{}) || !strings.Contains(made.note, "not kept") {
		t.Errorf("%v, %q", made.id, made.note)
	}
	made.release()
}

func TestFileName(t *testing.T) {
	for in, want := range map[string]string{
		"node-1.example": "node-1.example",
		"../../etc/x":    "..%2f..%2fetc%2fx",
		"fd77::12":       "fd77%3a%3a12",
		"a b\x00":        "a%20b%00",
	} {
		if got := fileName(in); got != want {
			t.Errorf("fileName(%q) = %q, want %q", in, got, want)
		}
	}
	if n := len(fileName(strings.Repeat("x", 1000))); n > 100 {
		t.Errorf("%d bytes", n)
	}
}
