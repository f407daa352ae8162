package message

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/netlab/tomcat"
	"muster/internal/tomcatjar"
)

// Every text that the cluster packages of a release log or throw is in the table, and
// has a meaning: those of LocalStrings, and the literal texts of the old ones.
func TestReleases(t *testing.T) {
	for _, release := range tomcat.Releases {
		t.Run(release, func(t *testing.T) {
			known(t, tomcat.ReleaseJars(t, release))
		})
	}
}

// The same of the Tomcat of this machine, with its languages. MUSTER_JARS names
// folders of other releases' jars, with colons between them.
func TestJars(t *testing.T) {
	n := 0
	for _, folder := range append([]string{"/usr/share/tomcat10/lib"}, filepath.SplitList(os.Getenv("MUSTER_JARS"))...) {
		n += known(t, folder)
	}
	if n == 0 {
		t.Skip("no Tomcat is installed here (tomcat10)")
	}
}

// known checks the texts of a folder's jars, and returns how many have any.
func known(t *testing.T, folder string) (jars int) {
	t.Helper()
	have := map[string]bool{}
	for _, x := range Texts() {
		have[x.Language+"\x00"+x.Pattern] = true
	}
	found, err := filepath.Glob(filepath.Join(folder, "*.jar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, jar := range found {
		texts, err := tomcatjar.Read(jar)
		if err != nil {
			t.Error(err)
			continue
		}
		n := 0
		for _, x := range texts {
			// What has no key and no letters of its own is none.
			if x.Key == "" || x.Pattern == "" || len(strings.Trim(x.Pattern, "{}0123456789 :[]")) < 4 {
				continue
			}
			n++
			if !have[x.Language+"\x00"+x.Pattern] {
				t.Errorf("%s: %s (%s) is not in strings.tsv: %q", filepath.Base(jar), x.Key, x.Language, x.Pattern)
			}
			if _, ok := MeaningOf(x.Key); !ok {
				t.Errorf("%s: %s has no meaning", filepath.Base(jar), x.Key)
			}
		}
		if n > 0 {
			jars++
			t.Logf("%s: %d texts", filepath.Base(jar), n)
		}
	}
	return jars
}
