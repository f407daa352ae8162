package serverxml

import (
	"encoding/json"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"muster/internal/verdict"
	"muster/tribes/release"
)

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Verify what web.xml and context.xml say about one application.
func TestApplications(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee"><distributable/></web-app>`, ""},
		{`<web-app version="6.0"><servlet/></web-app>`, "config.distributable fail 1:1"},
		{"<Context>\n<!-- <Manager pathname=''/> --></Context>", ""},
		{"<Context>\n  <Manager pathname=''/></Context>", "config.context-manager fail 2:3"},
		{"<Context><Manager className='org.apache.catalina.session.PersistentManager'/></Context>", "config.session-store fail 1:10"},
		{"<Context><Manager className='org.apache.catalina.ha.session.BackupManager'/></Context>", ""},
		{"<Context><Manager className='com.example.Manager'/></Context>", ""},
		{"<Context>", "config.syntax fail 1:10"},
		{"<Server/>", "config.element unknown 1:1"},
	} {
		a, err := ReadApplication(source(c.in))
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if got := strings.Join(lines(Check(nil, Given{Applications: []*Application{a}})), ", "); got != c.want {
			t.Errorf("%s: %q, want %q", c.in, got, c.want)
		}
	}
}

// Verify that a key is only complained of where others can read it, and it
// stands in the file itself.
func TestKeyExposed(t *testing.T) {
	in := encrypt(`encryptionKey="` + key16 + `"`)(testFile("base.xml"))
	elsewhere := encrypt(`encryptionKey="${key}"`)(testFile("base.xml"))
	props := &Properties{}
	props.Set("key", key16, "--property")
	for _, c := range []struct {
		in    string
		mode  fs.FileMode
		known bool
		want  bool
	}{
		{in, 0o644, true, true}, {in, 0o604, true, true}, {in, 0o640, true, false}, {in, 0o600, true, false},
		{in, 0o644, false, false}, {elsewhere, 0o644, true, false}, {testFile("base.xml"), 0o644, true, false},
	} {
		f, err := Read(Source{Name: "server.xml", Data: strings.NewReader(c.in), Mode: c.mode, ModeKnown: c.known}, Options{Properties: props})
		if err != nil {
			t.Fatal(err)
		}
		got := lines(Check([]*File{f}, Given{}))
		if want := []string{"config.key-exposed fail 16:101"}; c.want != slices.Equal(got, want) || !c.want && len(got) > 0 {
			t.Errorf("mode %o: %q", c.mode, got)
		}
	}
}

func TestProperties(t *testing.T) {
	const file = "# comment\n! another\na=1\n  b : 2 3  \nc\\=d=\\u0041\\tx\nlong=one,\\\n    two\nempty\nnested=${a}${b:-x}\nround=${round2}\nround2=${round}\nbig=${big}${big}\ndup=1\ndup=2\r\nlast=\\"
	p := &Properties{}
	p.Set("a", "0", "--property")
	p.Set("only", "given", "--property")
	if err := p.ReadProperties("catalina.properties", strings.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"plain": "plain", "${a}": "1", "x${b}y": "x2 3  y", "${c=d}": "A\tx", "${long}": "one,two", "[${empty}]": "[]",
		"${nested}": "12 3  ", "${only}": "given", "${no}": "${no}", "${no:-fallback}": "fallback", "${a:-fallback}": "1",
		"${a": "${a", "$a": "$a", "${}": "${}", "${dup}": "2", "[${last}]": "[]",
		"${no:-${a}}": "1", // the first } ends the name, and the result is gone through again
	} {
		if got := p.resolve(in).text; got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
	for _, in := range []string{"${round}", "${big}", strings.Repeat("${big}", 5000)} {
		if r := p.resolve(in); len(r.text) > 3*maxExpanded {
			t.Errorf("%.20s: %d bytes", in, len(r.text))
		}
	}
	if r := p.resolve("${catalina.base}/x"); len(r.missing) > 0 || !r.runtime {
		t.Errorf("catalina.base: %+v", r)
	}
	if r := p.resolve("${one} ${two}"); strings.Join(r.missing, ",") != "one,two" {
		t.Errorf("missing %q", r.missing)
	}
	if want := []string{`a is "1" at catalina.properties:3, over the "0" of --property`}; !slices.Equal(p.overridden, want) {
		t.Errorf("overridden %q, want %q", p.overridden, want)
	}
	f, err := Read(source(strings.Replace(testFile("base.xml"), "228.0.0.4", "228.0.0.${a}", 1)), Options{Properties: p})
	if err != nil {
		t.Fatal(err)
	}
	got := lines(Check([]*File{f}, Given{}))
	if len(got) != 1 || !strings.HasPrefix(got[0], "config.property-overridden warn") {
		t.Errorf("%q", got)
	}
	v, _ := f.Clusters[0].Membership.Attribute("address")
	if v.Text != "228.0.0.1" || v.Written != "228.0.0.${a}" || v.From != FromProperty || v.Properties[0] != "a (catalina.properties:3)" {
		t.Errorf("%+v", v)
	}
}

func TestVersions(t *testing.T) {
	for in, want := range map[string]string{
		"9": "9.0", "9.0": "9.0", "9.0.70": "9.0.70", "10.1": "10.1", "10.1.60": "10.1.60", "11": "11.0", "11.0.25": "11.0.25",
		"10": "10.1", "10.0": "10.0", "8.5": "8.5", "": "", "9.0.x": "", "9.0.70.1": "", "09": "", "-9": "",
	} {
		v, err := release.Parse(in)
		if (err == nil) != (want != "") || err == nil && v.String() != want {
			t.Errorf("%q: %v, %v; want %q", in, v, err, want)
		}
	}
	base := encrypt(`encryptionKey="` + key16 + `" replayWindowTime="5000"`)(testFile("base.xml"))
	for in, want := range map[string]string{
		"9.0.70": "AES/CBC/PKCS5Padding config.advisory warn 16:11, config.attribute warn 16:150", "9.0.119": "AES/CBC/PKCS5Padding ", "9.0.121": "AES/GCM/NoPadding ",
		"10.1.57": "AES/CBC/PKCS5Padding ", "10.1": "AES/GCM/NoPadding ", "11.0.24": "AES/CBC/PKCS5Padding ", "11": "AES/GCM/NoPadding ",
	} {
		v, _ := release.Parse(in)
		f, err := Read(Source{Name: "server.xml", Data: strings.NewReader(base)}, Options{Version: v})
		if err != nil {
			t.Fatal(err)
		}
		e, _ := f.Clusters[0].interceptor(encryptInterceptor)
		if got := e.text("encryptionAlgorithm") + " " + strings.Join(lines(Check([]*File{f}, Given{})), ", "); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
	bio := strings.Replace(testFile("base.xml"), "nio.NioReceiver", "bio.BioReceiver", 1)
	v, _ := release.Parse("9")
	f, _ := Read(source(bio), Options{Version: v})
	if got := lines(Check([]*File{f}, Given{})); len(got) > 0 {
		t.Errorf("BioReceiver in Tomcat 9: %q", got)
	}
}

// Verify that a placeholder that comes from the environment is not known here, where
// catalina.properties says so and the release can do it, and that one which stands for
// itself is the text that it is.
func TestPlaceholdersOfTheProcess(t *testing.T) {
	env := "org.apache.tomcat.util.digester.PROPERTY_SOURCE=org.apache.tomcat.util.digester.EnvironmentPropertySource\n"
	for _, c := range []struct{ release, properties, want, says string }{
		{"9.0.113", env, "config.placeholder unknown", "environment of Tomcat's process, as catalina.properties:1 asks"},
		{"7.0.109", env, "config.placeholder unknown", "environment"},
		{"8.0.53", env, "config.placeholder warn", "unless Tomcat gets it with -D"},
		{"9.0.113", "x=y\n", "config.placeholder warn", "unless Tomcat gets it with -D"},
		{"9.0.113", env + "GROUP_PORT=45577\n", "", ""},
		{"9.0.113", "GROUP_PORT=${other}\nother=${GROUP_PORT}\n", "config.value fail", "is no number"},
	} {
		p := &Properties{}
		if err := p.ReadProperties("catalina.properties", strings.NewReader(c.properties)); err != nil {
			t.Fatal(err)
		}
		v := releaseOf(t, c.release)
		content := strings.Replace(testFile("base.xml"), "45564", "${GROUP_PORT}", 1)
		if !v.AtLeast("8.5") {
			content = old(content)
		}
		got := findings(t, content, Options{Version: v, Properties: p}, Given{})
		if brief(got) != c.want || c.says != "" && !strings.Contains(got[0].Saw, c.says) {
			t.Errorf("%s with %q: %v%s", c.release, c.properties, brief(got), told(got))
		}
	}
}

// Verify that an attribute which a release ignores, and whose value it follows anyway,
// is told as one that changes nothing.
func TestMoot(t *testing.T) {
	backup := strings.Replace(testFile("base.xml"), "DeltaManager", "BackupManager", 1)
	for content, want := range map[string]bool{
		backup: true,
		strings.Replace(backup, `expireSessionsOnShutdown="false"`, `expireSessionsOnShutdown="true"`, 1): false,
		strings.Replace(backup, `expireSessionsOnShutdown="false"`, `expireSessionsOnShutdown="${e}"`, 1): false,
		strings.Replace(backup, `expireSessionsOnShutdown="false"`, `stateTransferTimeout="60"`, 1):       false,
	} {
		got := findings(t, content, Options{Version: releaseOf(t, "9.0.113")}, Given{})
		if len(got) != 1 || got[0].ID != "config.attribute" || got[0].Status != verdict.Warn || got[0].Moot != want {
			t.Errorf("%v%s", brief(got), told(got))
		}
	}
}
