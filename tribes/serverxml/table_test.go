package serverxml

import (
	"muster/tribes/release"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/netlab/tomcat"
)

// setterTypes are the Java types that an attribute of a kind may be set by.
var setterTypes = map[kind][]string{
	number: {"int"}, long: {"long"}, boolean: {"boolean"},
	host: {"String", "InetAddress"}, options: {"String"}, plain: {"String"}, bytesText: {"String"},
	idBytes: {"String"}, hexKey: {"String"}, transform: {"String"}, pattern: {"String"},
}

// notGot are defaults that the getter of a fresh object does not tell: it has
// resolved or computed another, or there is none.
var notGot = []string{"Receiver address", "Receiver host", "Receiver bind", "Membership ttl", "Membership soTimeout", "Membership membershipProviderClassName", "Member uniqueId", "Member hostname"}

// Verify the tables against the classes themselves, of the packaged Tomcats 9
// and 10: every attribute has a setter of its type and the default that is
// claimed, and every setter that a file can reach is in the table.
func TestTablesAgainstTomcat(t *testing.T) {
	if testing.Short() {
		t.Skip("-short, and Java takes seconds")
	}
	for _, v := range []struct {
		release string
		jars    string
		missing string
	}{
		{"9.0.70", "/usr/share/java/tomcat9-*.jar", tomcat.MissingJars(tomcat.Tribes9)},
		{"10.1.60", "/usr/share/java/tomcat10-*.jar", tomcat.Missing()},
	} {
		t.Run(v.release, func(t *testing.T) {
			if v.missing != "" {
				t.Skip(v.missing)
			}
			version, err := release.Parse(v.release)
			if err != nil {
				t.Fatal(err)
			}
			if got := packaged(t, v.jars); got != v.release {
				t.Skipf("the tables are compared with %s, and %s is installed", v.release, got)
			}
			compareTables(t, version, setters(t, v.jars))
		})
	}
}

// packaged is the release in the jars' names.
func packaged(t *testing.T, pattern string) string {
	files, _ := filepath.Glob(strings.Replace(pattern, "*", "tribes-*", 1))
	if len(files) == 0 {
		t.Skipf("no %s", pattern)
	}
	base := strings.TrimSuffix(filepath.Base(files[0]), ".jar")
	return base[strings.LastIndexByte(base, '-')+1:]
}

// setters asks the classes: class, attribute, then type and default.
func setters(t *testing.T, jars string) map[string]map[string][2]string {
	t.Helper()
	source := filepath.Join(t.TempDir(), "Setters.java")
	if err := os.WriteFile(source, []byte(testFile("Setters.java")), 0o600); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(jars)
	juli, _ := filepath.Glob("/usr/share/tomcat10/bin/tomcat-juli.jar")
	args := []string{"-cp", strings.Join(append(files, juli...), ":"), source}
	for _, c := range classes() {
		args = append(args, c.name)
	}
	out, err := exec.Command("java", args...).Output()
	if err != nil {
		t.Fatalf("java: %v", err)
	}
	all := map[string]map[string][2]string{}
	class := ""
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		switch {
		case len(f) == 1:
			class = f[0]
			all[class] = map[string][2]string{}
		case len(f) == 4:
			all[class][f[1]] = [2]string{f[2], f[3]}
		}
	}
	return all
}

func compareTables(t *testing.T, v Version, real map[string]map[string][2]string) {
	for _, c := range classes() {
		has, ok := real[c.name]
		if ok != present(c.name, v) {
			t.Errorf("%s: there is %v, the table says %v", c.name, ok, present(c.name, v))
			continue
		}
		for _, a := range c.attrs {
			a, here := c.find(a.name, v)
			if !ok || !here {
				continue
			}
			s, ok := has[a.name]
			key := string(c.role) + " " + a.name
			switch {
			case !ok:
				t.Errorf("%s has no setter for %s", short(c.name), a.name)
			case !slices.Contains(setterTypes[a.kind], s[0]):
				t.Errorf("%s %s is set by a %s", short(c.name), a.name, s[0])
			case !a.quiet && s[1] != "?" && !slices.Contains(notGot, key) && s[1] != a.value(v):
				t.Errorf("%s %s is %q by default, the table says %q", short(c.name), a.name, s[1], a.value(v))
			}
		}
		for name := range has {
			if _, ok := c.find(name, v); !ok {
				t.Errorf("%s takes %s, which is not in the table", short(c.name), name)
			}
		}
	}
}
