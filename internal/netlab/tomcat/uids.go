package tomcat

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"muster/internal/netlab"
)

// SerialUIDs are the serialVersionUIDs of classes as the jars of releases have them, by
// release and class.
func SerialUIDs(tb netlab.TB, releases, classes []string) map[string]map[string]string {
	tb.Helper()
	if _, err := exec.LookPath("java"); err != nil {
		tb.Skipf("tomcat: needs the package openjdk-17-jre-headless")
	}
	work, err := os.MkdirTemp("", "muster-uids")
	if err != nil {
		tb.Fatalf("tomcat: %v", err)
	}
	defer os.RemoveAll(work)
	source, err := releaseFiles.ReadFile("release/Uids.java")
	if err == nil {
		err = os.WriteFile(filepath.Join(work, "Uids.java"), source, 0o644)
	}
	if err != nil {
		tb.Fatalf("tomcat: %v", err)
	}
	args := []string{filepath.Join(work, "Uids.java"), strings.Join(classes, ",")}
	of := map[string]string{}
	for _, r := range releases {
		dir, why, err := releaseJars(r)
		switch {
		case err != nil:
			tb.Fatalf("tomcat: %v", err)
		case why != "":
			tb.Skipf("tomcat: %s", why)
		}
		of[dir] = r
		args = append(args, dir)
	}
	printed, err := exec.Command("java", args...).Output()
	if err != nil {
		tb.Fatalf("tomcat: reading the classes: %v", err)
	}
	out := map[string]map[string]string{}
	for l := range strings.Lines(string(printed)) {
		var dir, class, uid string
		if _, err := fmt.Sscan(l, &dir, &class, &uid); err != nil {
			tb.Fatalf("tomcat: %q: %v", l, err)
		}
		if out[of[dir]] == nil {
			out[of[dir]] = map[string]string{}
		}
		out[of[dir]][class] = uid
	}
	return out
}
