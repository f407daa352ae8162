package message

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/tomcatjar"
)

// Every text that the Tomcat of this machine can log is in the table. MUSTER_JARS
// names folders of other releases' jars, with colons between them.
func TestJars(t *testing.T) {
	folders := append([]string{"/usr/share/tomcat10/lib"}, filepath.SplitList(os.Getenv("MUSTER_JARS"))...)
	have := map[string]bool{}
	for _, x := range Texts() {
		have[x.Language+"\x00"+x.Pattern] = true
	}
	jars := 0
	for _, folder := range folders {
		for _, pattern := range []string{"catalina-*.jar", "tomcat-*.jar", "tribes-*.jar"} {
			found, err := filepath.Glob(filepath.Join(folder, pattern))
			if err != nil {
				t.Fatal(err)
			}
			for _, jar := range found {
				texts, err := tomcatjar.Read(jar)
				if err != nil {
					t.Error(err)
					continue
				}
				if len(texts) > 0 {
					jars++
				}
				for _, x := range texts {
					// A class of today has its texts in LocalStrings; what else is in
					// its constants is none.
					if x.Key == "" || x.Pattern == "" || len(strings.Trim(x.Pattern, "{}0123456789 :[]")) < 4 {
						continue
					}
					if !have[x.Language+"\x00"+x.Pattern] {
						t.Errorf("%s: %s (%s) is not in strings.tsv: %q", filepath.Base(jar), x.Key, x.Language, x.Pattern)
					}
					if _, ok := MeaningOf(x.Key); !ok {
						t.Errorf("%s: %s has no meaning", filepath.Base(jar), x.Key)
					}
				}
			}
		}
	}
	if jars == 0 {
		t.Skip("no Tomcat is installed here (tomcat10)")
	}
}
